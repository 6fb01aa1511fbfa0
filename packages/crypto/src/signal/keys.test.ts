import { expect, test } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { coordinateOf, createKeyPair } from './keys.ts';

const key = (u: string) => Uint8Array.from([5, ...Buffer.from(u, 'hex')]);

test('an honest key is read as it was made', () => {
  const random = createSeededRandom('keys');
  for (let i = 0; i < 50; i++) {
    const { publicKey } = createKeyPair(random);
    expect(coordinateOf(publicKey)).toEqual(publicKey.slice(1));
  }
});

test.each([
  ['the identity', '00'.repeat(32), 'weak_key'],
  ['order 4', `01${'00'.repeat(31)}`, 'weak_key'],
  ['order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'weak_key'],
  ['order 8, the other', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157', 'weak_key'],
  ['order 2 of the twist', `ec${'ff'.repeat(30)}7f`, 'weak_key'],
  ['a number that is the field prime', `ed${'ff'.repeat(30)}7f`, 'malformed'],
  ['the highest bit', `09${'00'.repeat(30)}80`, 'malformed'],
  ['a short one', '09', 'malformed'],
])('refuses %s', (_, u, code) => {
  expect(() => coordinateOf(key(u))).toThrow(expect.objectContaining({ code }));
});

test('refuses another type', () => {
  const { publicKey } = createKeyPair(createSeededRandom('type'));
  publicKey[0] = 6;
  expect(() => coordinateOf(publicKey)).toThrow(expect.objectContaining({ code: 'malformed' }));
});
