import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { firstLoad } from './first-load.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skerry-first-load-'));
  mkdirSync(path.join(folder, 'assets'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** @param {Record<string, string>} files */
function build(files) {
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
}

/** @param {string} source a stand-in for a parser: one import on each line */
const staticImports = (source) => [...source.matchAll(/^import "(.+)"/gm)].map((match) => match[1] ?? '');

it('follows static imports from every script of the page, each once, and leaves out what loads later', () => {
  build({
    'index.html':
      '<script src="./boot.js"></script><script type="module" crossorigin src="./assets/main.js"></script>' +
      '<link rel="modulepreload" href="./assets/a.js"><link rel="stylesheet" href="./assets/main.css">',
    'boot.js': 'boot()',
    'assets/main.js': 'import "./a.js"\nimport "./b.js"\nimport("./later.js")',
    'assets/a.js': 'import "./b.js"',
    'assets/b.js': 'import "./a.js"\n' + 'b'.repeat(100),
    'assets/later.js': 'later()',
  });
  const scripts = firstLoad(folder, staticImports);
  expect(scripts.map(({ file }) => file).sort()).toEqual(['assets/a.js', 'assets/b.js', 'assets/main.js', 'boot.js']);
  expect(scripts.find(({ file }) => file === 'boot.js')).toEqual({
    file: 'boot.js',
    bytes: 6,
    gzip: gzipSync('boot()').length,
  });
});

it('refuses a page that loads something that was not built', () => {
  build({ 'index.html': '<script type="module" src="/assets/main.js"></script>' });
  expect(() => firstLoad(folder, staticImports)).toThrow('assets/main.js');
});
