import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { deriveAccountKeys } from './account-keys.ts';
import { createMasterSecret } from './master-secret.ts';

const secrets = (keys: ReturnType<typeof deriveAccountKeys>) =>
  [keys.sign.secret, keys.box.secret, keys.vault, keys.backup].map((key) => Buffer.from(key).toString('hex'));

test('the keys are what HKDF gives for the label, the server and the index', () => {
  const master = new Uint8Array(32).fill(1);
  const info = (label: string) => {
    const name = Buffer.from(`skerry/account/${label}/1`);
    return Buffer.concat([Buffer.from([0, 0, 0, name.length]), name, Buffer.from([0, 0, 0, 4, 0, 0, 0, 2])]);
  };
  const expected = ['sign', 'box', 'vault', 'backup'].map((label) =>
    Buffer.from(hkdfSync('sha256', master, 'harbour', info(label), 32)).toString('hex'),
  );
  expect(secrets(deriveAccountKeys(master, { serverId: 'harbour', index: 2 }))).toEqual(expected);
});

test('the same phrase on another device gives the same keys', () => {
  const master = createMasterSecret(createSeededRandom('same'));
  const account = { serverId: 'harbour', index: 0 };
  expect(deriveAccountKeys(master.slice(), account)).toEqual(deriveAccountKeys(master, account));
});

test('no two secrets of any accounts are alike', () => {
  const account = fc.record({ serverId: fc.string({ minLength: 1 }), index: fc.nat(0xffffffff) });
  fc.assert(
    fc.property(fc.uniqueArray(account, { selector: (a) => JSON.stringify(a), maxLength: 5 }), (accounts) => {
      const all = accounts.flatMap((one) => secrets(deriveAccountKeys(new Uint8Array(32), one)));
      expect(new Set(all).size).toBe(accounts.length * 4);
    }),
    { numRuns: 20 },
  );
});

test.each([
  [new Uint8Array(31), 'harbour', 0],
  [new Uint8Array(32), '', 0],
  [new Uint8Array(32), 'harbour', -1],
  [new Uint8Array(32), 'harbour', 0.5],
  [new Uint8Array(32), 'harbour', 2 ** 32],
])('refuses what would derive keys nobody meant', (master, serverId, index) => {
  expect(() => deriveAccountKeys(master, { serverId, index })).toThrow(expect.objectContaining({ code: 'malformed' }));
});
