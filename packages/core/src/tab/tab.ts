import { LocalError } from '../errors.ts';
import type { TabState } from '../face.ts';
import type { TabLock } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';

export type TabDeps = {
  readonly lock: TabLock;
  /** This tab is the live one now. */
  readonly open: () => Promise<void>;
  /** Another one is: everything goes quiet. */
  readonly close: () => Promise<void>;
};

/**
 * Sees to it that one tab of this origin lives. The others wait, can take over, and become live by themselves when the
 * live one goes away.
 */
export class Tab implements AsyncDisposable {
  readonly #deps: TabDeps;
  readonly #state = new Value<TabState>('starting');
  /** Opening and closing never overlap. */
  #turn: Promise<void> = Promise.resolve();
  #hold = new AbortController();
  #ended = false;

  constructor(deps: TabDeps) {
    this.#deps = deps;
  }

  get state(): Subscribable<TabState> {
    return this.#state;
  }

  /** Resolves when it is known whether this tab is the live one, and if so, everything is open. */
  async start(): Promise<void> {
    const hold = this.#renew();
    if (await this.#acquire(hold, { steal: false, wait: false })) return this.#become();
    this.#state.set('elsewhere');
    this.#wait(hold);
  }

  /**
   * Resolves when this tab is the live one.
   * @throws SkerryError `unavailable` when it may not take over; what opening threw. Another tab can live then, and this one later.
   */
  async useHere(): Promise<void> {
    if (this.#isLive()) return;
    if (this.#state.get() === 'starting' || this.#ended) throw refused();
    const hold = this.#renew();
    const held = await this.#acquire(hold, { steal: true, wait: false });
    // Somebody asked again meanwhile; the later one answers for both.
    if (!held && hold === this.#hold && !this.#ended) this.#wait(this.#renew());
    if (!held) throw refused();
    try {
      await this.#become();
    } catch (error) {
      hold.abort(new Error('not opened'));
      throw error;
    }
    if (!this.#isLive()) throw refused();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    // What is open is closed before the lock goes: the next tab must find the stores free.
    await this.#inTurn(() => (this.#state.get() === 'live' ? this.#deps.close() : Promise.resolve()));
    this.#hold.abort(new Error('disposed'));
  }

  #isLive(): boolean {
    return this.#state.get() === 'live';
  }

  #renew(): AbortController {
    this.#hold.abort(new Error('replaced'));
    this.#hold = new AbortController();
    return this.#hold;
  }

  #acquire(hold: AbortController, how: { steal: boolean; wait: boolean }): Promise<boolean> {
    const lost = (): void => void this.#lost(hold);
    return this.#deps.lock.acquire({ ...how, lost, signal: hold.signal }).catch(() => false);
  }

  /** The live tab may be closed some day. */
  #wait(hold: AbortController): void {
    void this.#acquire(hold, { steal: false, wait: true }).then((held) =>
      held && hold === this.#hold && !this.#ended ? this.#become() : undefined,
    );
  }

  #become(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state.get() === 'live' || this.#ended) return;
      await this.#deps.open();
      this.#state.set('live');
    });
  }

  async #lost(hold: AbortController): Promise<void> {
    if (hold !== this.#hold || this.#ended) return;
    await this.#inTurn(async () => {
      if (this.#state.get() !== 'live') return;
      this.#state.set('elsewhere');
      await this.#deps.close();
    });
    if (!this.#ended && hold === this.#hold) this.#wait(this.#renew());
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function refused(): LocalError {
  return new LocalError('unavailable', 'This tab could not take over from the other one.');
}
