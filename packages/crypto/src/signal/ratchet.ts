import { cbc } from '@noble/ciphers/aes.js';
import { equalBytes } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { hmac } from '../hmac.ts';
import type { Curve, Random } from '../ports.ts';
import { derive, stepChain } from './kdf.ts';
import { coordinateOf, keyPairBy, SECRET_KEY_LENGTH } from './keys.ts';
import { MAX_JUMP, MAX_RECEIVING_CHAINS, MAX_SKIPPED_KEYS } from './session-state.ts';
import type { ReceivingChain, SessionState } from './session-state.ts';
import { encodeSignalMessage } from './wire.ts';
import type { ReadSignalMessage, SessionVersion } from './wire.ts';

export type RatchetDeps = { readonly curve: Curve; readonly random: Random };

/** Moves the state on by one message. The caller saves the state before the message leaves. */
export function ratchetEncrypt(state: SessionState, plaintext: Uint8Array): Uint8Array {
  const { sending } = state;
  const { seed, next } = stepChain(sending.chainKey);
  const keys = messageKeys(seed);
  const message = encodeSignalMessage(
    state.version as SessionVersion,
    {
      ratchetKey: sending.ratchetKey,
      counter: sending.index,
      previousCounter: state.previousCounter,
      ciphertext: cbc(keys.cipher, keys.iv).encrypt(plaintext),
    },
    (authenticated) => macOf(keys.mac, { from: state.localIdentity, to: state.remoteIdentity, authenticated }),
  );
  sending.chainKey = next;
  sending.index += 1;
  return message;
}

/**
 * Reads a message and moves the state on. The state is a copy: the caller keeps it only when this returns.
 * @throws CryptoError `duplicate`, `too_far_ahead`, `not_authentic`, `malformed`, `weak_key`
 */
export async function ratchetDecrypt(
  state: SessionState,
  read: ReadSignalMessage,
  deps: RatchetDeps,
): Promise<Uint8Array> {
  if (read.version !== state.version) throw new CryptoError('not_authentic');
  const { ratchetKey, counter, ciphertext } = read.message;
  const known = state.receiving.find((chain) => equalBytes(chain.ratchetKey, ratchetKey));
  const chain = known ?? (await turn(state, ratchetKey, deps));
  const seed = seedAt(chain, counter);
  limitSkipped(state.receiving);
  const keys = messageKeys(seed);
  const mac = macOf(keys.mac, {
    from: state.remoteIdentity,
    to: state.localIdentity,
    authenticated: read.authenticated,
  });
  if (!equalBytes(mac.subarray(0, read.mac.length), read.mac)) throw new CryptoError('not_authentic');
  let plaintext: Uint8Array;
  try {
    plaintext = cbc(keys.cipher, keys.iv).decrypt(ciphertext);
  } catch (cause) {
    throw new CryptoError('malformed', { cause });
  }
  state.pending = undefined;
  return plaintext;
}

/** The root moved on by what two ratchet keys agree on. @returns the next root, and the chain that begins with it */
export function stepRoot(rootKey: Uint8Array, shared: Uint8Array): { rootKey: Uint8Array; chainKey: Uint8Array } {
  const [next, chainKey] = derive(shared, { info: 'WhisperRatchet', salt: rootKey }, [32, 32]);
  return { rootKey: next, chainKey };
}

/** A new key of the other side: a chain to read, then a new key of ours and a chain to write. */
async function turn(state: SessionState, theirs: Uint8Array, { curve, random }: RatchetDeps): Promise<ReceivingChain> {
  const coordinate = coordinateOf(theirs);
  const secret = random.bytes(SECRET_KEY_LENGTH);
  // None of the three needs another one, so a platform may do them side by side.
  const [toRead, toWrite, mine] = await Promise.all([
    curve.agree(state.sending.ratchetSecret, coordinate),
    curve.agree(secret, coordinate),
    keyPairBy(curve, secret),
  ]);
  const reading = stepRoot(state.rootKey, toRead);
  const writing = stepRoot(reading.rootKey, toWrite);
  const chain: ReceivingChain = { ratchetKey: theirs, chainKey: reading.chainKey, index: 0, skipped: [] };
  state.receiving = [...state.receiving, chain].slice(-MAX_RECEIVING_CHAINS);
  state.previousCounter = state.sending.index;
  state.sending = { ratchetSecret: mine.secret, ratchetKey: mine.publicKey, chainKey: writing.chainKey, index: 0 };
  state.rootKey = writing.rootKey;
  return chain;
}

type Chain = { chainKey: Uint8Array; index: number; skipped: { index: number; seed: Uint8Array }[] };

/**
 * What the keys of message `counter` come from; those before it that have not come yet are kept.
 * @throws CryptoError `duplicate` or `too_far_ahead`, and the chain is as before
 */
export function seedAt(chain: Chain, counter: number): Uint8Array {
  if (counter < chain.index) {
    const at = chain.skipped.findIndex(({ index }) => index === counter);
    const [kept] = at < 0 ? [] : chain.skipped.splice(at, 1);
    if (kept === undefined) throw new CryptoError('duplicate');
    return kept.seed;
  }
  if (counter - chain.index > MAX_JUMP) throw new CryptoError('too_far_ahead');
  for (;;) {
    const { seed, next } = stepChain(chain.chainKey);
    const index = chain.index;
    chain.chainKey = next;
    chain.index += 1;
    if (index === counter) return seed;
    // Only the newest would survive the limit, so older ones aren't even collected.
    if (counter - index <= MAX_SKIPPED_KEYS) chain.skipped.push({ index, seed });
  }
}

/** Drops the oldest skipped keys, those of the oldest chain first. */
export function limitSkipped(chains: readonly Chain[]): void {
  let excess = chains.reduce((sum, { skipped }) => sum + skipped.length, 0) - MAX_SKIPPED_KEYS;
  for (const chain of chains) {
    if (excess <= 0) return;
    excess -= chain.skipped.splice(0, excess).length;
  }
}

function messageKeys(seed: Uint8Array) {
  const [cipher, mac, iv] = derive(seed, { info: 'WhisperMessageKeys' }, [32, 32, 16]);
  return { cipher, mac, iv };
}

function macOf(key: Uint8Array, over: { from: Uint8Array; to: Uint8Array; authenticated: Uint8Array }): Uint8Array {
  return hmac(key, over.from, over.to, over.authenticated);
}
