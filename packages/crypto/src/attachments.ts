import { AES_NONCE_LENGTH, aesOpen, aesSeal, importAes } from './aes-gcm.ts';
import { concat, equalBytes, owned, utf8 } from './bytes.ts';
import { CryptoError } from './errors.ts';
import type { Random, Subtle } from './ports.ts';

/** The largest file, in bytes. */
export const MAX_ATTACHMENT = 25 * 1024 * 1024;

const KEY_LENGTH = 32;
const DIGEST_LENGTH = 32;
const TAG_LENGTH = 16;
const LEAST = 1024;
const BOUND = utf8('skerry/attachment/1');

/** What travels inside the encrypted message; whoever has it can read the file. */
export type AttachmentKey = {
  /** Random, for this file alone. */
  readonly key: Uint8Array;
  /** SHA-256 of the sealed bytes. */
  readonly digest: Uint8Array;
  /** Of the file itself, in bytes. */
  readonly size: number;
};

/**
 * A file under a key of its own: AES-256-GCM by the platform. Its length is hidden in steps of up to a sixteenth, never
 * less than 1 KiB, so the sealed bytes are at most 25 MiB and 28 bytes.
 * @throws CryptoError `too_large`
 */
export async function sealAttachment(
  file: Uint8Array,
  { random, subtle }: { random: Random; subtle: Subtle },
): Promise<AttachmentKey & { readonly sealed: Uint8Array<ArrayBuffer> }> {
  const size = file.length;
  if (size > MAX_ATTACHMENT) throw new CryptoError('too_large');
  const padded = new Uint8Array(paddedLength(size));
  padded.set(file);
  const key = random.bytes(KEY_LENGTH);
  const nonce = random.bytes(AES_NONCE_LENGTH);
  const sealed = concat(nonce, await aesSeal(await importAes(subtle, key), { nonce, bound: BOUND }, padded));
  return { key, digest: new Uint8Array(await subtle.digest('SHA-256', sealed)), size, sealed };
}

/**
 * Nothing is decrypted unless the sealed bytes are exactly those that the message speaks of.
 * @throws CryptoError `cannot_open` for other bytes or another key; `malformed` for a description that fits no file
 */
export async function openAttachment(sealed: Uint8Array, of: AttachmentKey, subtle: Subtle): Promise<Uint8Array> {
  const { key, digest, size } = of;
  const isFile = Number.isInteger(size) && size >= 0 && size <= MAX_ATTACHMENT;
  if (!isFile || key.length !== KEY_LENGTH || digest.length !== DIGEST_LENGTH) throw new CryptoError('malformed');
  if (sealed.length !== AES_NONCE_LENGTH + paddedLength(size) + TAG_LENGTH) throw new CryptoError('cannot_open');
  const bytes = owned(sealed);
  if (!equalBytes(new Uint8Array(await subtle.digest('SHA-256', bytes)), digest)) throw new CryptoError('cannot_open');
  const place = { nonce: bytes.subarray(0, AES_NONCE_LENGTH), bound: BOUND };
  const padded = await aesOpen(await importAes(subtle, key), place, bytes.subarray(AES_NONCE_LENGTH));
  return padded.slice(0, size);
}

/** As many leading bits as the length's own length has are kept, so steps grow slower than files do (PADMÉ). */
function paddedLength(size: number): number {
  const exponent = Math.floor(Math.log2(Math.max(size, LEAST)));
  const step = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1);
  return Math.ceil(Math.max(size, LEAST) / step) * step;
}
