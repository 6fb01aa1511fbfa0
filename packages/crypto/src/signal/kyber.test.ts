import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import { nobleCurve } from '../curve/noble-curve.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createKyberKeyPair, decapsulate, encapsulate } from './kyber.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const digest = (bytes: Uint8Array) => Buffer.from(sha3_256(bytes)).toString('hex');

test('what lies beneath is ML-KEM-1024 of FIPS 203: the published inputs of C2SP/CCTV give what others compute from them', () => {
  const d = hex('2a62c39ef4fc499f2d132716f480bb7521a49558ae84ee80d9352e66daf1e3a8');
  const z = hex('5f574ef7f013d4336801fed022178c3ed91d0b6d51325315fc1dcabf4770a2ea');
  const m = hex('e07d685ed308e609c9c7842026e35732f6ffc6e2fee10f0afd348f2b42a8acb4');
  const { publicKey, secretKey } = ml_kem1024.keygen(concat(d, z));
  const { cipherText, sharedSecret } = ml_kem1024.encapsulate(publicKey, m);
  expect({
    publicKey: digest(publicKey),
    secretKey: digest(secretKey),
    cipherText: digest(cipherText),
    shared: Buffer.from(sharedSecret).toString('hex'),
  }).toEqual({
    publicKey: '3b308d1344ed70366b84d790acb705b86cd3dfd471fff171969aaa338f26dca5',
    secretKey: 'aa63a9e0c035ada6635e7938b71856b24917ff9b3ebca1a4d205a83b502a415a',
    cipherText: '8caba02733421f12a7ba9a2bcbe4de7c9853156a0637df5a7a0f9127c81da943',
    shared: 'd53825c3ff666bb2881215dbec04a8bdce9099b2a3680938c2f199b54d505953',
  });
});

test('both sides have the same secret, which is not that of FIPS 203', async () => {
  const random = createSeededRandom('kyber');
  const device = { random, curve: nobleCurve };
  for (let i = 0; i < 5; i++) {
    const { secret, publicKey } = createKyberKeyPair(random);
    const { ciphertext, shared } = await encapsulate(publicKey, device);
    expect([publicKey[0], ciphertext[0]]).toEqual([8, 8]);
    expect(decapsulate(secret, ciphertext)).toEqual(shared);
    const inner = ml_kem1024.decapsulate(ciphertext.slice(1), secret);
    const bound = shake256(concat(inner, sha3_256(ciphertext.slice(1))), { dkLen: 32 });
    expect(shared).toEqual(Uint8Array.from(bound));
    expect(shared).not.toEqual(inner);
  }
});

test('a changed ciphertext gives another secret, and nothing tells', async () => {
  const random = createSeededRandom('changed');
  const device = { random, curve: nobleCurve };
  const { secret, publicKey } = createKyberKeyPair(random);
  const { ciphertext, shared } = await encapsulate(publicKey, device);
  ciphertext[100] = (ciphertext[100] ?? 0) ^ 1;
  expect(decapsulate(secret, ciphertext)).not.toEqual(shared);
});

test('refuses what has another type or length, and a key outside the field', async () => {
  const random = createSeededRandom('refused');
  const device = { random, curve: nobleCurve };
  const { secret, publicKey } = createKyberKeyPair(random);
  const malformed = expect.objectContaining({ code: 'malformed' });
  await expect(encapsulate(publicKey.slice(0, -1), device)).rejects.toEqual(malformed);
  await expect(encapsulate(Uint8Array.from([0x0a, ...publicKey.slice(1)]), device)).rejects.toEqual(malformed);
  await expect(encapsulate(publicKey.slice().fill(0xff, 1, 100), device)).rejects.toEqual(malformed);
  expect(() => decapsulate(secret, new Uint8Array(10))).toThrow(malformed);
});
