import type { Clock } from '../platform.ts';

export type LaneOptions = {
  readonly handle: (text: string) => void;
  /** More waits unread than one server may make this device keep. The lane is closed by then. */
  readonly overflow: () => void;
};

/** One server's frames, in order, read when it is its turn. */
export interface Lane {
  push(text: string): void;
  /** Runs once everything before it was read: at once when nothing waits. */
  drained(then: () => void): void;
  /** Drops what is still unread. */
  close(): void;
}

const SLICE_MS = 8;
/** In case the clock stands still. */
const SLICE_FRAMES = 500;
const UNREAD_FRAMES = 20_000;
const UNREAD_CHARS = 16 * 1024 * 1024;

/**
 * Shares the time for reading frames between servers: one frame each, round and round, at most 8 ms in a row, then the
 * device gets to do other things. A server that floods only makes itself wait.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #ready: Queue[] = [];
  #scheduled = false;
  #reading = false;
  #endedAt = -Infinity;
  #usedMs = 0;
  #usedFrames = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lane(options: LaneOptions): Lane {
    const queue = new Queue(options);
    return {
      push: (text) => {
        if (queue.closed) return;
        const wasEmpty = queue.isEmpty;
        if (!queue.add(text)) return options.overflow();
        if (wasEmpty) this.#ready.push(queue);
        this.#go();
      },
      drained: (then) => {
        if (queue.isEmpty) then();
        else queue.whenDrained = then;
      },
      close: () => queue.close(),
    };
  }

  /** Reads at once as long as not much was read lately, so that an ordinary frame waits for no timer. */
  #go(): void {
    if (this.#scheduled || this.#reading) return;
    const idleMs = this.#clock.now() - this.#endedAt;
    if (idleMs >= 2 * SLICE_MS || idleMs < 0) this.#refill();
    if (this.#usedMs < SLICE_MS && this.#usedFrames < SLICE_FRAMES) this.#slice();
    else this.#later();
  }

  /** Rests as long as a slice lasts, so that what others do in several small steps is not held up at each of them. */
  #later(): void {
    this.#scheduled = true;
    this.#clock.after(SLICE_MS, () => {
      this.#scheduled = false;
      this.#refill();
      this.#slice();
    });
  }

  #refill(): void {
    this.#usedMs = 0;
    this.#usedFrames = 0;
  }

  #slice(): void {
    const from = this.#clock.now();
    this.#reading = true;
    try {
      for (;;) {
        const queue = this.#ready.shift();
        if (queue === undefined) return;
        queue.readOne();
        if (!queue.isEmpty) this.#ready.push(queue);
        this.#usedFrames++;
        const spent = this.#clock.now() - from;
        if (this.#usedMs + spent >= SLICE_MS || this.#usedFrames >= SLICE_FRAMES) return;
      }
    } finally {
      this.#reading = false;
      this.#endedAt = this.#clock.now();
      this.#usedMs += Math.max(0, this.#endedAt - from);
      if (this.#ready.length > 0 && !this.#scheduled) this.#later();
    }
  }
}

class Queue {
  readonly #options: LaneOptions;
  #items: string[] = [];
  #head = 0;
  #chars = 0;
  closed = false;
  whenDrained: (() => void) | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#head >= this.#items.length;
  }

  /** @returns false, closed, when it is too much */
  add(text: string): boolean {
    if (this.#items.length - this.#head >= UNREAD_FRAMES || this.#chars + text.length > UNREAD_CHARS) {
      this.close();
      return false;
    }
    this.#items.push(text);
    this.#chars += text.length;
    return true;
  }

  readOne(): void {
    const text = this.#items[this.#head];
    if (text === undefined) return;
    this.#head++;
    this.#chars -= text.length;
    if (this.#head > 256 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    this.#options.handle(text);
    if (!this.isEmpty || this.closed) return;
    this.whenDrained?.();
    this.whenDrained = undefined;
  }

  close(): void {
    this.closed = true;
    this.whenDrained = undefined;
    this.#items = [];
    this.#head = 0;
    this.#chars = 0;
  }
}
