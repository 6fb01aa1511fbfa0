import type { Random } from '../ports.ts';

export const MASTER_SECRET_LENGTH = 32;

/** The root of all of a person's keys: 32 random bytes that never leave their devices, except on paper as a phrase. */
export function createMasterSecret(random: Random): Uint8Array {
  return random.bytes(MASTER_SECRET_LENGTH);
}
