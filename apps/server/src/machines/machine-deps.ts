import type { AccountId } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';

export type PairingDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly serverId: string;
};

export type RunDeps = {
  readonly db: Pick<Database, 'read'>;
  /** The machines of an account that are connected now. */
  readonly online: (account: AccountId) => readonly number[];
};
