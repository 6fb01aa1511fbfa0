import { CryptoError } from '../errors.ts';
import { decode, encode, many, maybe, one } from './codec.ts';
import type { Decoded, Schema } from './codec.ts';
import { PUBLIC_KEY_LENGTH } from './keys.ts';

export const MAX_RECEIVING_CHAINS = 5;
export const MAX_SKIPPED_KEYS = 2000;
export const MAX_JUMP = 25_000;
const MAX_ARCHIVED_SESSIONS = 40;

const KEY = 32;

export const SKIPPED_KEY = { index: one.uint32(1), seed: one.bytes(2, KEY) } satisfies Schema;

const RECEIVING = {
  ratchetKey: one.bytes(1, PUBLIC_KEY_LENGTH),
  chainKey: one.bytes(2, KEY),
  index: one.uint32(3),
  skipped: many.record(4, SKIPPED_KEY),
} satisfies Schema;

const SENDING = {
  ratchetSecret: one.bytes(1, KEY),
  ratchetKey: one.bytes(2, PUBLIC_KEY_LENGTH),
  chainKey: one.bytes(3, KEY),
  index: one.uint32(4),
} satisfies Schema;

/** What every message repeats until the other side has answered. */
const PENDING = {
  preKeyId: maybe.uint32(1),
  signedPreKeyId: one.uint32(2),
  kyberPreKeyId: maybe.uint32(3),
  kyberCiphertext: maybe.bytes(4),
  since: one.uint53(5),
} satisfies Schema;

const STATE = {
  version: one.uint32(1),
  localIdentity: one.bytes(2, PUBLIC_KEY_LENGTH),
  remoteIdentity: one.bytes(3, PUBLIC_KEY_LENGTH),
  /** The initiator's key that this session began with; what it is known by. */
  baseKey: one.bytes(4, PUBLIC_KEY_LENGTH),
  rootKey: one.bytes(5, KEY),
  previousCounter: one.uint32(6),
  sending: one.record(7, SENDING),
  /** The newest is the last. */
  receiving: many.record(8, RECEIVING),
  pending: maybe.record(9, PENDING),
  localRegistrationId: one.uint32(10),
  remoteRegistrationId: one.uint32(11),
} satisfies Schema;

/** The first is the current one where `isCurrent` is 1; the others are archived, the newest first. */
const RECORD = { isCurrent: one.uint32(1), states: many.record(2, STATE) } satisfies Schema;

export type ReceivingChain = Decoded<typeof RECEIVING>;
export type SessionState = Decoded<typeof STATE>;
export type SessionRecord = { current: SessionState | undefined; archived: SessionState[] };

/** @throws CryptoError `malformed` for a record that this package did not write */
export function readSession(bytes: Uint8Array | undefined): SessionRecord {
  if (bytes === undefined) return { current: undefined, archived: [] };
  const { isCurrent, states } = decode(RECORD, bytes, 'refuse');
  if (isCurrent > 1 || states.some(({ version }) => version !== 3 && version !== 4)) throw new CryptoError('malformed');
  return isCurrent === 1 ? { current: states[0], archived: states.slice(1) } : { current: undefined, archived: states };
}

export function writeSession({ current, archived }: SessionRecord): Uint8Array {
  const states = current === undefined ? archived : [current, ...archived];
  return encode(RECORD, { isCurrent: current === undefined ? 0 : 1, states });
}

/** The record with a new current session; the old one can still read what is under way. */
export function promote(record: SessionRecord, state: SessionState): SessionRecord {
  const others = [...(record.current === undefined ? [] : [record.current]), ...record.archived];
  return { current: state, archived: others.filter((other) => other !== state).slice(0, MAX_ARCHIVED_SESSIONS) };
}
