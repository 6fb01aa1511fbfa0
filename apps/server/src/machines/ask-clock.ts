import type { Database } from '../db/database.ts';
import type { Every } from '../housekeeping.ts';
import type { Clock } from '../rate-limits.ts';

export type AskClockDeps = {
  readonly db: Pick<Database, 'write'>;
  readonly clock: Clock;
  readonly every: Every;
  /** Told of a round that failed; the next one comes all the same. */
  readonly onFault: (error: unknown) => void;
};

const LOOK_EVERY_MS = 500;
const AT_ONCE = 200;

/** Expires asks when their time has come, so that every device hears of it within a second, whoever is connected. SPEC M-10. */
export class AskClock implements AsyncDisposable {
  readonly #deps: AskClockDeps;
  readonly #stop: () => void;
  /** When the next one is due, Unix milliseconds; 0: not known, so look. */
  #next = 0;
  #round: Promise<void> | undefined;
  #ended = false;

  constructor(deps: AskClockDeps) {
    this.#deps = deps;
    this.#stop = deps.every(LOOK_EVERY_MS, () => {
      if (deps.clock.now() >= this.#next) this.#round ??= this.#expire();
    });
  }

  /** An ask was opened that is due then. */
  opened(expiresAt: number): void {
    this.#next = Math.min(this.#next, expiresAt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#stop();
    await this.#round;
  }

  async #expire(): Promise<void> {
    const { db, clock, onFault } = this.#deps;
    try {
      // What is opened from here on counts by itself, even when the answer to this says that none was open.
      this.#next = Number.MAX_SAFE_INTEGER;
      const now = clock.now();
      let due: number | null = 0;
      while (due !== null && due <= now && !this.#ended)
        due = await db.write('machines.expireAsks', { now, most: AT_ONCE });
      this.#next = Math.min(this.#next, due ?? Number.MAX_SAFE_INTEGER);
    } catch (error) {
      this.#next = 0;
      onFault(error);
    } finally {
      this.#round = undefined;
    }
  }
}
