import { hash, verify } from '@node-rs/argon2';
import { SkerryError } from '@skerry/protocol';

/** Argon2id with the parameters OWASP recommends: 19 MiB, two passes, one lane. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const AT_ONCE = 2;
const MOST_WAITING = 64;

/**
 * Hashes and checks passwords away from the event loop, a few at once: each one takes 19 MiB, and a flood of sign-ins
 * must not take the machine. Counts what it did, so that a test can see which tries got this far.
 */
export class Passwords {
  readonly #dummy: string;
  #running = 0;
  #done = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor(dummy: string) {
    this.#dummy = dummy;
  }

  static async create(): Promise<Passwords> {
    return new Passwords(await hash('a password nobody has', OPTIONS));
  }

  get hashesDone(): number {
    return this.#done;
  }

  /** @throws SkerryError rate_limited when too many wait already */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password.normalize('NFC'), OPTIONS));
  }

  /**
   * Whether the password fits. Without a stored hash (no such account) it does the same work and says no. T31.
   * @throws SkerryError rate_limited when too many wait already
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const fits = await this.#inTurn(() => verify(stored ?? this.#dummy, password.normalize('NFC')));
    return fits && stored !== undefined;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= MOST_WAITING) throw new SkerryError('rate_limited', { retryAfterMs: 2_000 });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    this.#done++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The turn is handed on as it is; only when nobody waits it is given back.
      if (next) next();
      else this.#running--;
    }
  }
}
