import type { Database } from '../db/database.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';
import type { Passwords } from './passwords.ts';

export type AuthDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly passwords: Passwords;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly serverId: string;
  /** Makes refresh tokens' successors. */
  readonly refreshKey: Uint8Array;
  readonly exchangeKey: string | null;
};
