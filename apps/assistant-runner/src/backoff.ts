import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 500;
const MOST_MS = 30_000;

/** Waits between tries: each twice as long as the one before, up to half a minute, spread by chance. */
export class Backoff {
  #next = FIRST_MS;

  reset(): void {
    this.#next = FIRST_MS;
  }

  /** @param atLeast milliseconds somebody asked to wait @throws AbortError */
  async wait(signal: AbortSignal, atLeast = 0): Promise<void> {
    const ms = Math.max(atLeast, this.#next * (0.5 + Math.random()));
    this.#next = Math.min(this.#next * 2, MOST_MS);
    await sleep(ms, undefined, { signal });
  }
}
