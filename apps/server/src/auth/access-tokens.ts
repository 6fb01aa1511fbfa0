import { type AccountId, type SessionId, SkerryError } from '@skerry/protocol';
import type { Clock } from '../rate-limits.ts';
import { hashSecret } from '../secrets.ts';

/** What the database knows of an access token. */
export type AccessRow = {
  readonly account: AccountId;
  readonly session: SessionId;
  /** The session is a machine's. */
  readonly machine: boolean;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  readonly ended: boolean;
};

type Options = {
  readonly lookup: (hash: string) => Promise<AccessRow | null>;
  readonly clock: Clock;
};

const MOST_KEPT = 20_000;

/**
 * Checks access tokens, mostly without the database. A session that ended is out at once, even for a check that was
 * under way when it ended. I12.
 */
export class AccessTokens {
  readonly #options: Options;
  /** By hash, in order of last use. */
  readonly #known = new Map<string, AccessRow>();
  /** Sessions that ended lately; the oldest are forgotten, the database then says the same. */
  readonly #ended = new Set<SessionId>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws SkerryError unauthorized (unknown or expired), session_revoked */
  async check(token: string): Promise<{ account: AccountId; session: SessionId; machine: boolean }> {
    const hash = hashSecret(token);
    const row = this.#known.get(hash) ?? (await this.#options.lookup(hash));
    if (row === null) throw new SkerryError('unauthorized');
    if (row.ended || this.#ended.has(row.session)) throw new SkerryError('session_revoked');
    this.#known.delete(hash);
    if (row.expiresAt <= this.#options.clock.now()) throw new SkerryError('unauthorized');
    this.#known.set(hash, row);
    dropOldest(this.#known);
    return { account: row.account, session: row.session, machine: row.machine };
  }

  /** From now on no token of this session passes. */
  sessionEnded(session: SessionId): void {
    this.#ended.add(session);
    dropOldest(this.#ended);
  }
}

function dropOldest<Key>(kept: Map<Key, unknown> | Set<Key>): void {
  if (kept.size <= MOST_KEPT) return;
  const oldest = kept.keys().next();
  if (!oldest.done) kept.delete(oldest.value);
}
