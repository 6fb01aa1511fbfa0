import type { Clock } from '../platform.ts';
import { abortReason } from '../abort.ts';

type Timer = { readonly at: number; readonly order: number; readonly task: () => void };

/** Time that only passes when a test says so. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;
  #order = 0;

  /** @param now Unix milliseconds at the start */
  constructor(now = Date.UTC(2026, 0, 5, 8)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  after(ms: number, task: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      const abort = (): void => {
        cancel();
        reject(abortReason(signal));
      };
      const cancel = this.after(ms, () => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Lets time pass: every timer runs at its time, and what follows from it settles before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.task();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  /** The device slept: the time is another, and the timers that were due meanwhile are late. */
  async sleepThrough(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  /** Someone sets the clock; timers keep their distance. */
  jump(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      this.#timers.delete(timer);
      this.#timers.add({ ...timer, at: timer.at + ms });
    }
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** Resolves when everything that can go on without time passing has gone on. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round++) await new Promise((resolve) => setImmediate(resolve));
}
