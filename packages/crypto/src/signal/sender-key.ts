import { decode, encode, many, one } from './codec.ts';
import type { Decoded, Schema } from './codec.ts';
import { PUBLIC_KEY_LENGTH, SECRET_KEY_LENGTH } from './keys.ts';
import { SKIPPED_KEY } from './session-state.ts';

/** Chains kept of one sender: what was sent just before a rotation may come after it. */
const MAX_SENDER_CHAINS = 5;

const HOLDER = { address: one.bytes(1), confirmed: one.uint32(2) } satisfies Schema;

const OWN = {
  chainId: one.uint32(1),
  index: one.uint32(2),
  chainKey: one.bytes(3, 32),
  signingSecret: one.bytes(4, SECRET_KEY_LENGTH),
  signingKey: one.bytes(5, PUBLIC_KEY_LENGTH),
  createdAt: one.uint53(6),
  /** Every device that may have this chain: whoever it was handed out for, confirmed or not. */
  holders: many.record(7, HOLDER),
} satisfies Schema;

const THEIRS = {
  chainId: one.uint32(1),
  index: one.uint32(2),
  chainKey: one.bytes(3, 32),
  signingKey: one.bytes(4, PUBLIC_KEY_LENGTH),
  skipped: many.record(5, SKIPPED_KEY),
} satisfies Schema;

/** The newest is the last. */
const CHAINS = { chains: many.record(1, THEIRS) } satisfies Schema;

export type OwnChain = Decoded<typeof OWN>;
export type TheirChain = Decoded<typeof THEIRS>;

export function readOwnChain(record: Uint8Array | undefined): OwnChain | undefined {
  return record === undefined ? undefined : decode(OWN, record, 'refuse');
}

export function writeOwnChain(chain: OwnChain): Uint8Array {
  return encode(OWN, chain);
}

export function readTheirChains(record: Uint8Array | undefined): TheirChain[] {
  return record === undefined ? [] : decode(CHAINS, record, 'refuse').chains;
}

export function writeTheirChains(chains: TheirChain[]): Uint8Array {
  return encode(CHAINS, { chains: chains.slice(-MAX_SENDER_CHAINS) });
}
