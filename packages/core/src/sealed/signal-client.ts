import type { KeysState } from '../keys/face.ts';
import type { Keys } from '../keys/ports.ts';
import type { Platform } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Entry } from '../sync/entry.ts';
import { derived, Value } from '../value.ts';
import { Conversations, type SealedParts } from './conversations.ts';
import type { SealedState } from './face.ts';
import { type ContextWire, sealedApi } from './sealed-api.ts';

export type SignalClientDeps = ContextWire & {
  readonly platform: Platform;
  /** The keys of this context: there while a session is signed in and its device is known, gone before they end. */
  readonly keys: { readonly ring: Subscribable<Keys | undefined>; readonly state: Subscribable<KeysState> };
  readonly kept: Subscribable<Entry>;
};

/**
 * The encrypted side of one server context: its requests, its socket and its keys, put together in the order they depend
 * on each other (the sign-in, then the keys, then what the socket brings) and taken apart backwards. No other context
 * shares any of them. S4.1 to S4.6, S4.24, S4.25, S4.27 to S4.29.
 */
export class SignalClient implements AsyncDisposable {
  readonly #deps: SignalClientDeps;
  readonly #core = new Value<SealedParts | undefined>(undefined);
  readonly #failed = new Value(false);
  readonly #ends: readonly (() => void)[];
  #of: { readonly keys: Keys; readonly entry: Entry } | undefined;
  #tail: Promise<void> = Promise.resolve();
  #ended = false;
  readonly state: Subscribable<SealedState>;

  constructor(deps: SignalClientDeps) {
    this.#deps = deps;
    this.state = derived([deps.keys.state, this.#core, this.#failed], ({ kind }, core, failed): SealedState => {
      if (core !== undefined) return 'ready';
      if (kind === 'locked') return 'locked';
      if (kind === 'broken' || failed) return 'failed';
      return kind === 'off' || kind === 'unsupported' ? 'off' : 'loading';
    });
    const check = (): void => void this.#check();
    this.#ends = [deps.keys.ring.subscribe(check), deps.kept.subscribe(check)];
  }

  /** The conversations; undefined while there are no keys. */
  get core(): Subscribable<SealedParts | undefined> {
    return this.#core;
  }

  /** Follows the keys. Resolves once what they are now is open, or closed. */
  initialize(): Promise<void> {
    return this.#check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const end of this.#ends) end();
    await this.#check();
  }

  /** Opens, closes, or opens anew, one after another. */
  #check(): Promise<void> {
    this.#tail = this.#tail.then(() => this.#match()).catch(() => undefined);
    return this.#tail;
  }

  async #match(): Promise<void> {
    const keys = this.#ended ? undefined : this.#deps.keys.ring.get();
    const entry = this.#deps.kept.get();
    if (keys === this.#of?.keys && (keys === undefined || entry === this.#of?.entry)) return;
    await this.#close();
    if (keys === undefined) return;
    this.#of = { keys, entry };
    try {
      await this.#open(keys, entry);
    } catch {
      // What is stored stays as it is; the next start, or the keys opened anew, try again.
      this.#failed.set(true);
    }
  }

  async #open(keys: Keys, entry: Entry): Promise<void> {
    const { clock, random, subtle } = this.#deps.platform;
    if (subtle === null) throw new TypeError('no WebCrypto');
    await entry.ready;
    const core = await Conversations.open({
      keys,
      state: entry.state,
      api: sealedApi(this.#deps),
      told: entry.told,
      clock,
      random,
      subtle,
      live: entry.live,
      queue: entry.notices.toDevice,
      skew: entry.skew,
    });
    this.#core.set(core);
    entry.attach(core);
  }

  async #close(): Promise<void> {
    const core = this.#core.get();
    this.#of?.entry.attach(undefined);
    this.#of = undefined;
    this.#core.set(undefined);
    this.#failed.set(false);
    await core?.[Symbol.asyncDispose]();
  }
}
