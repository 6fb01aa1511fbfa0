import { expect, it } from 'vitest';
import { findings } from './hygiene.mjs';

/**
 * @param {string} path
 * @param {string} text
 */
const check = (path, text) => findings([{ path, size: text.length, text }]);

it('finds nothing in an ordinary file', () => {
  expect(
    check('src/a.ts', 'import { a } from "./b.ts";\n\n// A work/home balance, /api/root, https://host/work/x\n'),
  ).toEqual([]);
});

it('says file and line of each thing that has no place', () => {
  expect(check('src/a.ts', 'one\ntwo\n// TODO: three\n')).toEqual(['src/a.ts:3 leaves work for later.']);
  expect(check('README.md', 'run\ncd /home/someone/skerry\n')).toEqual(['README.md:2 holds a path of one machine.']);
  expect(check('a.ts', 'const dir = "/root/skerry";')).toEqual(['a.ts:1 holds a path of one machine.']);
  expect(check('a.ts', 'if (a) {\r\n}')).toEqual(['a.ts:1 has Windows line ends.']);
  expect(check('a.ts', 'const a = "\u202e";')).toEqual(['a.ts:1 holds a hidden control or direction character.']);
  expect(check('a.ts', '// @ts-ignore')).toEqual(['a.ts:1 turns off the compiler.']);
  expect(check('a.test.ts', 'it.only("x")')).toEqual(['a.test.ts:1 runs one test and leaves out the others.']);
});

it('finds a registry in the lockfile only', () => {
  const line = '"resolved": "https://registry.example/a/-/a-1.0.0.tgz"';
  expect(check('package-lock.json', line)).toEqual(['package-lock.json:1 names a registry.']);
  expect(check('package-lock.json', '"resolved": "apps/cli",')).toEqual([]);
  expect(check('docs/a.md', line)).toEqual([]);
});

it('finds a large file, binary or not', () => {
  expect(findings([{ path: 'a.png', size: 500_001, text: undefined }])).toEqual(['a.png is larger than 500 kB.']);
  expect(findings([{ path: 'a.png', size: 500_000, text: undefined }])).toEqual([]);
});
