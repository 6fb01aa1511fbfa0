import type { CommandId } from '@skerry/protocol';
import type { Random } from '../platform.ts';

/** How far an attempt has come; a command without one waits for its turn. */
type Flight =
  | { readonly kind: 'sending'; readonly since: number }
  /** Confirmed; its effect comes with the event of that number. */
  | { readonly kind: 'answered'; readonly seq: number; readonly since: number }
  | { readonly kind: 'backoff'; readonly until: number }
  /** Refused for want of a sign-in; the next connection has another one. */
  | { readonly kind: 'signedOut' };

/** An answer that took this long is asked for again; the server does nothing twice. */
const ANSWER_MS = 30_000;
/** A confirmed message that has not come for so long is asked for by itself. */
const COMING_MS = 60_000;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

/** The attempts of the queued commands: what is on its way, what has to wait and until when. Lives no longer than the process. */
export class Flights {
  readonly #random: Random;
  readonly #flights = new Map<CommandId, Flight>();
  readonly #refusals = new Map<CommandId, number>();
  /** Commands the server may know of although it never confirmed them. */
  readonly #attempted = new Set<CommandId>();
  #pausedUntil = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Commands that were handed to the socket and not answered. */
  get onTheirWay(): number {
    let count = 0;
    for (const { kind } of this.#flights.values()) if (kind === 'sending') count += 1;
    return count;
  }

  isOnItsWay(id: CommandId): boolean {
    const kind = this.#flights.get(id)?.kind;
    return kind === 'sending' || kind === 'answered';
  }

  isConfirmed(id: CommandId): boolean {
    return this.#flights.get(id)?.kind === 'answered';
  }

  /** Confirmed, and everything up to that event is here. */
  isPassed(id: CommandId, seq: number): boolean {
    const flight = this.#flights.get(id);
    return flight?.kind === 'answered' && flight.seq <= seq;
  }

  /** Device time by which the event of a confirmed command should have come; infinite for one that is not confirmed. */
  dueAt(id: CommandId): number {
    const flight = this.#flights.get(id);
    return flight?.kind === 'answered' ? flight.since + COMING_MS : Number.POSITIVE_INFINITY;
  }

  /** It was asked for and could not be had: it is waited for as long once more. */
  waitOn(id: CommandId, now: number): void {
    const flight = this.#flights.get(id);
    if (flight?.kind === 'answered') this.#flights.set(id, { ...flight, since: now });
  }

  isAttempted(id: CommandId): boolean {
    return this.#attempted.has(id);
  }

  /** Device time at which it may be tried; infinite when only another connection helps. */
  notBefore(id: CommandId): number {
    const flight = this.#flights.get(id);
    switch (flight?.kind) {
      case 'sending':
        return flight.since + ANSWER_MS;
      case 'backoff':
        return Math.max(this.#pausedUntil, flight.until);
      case 'signedOut':
      case 'answered':
        return Number.POSITIVE_INFINITY;
      case undefined:
        return this.#pausedUntil;
    }
  }

  /** A former run may have tried it. */
  maybeAttempted(id: CommandId): void {
    this.#attempted.add(id);
  }

  /** Hands it over with `send`; nothing is changed when that says no. */
  start(id: CommandId, now: number, send: () => boolean): boolean {
    const before = this.#flights.get(id);
    // Before it is handed over: the answer may come at once.
    this.#flights.set(id, { kind: 'sending', since: now });
    this.#attempted.add(id);
    if (send()) return true;
    if (before === undefined) this.#flights.delete(id);
    else this.#flights.set(id, before);
    return false;
  }

  confirmed(id: CommandId, seq: number, now: number): void {
    this.#flights.set(id, { kind: 'answered', seq, since: now });
  }

  refusedForNow(id: CommandId, error: { code: string; retryAfterMs?: number | undefined }, now: number): void {
    const refusals = (this.#refusals.get(id) ?? 0) + 1;
    this.#refusals.set(id, refusals);
    const own = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(refusals - 1, 16));
    const wanted = Math.min(error.retryAfterMs ?? 0, 10 * MAX_BACKOFF_MS);
    const until = now + Math.max(own, wanted) * (1 + 0.5 * this.#random.fraction());
    this.#flights.set(id, { kind: 'backoff', until });
    // The limit is the account's, so nothing else would pass either.
    if (error.code === 'rate_limited') this.#pausedUntil = until;
  }

  signedOut(id: CommandId): void {
    this.#flights.set(id, { kind: 'signedOut' });
  }

  /** Its attempt is over; it waits for its turn again. */
  landed(id: CommandId): void {
    this.#flights.delete(id);
  }

  /** Attempts of these kinds are over. */
  allLanded(...kinds: readonly Flight['kind'][]): void {
    for (const [id, { kind }] of this.#flights) if (kinds.includes(kind)) this.#flights.delete(id);
  }

  forget(id: CommandId): void {
    this.#flights.delete(id);
    this.#refusals.delete(id);
    this.#attempted.delete(id);
  }
}
