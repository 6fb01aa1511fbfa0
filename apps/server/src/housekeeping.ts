import { LIMITS, TIMES } from '@skerry/protocol';
import type { Database } from './db/database.ts';
import type { Clock } from './rate-limits.ts';

/** Runs `task` every `ms` until the function it gives back is called. */
export type Every = (ms: number, task: () => void) => () => void;

export type HousekeepingDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly clock: Clock;
  readonly every: Every;
  /** Told of a round that failed; the next one comes all the same. */
  readonly onFault: (error: unknown) => void;
};

const ROUND_MS = 10 * 60_000;
const EVENT_LIFE_MS = 30 * 24 * 60 * 60_000;
/** Events in one write, so that a send waits for no more than that. */
const EVENTS_AT_ONCE = 2_000;
/** The same of what waits for devices. */
const ITEMS_AT_ONCE = 500;

/** Throws away what nobody can use any more, for as long as the server runs. SPEC L-3. */
export class Housekeeping implements AsyncDisposable {
  readonly #deps: HousekeepingDeps;
  readonly #stop: () => void;
  #round: Promise<void> | undefined;
  #ended = false;

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
    this.#stop = deps.every(ROUND_MS, () => {
      this.#round ??= this.#run();
    });
  }

  /** Waits for the write that is under way, not for the rest of its round. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#stop();
    await this.#round;
  }

  async #run(): Promise<void> {
    const { db, clock, onFault } = this.#deps;
    try {
      await db.write('auth.tidy', { now: clock.now() });
      const prune = { before: clock.now() - EVENT_LIFE_MS, most: EVENTS_AT_ONCE, keep: LIMITS.resumeEvents };
      let pruned = EVENTS_AT_ONCE;
      while (pruned === EVENTS_AT_ONCE && !this.#ended) pruned = await db.write('log.prune', prune);
      const waited = { before: clock.now() - TIMES.queueMs, most: ITEMS_AT_ONCE };
      let dropped = ITEMS_AT_ONCE;
      while (dropped === ITEMS_AT_ONCE && !this.#ended) dropped = await db.write('sealed.tidy', waited);
      await db.write('machines.tidyPairings', { now: clock.now() });
      await db.write('machines.tidyAsks', { most: ITEMS_AT_ONCE });
      await db.write('keys.tidy', { now: clock.now() });
      // A few parts at a time: they are overwritten on the disk, which others would have to wait for.
      for (const owner of await db.read('keys.leftovers', { now: clock.now() }))
        while (!this.#ended && (await db.write('keys.dropParts', { owner })));
    } catch (error) {
      onFault(error);
    } finally {
      this.#round = undefined;
    }
  }
}

/** The timer of the process; it does not keep the process alive. */
export const every: Every = (ms, task) => {
  const timer = setInterval(task, ms);
  timer.unref();
  return () => clearInterval(timer);
};
