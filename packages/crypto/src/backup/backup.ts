import { aesOpen, aesSeal, importAes } from '../aes-gcm.ts';
import type { AesKey } from '../aes-gcm.ts';
import { concat, lengthPrefixed, uint32 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { hkdf } from '../hmac.ts';
import type { Random, Subtle } from '../ports.ts';
import { pieces } from './pieces.ts';

/** The largest backup, in bytes before it is encrypted. */
export const MAX_BACKUP = 64 * 1024 * 1024;

const VERSION = 1;
const SALT_LENGTH = 32;
const HEADER_LENGTH = 1 + SALT_LENGTH + 4;
const KEY_LENGTH = 32;
const TAG_LENGTH = 16;
const CHUNK = 256 * 1024;
/** A header may name other sizes within these, so that none makes a reader hold much or count far. */
const LEAST_CHUNK = 4 * 1024;
const MOST_CHUNK = 1024 * 1024;

export type BackupUse = {
  /** The account's backup key, 32 bytes. */
  readonly key: Uint8Array;
  /** The account it is of. It opens for no other one, not even under the same key. */
  readonly place: { readonly serverId: string; readonly accountId: string };
};

/**
 * Encrypts a stream piece by piece, a few hundred KiB at a time: AES-256-GCM under a key derived for this backup alone,
 * each piece bound to its place in the order and to whether it is the last.
 * @throws CryptoError `too_large` beyond 64 MiB; `malformed` for a key of another length
 */
export async function* sealBackup(
  content: AsyncIterable<Uint8Array>,
  use: BackupUse,
  { random, subtle }: { random: Random; subtle: Subtle },
): AsyncGenerator<Uint8Array, void, undefined> {
  const header = concat(Uint8Array.of(VERSION), random.bytes(SALT_LENGTH), uint32(CHUNK));
  const key = await keyFor(header, use, subtle);
  yield header;
  let total = 0;
  for await (const { bytes, index, isLast } of pieces(content, CHUNK)) {
    total += bytes.length;
    if (total > MAX_BACKUP) throw new CryptoError('too_large');
    yield await aesSeal(key, at(index, isLast), bytes);
  }
}

/**
 * Decrypts what {@link sealBackup} made, however it is cut into chunks. **What was yielded counts only once the iteration
 * has ended without an error**: only then is nothing missing. That an older backup of the same account was put in place
 * of a newer one as a whole, it can't tell.
 * @throws CryptoError `cannot_open` for another key or account, and for pieces that are changed, missing, repeated, in
 * another order or of another backup; `malformed` for what is no backup; `too_large`
 */
export async function* openBackup(
  sealed: AsyncIterable<Uint8Array>,
  use: BackupUse,
  subtle: Subtle,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = sealed[Symbol.asyncIterator]();
  try {
    const { header, rest } = await readHeader(source);
    const chunk = new DataView(header.buffer).getUint32(HEADER_LENGTH - 4);
    if (header[0] !== VERSION || chunk < LEAST_CHUNK || chunk > MOST_CHUNK) throw new CryptoError('malformed');
    const key = await keyFor(header, use, subtle);
    let total = 0;
    for await (const { bytes, index, isLast } of pieces(following(rest, source), chunk + TAG_LENGTH)) {
      total += bytes.length - TAG_LENGTH;
      if (total > MAX_BACKUP) throw new CryptoError('too_large');
      yield await aesOpen(key, at(index, isLast), bytes);
    }
  } finally {
    await source.return?.();
  }
}

/** The key depends on the whole header and on the account, so nothing of one backup fits into another. */
async function keyFor(header: Uint8Array, { key, place }: BackupUse, subtle: Subtle): Promise<AesKey> {
  if (key.length !== KEY_LENGTH) throw new CryptoError('malformed');
  const info = lengthPrefixed('skerry/backup/1', place.serverId, place.accountId, header);
  const derived = hkdf(key, { salt: header.subarray(1, 1 + SALT_LENGTH), info }, KEY_LENGTH);
  const imported = await importAes(subtle, derived);
  derived.fill(0);
  return imported;
}

/** The key is used for one backup, so a counter is a nonce that never comes again. */
function at(index: number, isLast: boolean) {
  const nonce = concat(new Uint8Array(7), uint32(index), Uint8Array.of(isLast ? 1 : 0));
  return { nonce, bound: new Uint8Array() };
}

async function readHeader(source: AsyncIterator<Uint8Array>) {
  let held = new Uint8Array();
  while (held.length < HEADER_LENGTH) {
    const next = await source.next();
    if (next.done === true) throw new CryptoError('malformed');
    held = concat(held, next.value);
  }
  return { header: held.slice(0, HEADER_LENGTH), rest: held.slice(HEADER_LENGTH) };
}

async function* following(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}
