import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CryptoError } from '../errors.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createKeyPair } from './keys.ts';
import { uuidBytes, uuidText } from './uuid.ts';
import {
  decodeDistribution,
  decodeGroupMessage,
  decodePreKeyMessage,
  decodeSignalMessage,
  encodeDistribution,
  encodeGroupMessage,
  encodePreKeyMessage,
  encodeSignalMessage,
} from './wire.ts';

const random = createSeededRandom('wire');
const key = () => createKeyPair(random).publicKey;
const mac = () => new Uint8Array(32).fill(5);
const signalMessage = { ratchetKey: key(), counter: 3, previousCounter: 0, ciphertext: random.bytes(32) };
const inner = encodeSignalMessage(4, signalMessage, mac);
const first = {
  preKeyId: 7,
  baseKey: key(),
  identityKey: key(),
  message: inner,
  registrationId: 9,
  signedPreKeyId: 11,
  kyberPreKeyId: 13,
  kyberCiphertext: random.bytes(50),
};
const distributionId = uuidBytes('11111111-2222-4333-8444-555555555555');
const distribution = { distributionId, chainId: 1, iteration: 2, chainKey: random.bytes(32), signingKey: key() };
const groupMessage = { distributionId, chainId: 1, iteration: 2, ciphertext: random.bytes(48) };
const sign = () => new Uint8Array(64).fill(6);

const KINDS: readonly [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
  ['a Signal message', inner, decodeSignalMessage],
  ['a first message', encodePreKeyMessage(4, first), decodePreKeyMessage],
  ['a distribution', encodeDistribution(distribution), decodeDistribution],
  ['a group message', encodeGroupMessage(groupMessage, sign), decodeGroupMessage],
];

test('each kind reads back as it was written', () => {
  expect(decodeSignalMessage(inner)).toEqual({
    version: 4,
    message: signalMessage,
    authenticated: inner.slice(0, -8),
    mac: mac().slice(0, 8),
  });
  expect(decodePreKeyMessage(encodePreKeyMessage(4, first))).toEqual({ version: 4, message: first });
  expect(decodeDistribution(encodeDistribution(distribution))).toEqual(distribution);
  expect(decodeGroupMessage(encodeGroupMessage(groupMessage, sign))).toMatchObject({
    message: groupMessage,
    signature: sign(),
  });
});

test('a first message of PQXDH has its Kyber part, one of X3DH has none', () => {
  const plain = { ...first, kyberPreKeyId: undefined, kyberCiphertext: undefined };
  expect(decodePreKeyMessage(encodePreKeyMessage(3, plain)).version).toBe(3);
  const malformed = expect.objectContaining({ code: 'malformed' });
  expect(() => decodePreKeyMessage(encodePreKeyMessage(4, plain))).toThrow(malformed);
  expect(() => decodePreKeyMessage(encodePreKeyMessage(3, first))).toThrow(malformed);
  expect(() => decodePreKeyMessage(encodePreKeyMessage(4, { ...first, kyberPreKeyId: undefined }))).toThrow(malformed);
});

test.each(KINDS)('%s of an unknown version, too short or too long is refused', (_, good, decode) => {
  const malformed = expect.objectContaining({ code: 'malformed' });
  for (const version of [0x00, 0x22, 0x55, 0x43, 0xff]) {
    const other = good.slice();
    other[0] = version;
    expect(() => decode(other)).toThrow(malformed);
  }
  const long = new Uint8Array((1 << 20) + 1);
  long.set(good);
  expect(() => decode(long)).toThrow(malformed);
  expect(() => decode(new Uint8Array())).toThrow(malformed);
});

test.each(KINDS)('%s cut anywhere is refused or differs', (_, good, decode) => {
  const whole = decode(good);
  for (let length = 0; length < good.length; length++) {
    try {
      expect(decode(good.slice(0, length))).not.toEqual(whole);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
    }
  }
});

test.each(KINDS)('whatever comes in place of %s, nothing but the own error is thrown', (_, good, decode) => {
  const near = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }).map((edits) => {
    const out = good.slice();
    for (const [at, byte] of edits) out[at] = byte;
    return out;
  });
  fc.assert(
    fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        if (!(error instanceof CryptoError)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

test('a ratchet key of small order is refused before any secret meets it', () => {
  const weak = { ...signalMessage, ratchetKey: Uint8Array.from([5, ...new Uint8Array(32)]) };
  expect(() => decodeSignalMessage(encodeSignalMessage(4, weak, mac))).toThrow(
    expect.objectContaining({ code: 'weak_key' }),
  );
});

test('a UUID is read in one form only', () => {
  expect(uuidText(distributionId)).toBe('11111111-2222-4333-8444-555555555555');
  for (const wrong of ['', '1111111-2222-4333-8444-5555555555555', 'AAAAAAAA-2222-4333-8444-555555555555', 'x'])
    expect(() => uuidBytes(wrong)).toThrow(CryptoError);
});
