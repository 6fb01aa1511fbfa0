import { deferred } from '../deferred.ts';
import type { IdentityError, SignedOutError } from '../errors.ts';
import type { DialSlots } from '../fleet/dial-slots.ts';
import { Lifetime } from '../lifetime.ts';
import type { Clock, Random, WakeReason } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import type { ConnectionEvent, ConnectionState } from '../views.ts';
import { Conversation, type ConversationDeps, type Ended } from './conversation.ts';
import { type AskHealth, diagnose, whoIsOlder } from './diagnose.ts';
import { attemptAfter, reconnectDelay } from './reconnect-policy.ts';
import { type End, endOf, isHopeless, lost, mayTry, next, type StateEvent } from './state.ts';

export type ConnectionDeps = Omit<
  ConversationDeps,
  'proved' | 'welcomed' | 'synced' | 'latency' | 'clock' | 'random' | 'sync'
> & {
  readonly clock: Clock;
  readonly random: Random;
  readonly slots: DialSlots;
  /** What is kept of this entry, once it is loaded. Asked for on each dial. */
  readonly ready: () => Promise<ConversationDeps['sync']>;
  /** In the person's order, read anew on each dial. */
  readonly origins: () => readonly string[];
  /** Whether there is anything to sign in with; asks nobody. @throws SignedOutError */
  readonly signedIn: () => Promise<void>;
  /** What the address says of itself, without a secret. @throws SkerryError */
  readonly health: (origin: string, signal: AbortSignal) => ReturnType<AskHealth>;
  /** The proved address of the open socket; null when it is gone. */
  readonly hold: (origin: string | null) => void;
  readonly focused: () => boolean;
};

/** Wake-ups come in flocks (online, focus, resume): they are spread, and one server is tried once in this while. */
const WAKE_SPREAD_MS = 3_000;
const WAKE_PAUSE_MS = 10_000;
/** An update is not made in a minute. */
const INCOMPATIBLE_PAUSE_MS = 600_000;
const HISTORY = 50;
/** Every so many failed tries it is asked what else answers there. */
const DIAGNOSE_EVERY = 4;

/**
 * One server's connection: one loop that dials, talks, classifies the end and backs off. Everything from outside only moves
 * the time of the next try or ends the present one, so there are never two sockets.
 */
export class Connection implements AsyncDisposable {
  readonly #deps: ConnectionDeps;
  readonly #lifetime = new Lifetime();
  readonly #state: Value<ConnectionState>;
  readonly #history = new Value<readonly ConnectionEvent[]>([]);
  readonly #latency = new Value<number | null>(null);
  readonly #attempts = new Value(0);
  #poke = deferred<void>();
  #dueAt: number;
  #leastAt = 0;
  #wokenAt = -Infinity;
  #triedAt = -Infinity;
  #refusals = 0;
  #diagnosed = 0;
  #talk: Conversation | undefined;
  #try: AbortController | undefined;
  /** Kept apart from the state: while suspended, an enabled entry is offline. */
  #suspended = false;

  constructor(deps: ConnectionDeps, enabled: boolean) {
    this.#deps = deps;
    const at = deps.clock.now();
    this.#dueAt = at;
    this.#state = new Value(enabled ? { kind: 'offline', since: at } : { kind: 'disabled' });
    this.#lifetime.run(this.#loop());
  }

  get state(): Subscribable<ConnectionState> {
    return this.#state;
  }
  get history(): Subscribable<readonly ConnectionEvent[]> {
    return this.#history;
  }
  /** Milliseconds of the last answered ping, null when not live. */
  get latencyMs(): Subscribable<number | null> {
    return this.#latency;
  }
  /** Tries since things were last well. */
  get attempts(): Subscribable<number> {
    return this.#attempts;
  }

  enable(): void {
    this.#move({ kind: 'enabled', at: this.#now() });
    this.#due(this.#now());
  }

  /** Closes the socket and stays quiet. */
  disable(): void {
    this.#move({ kind: 'disabled', at: this.#now() });
    this.#attempts.set(0);
    this.#interrupt();
  }

  /** Something only a person settles was settled: dials at once. */
  settled(): void {
    this.#move({ kind: 'settled', at: this.#now() });
    this.#refusals = 0;
    this.#attempts.set(0);
    this.#interrupt();
    this.#due(this.#now());
  }

  /** The addresses changed: leaves the present one and dials anew. */
  redial(): void {
    this.#interrupt();
    this.#due(this.#now());
  }

  /** A request by HTTP found out what the socket has not seen yet. */
  stopFor(error: IdentityError | SignedOutError): void {
    const end = endOf(error);
    this.#ended(end);
    this.#interrupt(end);
  }

  /** The person wants it now: at once, whatever was planned. */
  tryNow(): void {
    if (this.#talk !== undefined) return this.#talk.probe();
    this.#wokenAt = this.#now();
    this.#due(this.#now());
  }

  /** The device woke, or the person turned to this server. A live socket has to show that it is alive. */
  wake(reason: WakeReason | 'opened'): void {
    const now = this.#now();
    const state = this.#state.get();
    if (this.#try !== undefined) {
      if (reason === 'online' || reason === 'resumed') this.#talk?.probe();
      return;
    }
    if (!mayTry(state) || now - this.#wokenAt < WAKE_PAUSE_MS) return;
    if (state.kind === 'incompatible' && now - this.#triedAt < INCOMPATIBLE_PAUSE_MS) return;
    this.#wokenAt = now;
    const at = Math.max(now + this.#deps.random.fraction() * WAKE_SPREAD_MS, this.#leastAt);
    if (at < this.#dueAt) this.#due(at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#suspended = true;
    this.#move({ kind: 'suspended', at: this.#now() });
    this.#interrupt();
    await this.#lifetime[Symbol.asyncDispose]();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#lifetime;
    for (;;) {
      await this.#untilDue(signal);
      if (signal.aborted) return;
      const controller = new AbortController();
      this.#try = controller;
      this.#dueAt = Infinity;
      this.#leastAt = 0;
      const end = await this.#attempt(controller.signal);
      this.#try = undefined;
      // Whoever interrupted has moved the state and the time of the next try already.
      if (!controller.signal.aborted) this.#ended(end);
    }
  }

  /** Waits until a try is due; every poke looks at the time anew. Returns when the signal is aborted. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const poked = this.#poke.promise;
      const wait = this.#canTry() ? this.#dueAt - this.#now() : Infinity;
      if (wait <= 0) return;
      const cancel = wait === Infinity ? undefined : this.#deps.clock.after(wait, () => this.#pokeNow());
      const abort = (): void => this.#pokeNow();
      signal.addEventListener('abort', abort, { once: true });
      await poked;
      cancel?.();
      signal.removeEventListener('abort', abort);
    }
  }

  /** One try over all addresses, and the life of the connection it makes. Never throws. */
  async #attempt(signal: AbortSignal): Promise<End> {
    let release = (): void => undefined;
    try {
      const sync = await this.#deps.ready();
      await this.#deps.signedIn();
      release = await this.#deps.slots.take(this.#deps.focused, signal);
      signal.throwIfAborted();
      this.#triedAt = this.#now();
      this.#move({ kind: 'dialling', at: this.#now(), attempt: this.#attempts.get() });
      let first: End | undefined;
      for (const origin of this.#deps.origins()) {
        const ended = await this.#talkTo({ origin, sync, release }, signal);
        signal.throwIfAborted();
        if (ended.proved || ended.end.kind !== 'lost') return await this.#explained(ended, origin, signal);
        first ??= ended.end;
      }
      return await this.#diagnosis(first ?? lost({ kind: 'unreachable' }), signal);
    } catch (error) {
      return endOf(error);
    } finally {
      release();
    }
  }

  async #talkTo(
    { origin, sync, release }: { origin: string; sync: ConversationDeps['sync']; release: () => void },
    signal: AbortSignal,
  ): Promise<Ended> {
    const attempt = this.#attempts.get();
    const talk = new Conversation(
      {
        ...this.#deps,
        sync,
        proved: () => {
          this.#deps.hold(origin);
          this.#move({ kind: 'proved', at: this.#now(), attempt });
        },
        welcomed: () => {
          release();
          this.#refusals = 0;
          this.#move({ kind: 'welcomed', at: this.#now() });
        },
        synced: () => {
          this.#diagnosed = 0;
          this.#move({ kind: 'synced', at: this.#now() });
        },
        latency: (ms) => this.#latency.set(ms),
      },
      origin,
    );
    this.#talk = talk;
    const stop = (): void => talk.stop(this.#stopEnd(signal));
    signal.addEventListener('abort', stop, { once: true });
    const ended = await talk.ended;
    signal.removeEventListener('abort', stop);
    this.#talk = undefined;
    this.#latency.set(null);
    this.#deps.hold(null);
    return ended;
  }

  #stopEnd(signal: AbortSignal): End {
    return signal.reason instanceof Interrupted && signal.reason.end !== undefined
      ? signal.reason.end
      : lost({ kind: 'closed', code: 1000 });
  }

  /** A refused token is renewed once by the next try; refused again, the sign-in is over. */
  async #explained(ended: Ended, origin: string, signal: AbortSignal): Promise<End> {
    if (ended.tokenRefused && ++this.#refusals >= 2) return { kind: 'signedOut', why: 'expired' };
    if (ended.end.kind !== 'incompatible') return ended.end;
    return whoIsOlder(() => this.#deps.health(origin, signal), ended.end);
  }

  /** A socket that does not open tells nothing. Now and then a plain request finds out more. */
  async #diagnosis(end: End, signal: AbortSignal): Promise<End> {
    const origin = this.#deps.origins()[0];
    if (end.kind !== 'lost' || end.cause.kind !== 'unreachable' || origin === undefined) return end;
    if (this.#diagnosed++ % DIAGNOSE_EVERY !== 0) return end;
    return diagnose(() => this.#deps.health(origin, signal), end);
  }

  #ended(end: End): void {
    const at = this.#now();
    const state = this.#state.get();
    const liveMs = state.kind === 'live' ? at - state.since : 0;
    const attempt = attemptAfter(this.#attempts.get(), liveMs);
    const hopeless = end.kind === 'lost' && isHopeless(end.cause);
    const retryAfterMs = end.kind === 'lost' ? end.retryAfterMs : null;
    const { delayMs, leastMs } = reconnectDelay(this.#deps.random, {
      attempt: attempt - 1,
      retryAfterMs,
      focused: this.#deps.focused(),
      hopeless,
    });
    this.#attempts.set(attempt);
    this.#leastAt = at + leastMs;
    this.#dueAt = end.kind === 'lost' ? at + delayMs : Infinity;
    this.#move({ kind: 'ended', at, end, attempt, nextAt: at + delayMs });
    this.#pokeNow();
  }

  #interrupt(end?: End): void {
    this.#try?.abort(new Interrupted(end));
    this.#pokeNow();
  }

  #due(at: number): void {
    this.#dueAt = at;
    this.#move({ kind: 'rescheduled', nextAt: at });
    this.#pokeNow();
  }

  #pokeNow(): void {
    const { resolve } = this.#poke;
    this.#poke = deferred<void>();
    resolve();
  }

  #canTry(): boolean {
    return !this.#suspended && mayTry(this.#state.get());
  }

  #now(): number {
    return this.#deps.clock.now();
  }

  #move(event: StateEvent): void {
    const before = this.#state.get();
    const after = next(before, event);
    if (after === before) return;
    if (after.kind !== before.kind) {
      const cause = after.kind === 'waiting' ? after.cause : null;
      this.#history.update((all) => [...all.slice(1 - HISTORY), { at: this.#now(), what: after.kind, cause }]);
    }
    this.#state.set(after);
  }
}

/** The present try was ended from this side. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly end: End | undefined;
  constructor(end: End | undefined) {
    super('interrupted');
    this.end = end;
  }
}
