import { expect, test } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { compareScanned, safetyNumber } from './safety-number.ts';

const random = createSeededRandom('safety numbers');
const key = () => random.bytes(32);
const alice = { accountId: 'a-1', publicKey: key() };
const bob = { accountId: 'b-1', publicKey: key() };
const serverId = 'harbour';
const atAlice = safetyNumber({ serverId, mine: alice, theirs: bob });
const atBob = safetyNumber({ serverId, mine: bob, theirs: alice });

test('both sides have the same sixty digits in twelve groups of five, and each scan of the other is a match', () => {
  expect(atAlice.digits).toEqual(atBob.digits);
  expect(atAlice.digits.map((group) => /^[0-9]{5}$/.test(group))).toEqual(Array.from({ length: 12 }, () => true));
  expect(compareScanned(atAlice, atBob.scannable)).toBe('match');
  expect(compareScanned(atBob, atAlice.scannable)).toBe('match');
});

test('it never changes for the same keys and ids', () => {
  const fixed = safetyNumber({
    serverId: 'harbour',
    mine: { accountId: 'a', publicKey: new Uint8Array(32).fill(1) },
    theirs: { accountId: 'b', publicKey: new Uint8Array(32).fill(2) },
  });
  expect(fixed.digits.join(' ')).toMatchInlineSnapshot(
    `"46805 33694 83581 47474 10266 53777 91627 90371 32494 01219 74774 69842"`,
  );
});

test('another key on either side, or on both, gives other digits and a mismatch (T35)', () => {
  const fake = key();
  const swapped = [
    safetyNumber({ serverId, mine: bob, theirs: { ...alice, publicKey: fake } }),
    safetyNumber({ serverId, mine: { ...bob, publicKey: fake }, theirs: alice }),
    safetyNumber({ serverId, mine: { ...bob, publicKey: fake }, theirs: { ...alice, publicKey: key() } }),
  ];
  for (const other of swapped) {
    expect(other.digits).not.toEqual(atAlice.digits);
    expect(compareScanned(atAlice, other.scannable)).toBe('mismatch');
  }
  // One's own code, as shown back by somebody who has only that, is not what the other device shows.
  expect(compareScanned(atAlice, atAlice.scannable)).toBe('mismatch');
});

test('equal ids and keys on two servers have different numbers, and a code of other people says so (T33)', () => {
  const elsewhere = safetyNumber({ serverId: 'market', mine: bob, theirs: alice });
  expect(elsewhere.digits.some((group) => atBob.digits.includes(group))).toBe(false);
  expect(compareScanned(atAlice, elsewhere.scannable)).toBe('other_people');
  const carol = { accountId: 'c-1', publicKey: bob.publicKey };
  expect(compareScanned(atAlice, safetyNumber({ serverId, mine: carol, theirs: alice }).scannable)).toBe(
    'other_people',
  );
});

test('a code of another version says so, and what is none is refused', () => {
  const later = atBob.scannable.slice();
  expect(later.subarray(0, 2)).toEqual(Uint8Array.of(8, 2));
  later[1] = 3;
  expect(compareScanned(atAlice, later)).toBe('other_version');
  const malformed = expect.objectContaining({ code: 'malformed' });
  for (let length = 0; length < atBob.scannable.length; length++)
    expect(() => compareScanned(atAlice, atBob.scannable.subarray(0, length))).toThrow(malformed);
  expect(() => compareScanned(atAlice, new TextEncoder().encode('https://harbour.example/l/join'))).toThrow(malformed);
});

test('one account as both sides, and keys of another length, are refused', () => {
  const malformed = expect.objectContaining({ code: 'malformed' });
  expect(() => safetyNumber({ serverId, mine: alice, theirs: { ...bob, accountId: 'a-1' } })).toThrow(malformed);
  for (const length of [0, 31, 33]) {
    const short = { ...bob, publicKey: new Uint8Array(length) };
    expect(() => safetyNumber({ serverId, mine: alice, theirs: short })).toThrow(malformed);
  }
});
