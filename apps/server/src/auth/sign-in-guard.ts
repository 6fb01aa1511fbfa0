import type { RateLimits } from '../rate-limits.ts';

const MOST_KNOWN = 50_000;

/**
 * Slows down whoever guesses passwords without locking anybody out: tries count per account and address, then per
 * address, and for addresses an account was never signed in from also per account. Somebody else's guesses use up
 * neither of the person's own. T30.
 */
export class SignInGuard {
  readonly #limits: RateLimits;
  /** Account and address that belong together, since a password was right; the oldest are forgotten. */
  readonly #known = new Set<string>();

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** Counts one try. @throws SkerryError rate_limited */
  admit(username: string, address: string): void {
    const both = `${address} ${username}`;
    // The narrowest first: what it refuses must not use up what others share.
    this.#limits.take('signIn', both);
    this.#limits.take('signInAddress', address);
    if (!this.#known.has(both)) this.#limits.take('signInAccount', username);
  }

  succeeded(username: string, address: string): void {
    const both = `${address} ${username}`;
    this.#limits.reset('signIn', both);
    this.#known.delete(both);
    this.#known.add(both);
    if (this.#known.size <= MOST_KNOWN) return;
    const oldest = this.#known.values().next();
    if (!oldest.done) this.#known.delete(oldest.value);
  }
}
