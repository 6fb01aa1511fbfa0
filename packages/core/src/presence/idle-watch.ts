import type { Clock } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';

/** Without a key, a touch or a move of the pointer for so long, a person counts as away. */
export const IDLE_MS = 5 * 60_000;

/**
 * Tells whether the device lies unused, from being told of each use. A use costs one comparison: the one timer looks, when
 * it fires, how long ago the last one was.
 */
export class IdleWatch implements Disposable {
  readonly #clock: Clock;
  readonly #idle = new Value(false);
  #usedAt: number;
  #cancel: () => void;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#usedAt = clock.now();
    this.#cancel = clock.after(IDLE_MS, () => this.#look());
  }

  get idle(): Subscribable<boolean> {
    return this.#idle;
  }

  used(): void {
    this.#usedAt = this.#clock.now();
    if (!this.#idle.get()) return;
    this.#idle.set(false);
    this.#cancel = this.#clock.after(IDLE_MS, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #look(): void {
    // A clock that was set back must not make the wait longer.
    const unusedMs = Math.max(0, this.#clock.now() - this.#usedAt);
    if (unusedMs >= IDLE_MS) this.#idle.set(true);
    else this.#cancel = this.#clock.after(IDLE_MS - unusedMs, () => this.#look());
  }
}
