import { createHash, randomBytes } from 'node:crypto';
import { ASSISTANT_LIMITS, SkerryError, toBase64Url } from '@skerry/protocol';
import type { Clock } from '../rate-limits.ts';

type RunnerSession = { readonly runner: string; readonly boxKey: string; readonly expiresAt: number };

const MOST_PER_RUNNER = 8;

/** Tokens of runners, in memory alone: after a restart they sign another challenge. */
export class RunnerSessions {
  readonly #clock: Clock;
  /** By the token's hash, the oldest first. */
  readonly #sessions = new Map<string, RunnerSession>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(runner: { id: string; boxKey: string }): { token: string; expiresIn: number } {
    const token = toBase64Url(randomBytes(32));
    const own = [...this.#sessions].filter(([, session]) => session.runner === runner.id);
    for (const [hash] of own.slice(0, Math.max(0, own.length - MOST_PER_RUNNER + 1))) this.#sessions.delete(hash);
    const expiresAt = this.#clock.now() + ASSISTANT_LIMITS.runnerTokenMs;
    this.#sessions.set(hashOf(token), { runner: runner.id, boxKey: runner.boxKey, expiresAt });
    return { token, expiresIn: ASSISTANT_LIMITS.runnerTokenMs };
  }

  /** @throws SkerryError unauthorized */
  check(token: string): { readonly runner: string } {
    const hash = hashOf(token);
    const session = this.#sessions.get(hash);
    if (session === undefined) throw new SkerryError('unauthorized');
    if (session.expiresAt <= this.#clock.now()) {
      this.#sessions.delete(hash);
      throw new SkerryError('unauthorized');
    }
    return { runner: session.runner };
  }

  /** @returns undefined once the runner was taken away */
  boxKeyOf(runner: string): string | undefined {
    for (const session of this.#sessions.values()) if (session.runner === runner) return session.boxKey;
    return undefined;
  }

  /** From now on none of its tokens passes. */
  end(runner: string): void {
    for (const [hash, session] of this.#sessions) if (session.runner === runner) this.#sessions.delete(hash);
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
