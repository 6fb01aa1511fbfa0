import { describe, expect, it } from 'vitest';
import { firstDifference, missingBinaries } from './install-state.mjs';

const wanted = {
  packages: {
    '': { version: '1.0.0' },
    'apps/cli': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-darwin': { version: '2.0.0', optional: true },
    'node_modules/@skerry/core': { link: true, resolved: 'packages/core' },
  },
};

describe('firstDifference', () => {
  it('finds nothing when every package is there, leaving out binaries of other systems', () => {
    const installed = {
      packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/@skerry/core': { link: true } },
    };
    expect(firstDifference(wanted, installed)).toBeUndefined();
  });

  it('names a package that is missing', () => {
    expect(firstDifference(wanted, { packages: { 'node_modules/@skerry/core': { link: true } } })).toBe(
      'node_modules/a',
    );
  });

  it('names a package of another version, an optional one too', () => {
    const installed = { ...wanted.packages, 'node_modules/b-darwin': { version: '2.0.1' } };
    expect(firstDifference(wanted, { packages: installed })).toBe('node_modules/b-darwin');
  });

  it('names the first package when nothing is installed', () => {
    expect(firstDifference(wanted, {})).toBe('node_modules/a');
  });
});

describe('missingBinaries', () => {
  const asks = { optionalDependencies: { 'b-linux': '1.0.0', 'b-darwin': '1.0.0' } };

  it('finds nothing when each is there, beside the package or further out', () => {
    const packages = {
      'node_modules/a/node_modules/b': asks,
      'node_modules/a/node_modules/b-linux': {},
      'node_modules/b-darwin': {},
    };
    expect(missingBinaries({ packages })).toEqual([]);
  });

  it('names what a package asks for and the lockfile leaves out, also when another package has its own', () => {
    const packages = { 'node_modules/b': asks, 'node_modules/b-linux': {}, 'node_modules/c/node_modules/b-darwin': {} };
    expect(missingBinaries({ packages })).toEqual(['node_modules/b > b-darwin']);
  });
});
