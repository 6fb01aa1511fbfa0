import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { concat, equalBytes, lengthPrefixed, uint32, utf8 } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import type { Random } from '../ports.ts';
import { decode, encode, one } from '../signal/codec.ts';
import type { Decoded, Schema } from '../signal/codec.ts';

// An entry of its own (@skerry/crypto/passphrase), since Argon2id is only needed where a person set a passphrase.

const VERSION = 1;
const SALT_LENGTH = 16;
const NONCE_LENGTH = 24;
const KEY_LENGTH = 32;
const CHECK_LENGTH = 16;
/** Mebibytes of JavaScript arrays, all passes together: what a changed record may cost a phone. */
const MOST_WORK_KIB = 1 << 20;

/** How hard a passphrase is to try: memory in KiB, passes over it, and lanes, which JavaScript runs one by one. */
export type PassphraseCost = { readonly memoryKiB: number; readonly passes: number; readonly lanes: number };

/** RFC 9106's second recommendation, with one lane since there are no threads here. Takes some seconds. */
export const PASSPHRASE_COST: PassphraseCost = { memoryKiB: 64 * 1024, passes: 3, lanes: 1 };
/** Records below are refused, and so are those above: the one would be guessed, the other would hang the program. */
const LEAST: PassphraseCost = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 };
const MOST: PassphraseCost = { memoryKiB: 256 * 1024, passes: 16, lanes: 4 };

const RECORD = {
  version: one.uint32(1),
  memoryKiB: one.uint32(2),
  passes: one.uint32(3),
  lanes: one.uint32(4),
  salt: one.bytes(5, SALT_LENGTH),
  /** Tells a wrong passphrase from a changed record. Helps nobody guess: the sealed bytes below would tell as well. */
  check: one.bytes(6, CHECK_LENGTH),
  nonce: one.bytes(7, NONCE_LENGTH),
  sealed: one.bytes(8),
} satisfies Schema;

export type PassphraseUse = {
  readonly passphrase: string;
  /** The name of the record; it opens under no other one. */
  readonly id: string;
};

export type PassphraseRun = {
  /** Aborting ends the work within a few hundredths of a second and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** From 0 to 1, at most some thousand times. */
  readonly onProgress?: (share: number) => void;
};

/**
 * Seals a small secret, so that it opens with the passphrase alone. The time between is the host's: pages stay responsive.
 * @throws CryptoError `malformed` for an empty passphrase, or a cost outside of what a record may have
 */
export async function sealWithPassphrase(
  secret: Uint8Array,
  use: PassphraseUse,
  deps: PassphraseRun & { readonly random: Random; readonly cost?: PassphraseCost },
): Promise<Uint8Array> {
  const { random, cost = PASSPHRASE_COST, ...run } = deps;
  const salt = random.bytes(SALT_LENGTH);
  const nonce = random.bytes(NONCE_LENGTH);
  const { memoryKiB, passes, lanes } = cost;
  const head = { version: VERSION, memoryKiB, passes, lanes, salt };
  const { key, check } = await unlock(use, head, run);
  const sealed = xchacha20poly1305(key, nonce, boundBy(use.id, head)).encrypt(secret);
  key.fill(0);
  return encode(RECORD, { ...head, check, nonce, sealed });
}

/**
 * @throws CryptoError `passphrase_wrong`; `cannot_open` for a record of another id or a changed one; `malformed` for what is
 * no such record, or one that asks for too little or too much work. None of these costs more than a record may.
 */
export async function openWithPassphrase(
  record: Uint8Array,
  use: PassphraseUse,
  run: PassphraseRun = {},
): Promise<Uint8Array> {
  const { check: kept, nonce, sealed, ...head } = decode(RECORD, record, 'refuse');
  const { key, check } = await unlock(use, head, run);
  try {
    if (!equalBytes(check, kept)) throw new CryptoError('passphrase_wrong');
    return xchacha20poly1305(key, nonce, boundBy(use.id, head)).decrypt(sealed);
  } catch (cause) {
    throw cause instanceof CryptoError ? cause : new CryptoError('cannot_open', { cause });
  } finally {
    key.fill(0);
  }
}

type Head = Pick<Decoded<typeof RECORD>, 'version' | 'memoryKiB' | 'passes' | 'lanes' | 'salt'>;

async function unlock(use: PassphraseUse, head: Head, run: PassphraseRun) {
  if (head.version !== VERSION || !isAllowed(head) || use.passphrase === '') throw new CryptoError('malformed');
  // The same letters typed on another system may come as other code points.
  const passphrase = utf8(use.passphrase.normalize('NFKC'));
  const out = await argon2idAsync(passphrase, head.salt, {
    m: head.memoryKiB,
    t: head.passes,
    p: head.lanes,
    dkLen: KEY_LENGTH + CHECK_LENGTH,
    asyncTick: 10,
    onProgress(share) {
      run.signal?.throwIfAborted();
      run.onProgress?.(share);
    },
  });
  passphrase.fill(0);
  const parts = { key: out.slice(0, KEY_LENGTH), check: out.slice(KEY_LENGTH) };
  out.fill(0);
  return parts;
}

function isAllowed(cost: PassphraseCost): boolean {
  const isWithin = (['memoryKiB', 'passes', 'lanes'] as const).every(
    (part) => Number.isInteger(cost[part]) && cost[part] >= LEAST[part] && cost[part] <= MOST[part],
  );
  return isWithin && cost.memoryKiB * cost.passes <= MOST_WORK_KIB;
}

function boundBy(id: string, { version, memoryKiB, passes, lanes, salt }: Head): Uint8Array {
  const cost = concat(uint32(version), uint32(memoryKiB), uint32(passes), uint32(lanes));
  return lengthPrefixed('skerry/passphrase/1', id, cost, salt);
}
