import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifests = execFileSync('git', ['ls-files', '*package.json'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n');
/** @param {string} file */
const read = (file) => JSON.parse(readFileSync(`${root}/${file}`, 'utf8'));

describe('T43: what others wrote', () => {
  it('is pinned to one version in every manifest', () => {
    const loose = manifests.flatMap((file) => {
      const { dependencies = {}, devDependencies = {}, optionalDependencies = {}, overrides = {} } = read(file);
      return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies, ...overrides })
        .filter(([, version]) => !/^(?:npm:[@\w/-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version)))
        .map(([name, version]) => `${file}: ${name} ${String(version)}`);
    });
    expect(manifests.length).toBeGreaterThan(5);
    expect(loose).toEqual([]);
  });

  it('comes by the lock file, each package with the digest of its content, and none from an address of its own', () => {
    const { packages } = read('package-lock.json');
    const foreign = Object.entries(packages).filter(
      ([at, one]) => at.includes('node_modules/') && one.link !== true && !/^sha512-/.test(one.integrity ?? ''),
    );
    expect(foreign.map(([at]) => at)).toEqual([]);
    const elsewhere = Object.values(packages).filter(({ resolved }) => /^(?:git|github|file:\/)/.test(resolved ?? ''));
    expect(elsewhere).toEqual([]);
  });
});
