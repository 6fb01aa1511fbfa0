import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { equalBytes } from '../bytes.ts';
import type { Curve, Subtle, WebAlgorithm, WebKey } from '../ports.ts';

/** What newer platforms have besides; others lack the method or the algorithm. */
interface KemSubtle {
  importKey(
    format: 'raw-public',
    data: Uint8Array<ArrayBuffer>,
    algorithm: WebAlgorithm,
    extractable: boolean,
    usages: ['encapsulateBits'],
  ): Promise<WebKey>;
  encapsulateBits(
    algorithm: WebAlgorithm,
    key: WebKey,
  ): Promise<{ readonly ciphertext: ArrayBuffer; readonly sharedKey: ArrayBuffer }>;
}

const ML_KEM = { name: 'ML-KEM-1024' };

/**
 * ML-KEM-1024 by WebCrypto, where the platform has it and JavaScript finds the same secret. That takes some milliseconds to
 * find out, so it is tried when it is needed first, and once. Decapsulating stays in JavaScript: platforms take nothing but
 * the seed of a secret key, which is not kept.
 */
export function webKem(subtle: Subtle): NonNullable<Curve['encapsulate']> {
  const given = subtle as unknown as KemSubtle;
  const encapsulate = async (publicKey: Uint8Array) => {
    const key = await given.importKey('raw-public', Uint8Array.from(publicKey), ML_KEM, false, ['encapsulateBits']);
    const { ciphertext, sharedKey } = await given.encapsulateBits(ML_KEM, key);
    return { cipherText: new Uint8Array(ciphertext), sharedSecret: new Uint8Array(sharedKey) };
  };
  const serves = async () => {
    const { publicKey, secretKey } = ml_kem1024.keygen();
    const { cipherText, sharedSecret } = await encapsulate(publicKey);
    return equalBytes(ml_kem1024.decapsulate(cipherText, secretKey), sharedSecret);
  };
  let known: Promise<boolean> | undefined;
  return async (publicKey) => ((await (known ??= serves().catch(() => false))) ? encapsulate(publicKey) : undefined);
}
