import { shake128 } from '@noble/hashes/sha3.js';
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { expect, test } from 'vitest';

test('ten thousand keys, secrets and wrong ciphertexts give the accumulated hash of the reference implementation', () => {
  const random = shake128.create({});
  const all = shake128.create({});
  for (let i = 0; i < 10_000; i++) {
    const { publicKey, secretKey } = ml_kem1024.keygen(random.xof(64));
    const { cipherText, sharedSecret } = ml_kem1024.encapsulate(publicKey, random.xof(32));
    expect(ml_kem1024.decapsulate(cipherText, secretKey)).toEqual(sharedSecret);
    const wrong = ml_kem1024.decapsulate(random.xof(1568), secretKey);
    for (const part of [publicKey, secretKey, cipherText, sharedSecret, wrong]) all.update(part);
  }
  expect(Buffer.from(all.xof(32)).toString('hex')).toBe(
    'e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5',
  );
}, 600_000);
