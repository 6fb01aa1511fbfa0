import {
  type AccountId,
  type CommandId,
  type DownOf,
  type Position,
  type ResetReason,
  SkerryError,
} from '@skerry/protocol';
import { abortReason } from '../abort.ts';
import { type Deferred, deferred } from '../deferred.ts';
import type { Clock, Random } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value } from '../value.ts';
import { applyEvent } from './apply.ts';
import type { EntryApi } from './entry.ts';
import type { CommandAnswer, EntrySync, Link } from './entry-sync.ts';
import type { Replica } from './replica.ts';
import type { KeptPages } from './snapshot.ts';

type Frame = DownOf<'events'> | { readonly t: 'mark'; readonly position: Position };

/** What else listens to the connection. */
export type FollowerListener = {
  linked(link: Link, welcome: DownOf<'welcome'>): void;
  unlinked(): void;
  /** The server's log may be another one; what it confirmed is in doubt. */
  reset(): void;
  answered(id: CommandId, answer: CommandAnswer): void;
  presence(frame: DownOf<'presence'>): void;
  typing(frame: DownOf<'typing'>): void;
  toDevice(head: number): void;
  prekeys(left: number): void;
};

export type FollowerDeps = {
  readonly replica: Replica;
  readonly api: EntryApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: FollowerListener;
};

/** `away`: no connection; `catchingUp`: there is one, and not everything it will tell has come; `live`: it has. */
export type Phase = 'away' | 'catchingUp' | 'live';

/** Events that are applied in one commit at most; what a resume may replay fits into one. */
const STEP = 1_024;
/** A server marks the end of each tick. When the mark is that late, events are shown without it. */
const MARK_MS = 1_000;
/** Events waiting to be applied; with more, a snapshot is cheaper, and a lying server fills no memory (T34). */
const MAX_WAITING = 20_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** Longest wait before the snapshot that mends a hole or follows a reset, and how long without either makes the next one the first. */
const MAX_UPSET_MS = 30_000;
const CALM_MS = 60_000;

/** The same thing again and again: how often, and when last. */
type Row = { readonly count: number; readonly at: number };
const NEVER: Row = { count: 0, at: Number.NEGATIVE_INFINITY };

type Reload = { readonly controller: AbortController; readonly kept: KeptPages };

/**
 * Keeps the replica following its server: applies frames in order, moves the cursor on marks, and takes a snapshot when
 * the server says `reset` or when a stream has a hole. Frames that arrive while a snapshot is on its way wait for it.
 */
export class Follower implements EntrySync {
  readonly #deps: FollowerDeps;
  readonly #phase = new Value<Phase>('away');
  readonly #live = derived([this.#phase], (phase) => phase === 'live');
  #link: Link | undefined;
  #account: AccountId | undefined;
  #frames: Frame[] = [];
  #waitingEvents = 0;
  #waitingMarks = 0;
  /** The mark is late: what is there is applied without it. */
  #isImpatient = false;
  #cancelPatience: (() => void) | undefined;
  #isScheduled = false;
  #reload: Reload | undefined;
  /** Where `welcome` said the log ends: up to there it is catching up. */
  #target = 0;
  /** Holes in a row, and when the last one was; a server that makes them on purpose is asked less and less often. */
  #holes = NEVER;
  /** The same of resets within one connection; one that dials to be reset again waits by the dialling. */
  #resets = NEVER;
  readonly #waiters = new Set<Deferred<void>>();

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  /** The server is heard, and everything it told is stored and shown. */
  get live(): Subscribable<boolean> {
    return this.#live;
  }

  get phase(): Subscribable<Phase> {
    return this.#phase;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  resumeFrom(): Position | null {
    return this.#deps.replica.resumable;
  }

  welcomed(link: Link, welcome: DownOf<'welcome'>): void {
    if (this.#link !== undefined) this.unlinked();
    this.#link = link;
    this.#resets = NEVER;
    this.#phase.set('catchingUp');
    this.#account = welcome.account;
    this.#target = welcome.head.seq;
    const { tables, cursor } = this.#deps.replica;
    this.#deps.listener.linked(link, welcome);
    if (!welcome.resumed) return;
    // What is stored is somebody else's, or nothing: whatever the server says, there is nothing to go on from.
    if (cursor === null || tables.me !== welcome.account) this.#startReload({ kind: 'none' });
    else this.#schedule();
  }

  reset(_reason: ResetReason): void {
    if (this.#link === undefined) return;
    this.#deps.listener.reset();
    this.#resets = this.#oneMore(this.#resets);
    this.#startReload({ kind: 'none' });
  }

  events(frame: DownOf<'events'>): void {
    for (let from = 0; from < frame.events.length; from += STEP) {
      this.#push({ ...frame, events: frame.events.slice(from, from + STEP) });
    }
  }

  mark(position: Position): void {
    this.#push({ t: 'mark', position });
  }

  answered(id: CommandId, answer: CommandAnswer): void {
    this.#deps.listener.answered(id, answer);
  }

  presence(frame: DownOf<'presence'>): void {
    if (this.#link !== undefined) this.#deps.listener.presence(frame);
  }

  typing(frame: DownOf<'typing'>): void {
    if (this.#link !== undefined) this.#deps.listener.typing(frame);
  }

  toDevice(head: number): void {
    if (this.#link !== undefined) this.#deps.listener.toDevice(head);
  }

  prekeys(left: number): void {
    if (this.#link !== undefined) this.#deps.listener.prekeys(left);
  }

  unlinked(): void {
    this.#link = undefined;
    const wasLive = this.#live.get();
    // What lies behind a hole, or has no mark yet, is sent again by the next connection.
    const end = this.#reload === undefined ? this.#frames.findLastIndex(({ t }) => t === 'mark') : -1;
    for (const frame of this.#frames.splice(end + 1))
      if (frame.t === 'events') this.#waitingEvents -= frame.events.length;
    if (end < 0) this.#dropFrames();
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    this.#isImpatient = false;
    this.#reload?.controller.abort(new SkerryError('unavailable'));
    this.#reload = undefined;
    this.#fail(new SkerryError('unavailable'));
    this.#phase.set('away');
    this.#deps.listener.unlinked();
    if (wasLive) this.#noteLive();
  }

  /** @throws SkerryError when the connection ended first or the snapshot can't be had; the signal's reason */
  synced(signal: AbortSignal): Promise<void> {
    if (this.#live.get()) return Promise.resolve();
    if (signal.aborted) return Promise.reject(abortReason(signal));
    const waiter = deferred<void>();
    const aborted = (): void => waiter.reject(abortReason(signal));
    signal.addEventListener('abort', aborted);
    this.#waiters.add(waiter);
    return waiter.promise.finally(() => {
      signal.removeEventListener('abort', aborted);
      this.#waiters.delete(waiter);
    });
  }

  #push(frame: Frame): void {
    if (this.#link === undefined) return;
    this.#frames.push(frame);
    if (frame.t === 'events') this.#waitingEvents += frame.events.length;
    else this.#waitingMarks += 1;
    // Marks without end fill memory as well.
    if (this.#waitingEvents > MAX_WAITING || this.#frames.length > MAX_WAITING) {
      this.#dropFrames();
      return this.#holed('*');
    }
    this.#schedule();
  }

  #dropFrames(): void {
    this.#frames = [];
    this.#waitingEvents = 0;
    this.#waitingMarks = 0;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#reload !== undefined) return;
    if (this.#waitingMarks === 0 && this.#frames.length > 0 && !this.#isImpatient) return this.#wait();
    this.#isScheduled = true;
    void this.#deps.replica.exclusive(async () => {
      this.#isScheduled = false;
      if (this.#reload === undefined) await this.#step();
    });
  }

  #wait(): void {
    this.#cancelPatience ??= this.#deps.clock.after(MARK_MS, () => {
      this.#cancelPatience = undefined;
      this.#isImpatient = true;
      this.#schedule();
    });
  }

  /**
   * Applies what waits up to the newest mark and commits both in one, so that what is stored is the state at the cursor
   * and nothing else. Only a mark that is late, or a flood, makes it go ahead of the cursor.
   */
  async #step(): Promise<void> {
    const { replica, clock } = this.#deps;
    const batch = replica.batch();
    const now = clock.now();
    let cursor = replica.cursor;
    let isAhead: boolean | undefined;
    let hole: string | undefined;
    for (let applied = 0; applied < STEP && hole === undefined && (this.#waitingMarks > 0 || this.#isImpatient);) {
      const frame = this.#frames.shift();
      if (frame === undefined) break;
      if (frame.t === 'mark') {
        this.#waitingMarks -= 1;
        isAhead = false;
        if (cursor !== null && frame.position.seq > cursor.seq) cursor = frame.position;
        continue;
      }
      this.#waitingEvents -= frame.events.length;
      applied += frame.events.length;
      for (const event of frame.events) {
        const outcome = applyEvent(replica.tables, { stream: frame.stream, event, now });
        if (outcome.kind === 'hole') hole = frame.stream;
        if (hole !== undefined) break;
        if (outcome.kind !== 'applied') continue;
        isAhead = true;
        outcome.changes.forEach((change) => batch.add(change));
      }
    }
    this.#isImpatient = false;
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    const moved = cursor === replica.cursor ? {} : { cursor, liveAt: now };
    // A mark that says what is known, as each heartbeat does, is not worth a write.
    const isKnown = isAhead === undefined || (batch.isEmpty && isAhead === replica.isAhead);
    await replica.commit(batch, isKnown || isAhead === undefined ? moved : { ...moved, isAhead });
    if (hole !== undefined) this.#holed(hole);
    else if (this.#frames.length > 0) this.#schedule();
    this.#arrive();
  }

  /** Something of a stream is missing: it is loaded again. L-10. `*` stands for every stream. */
  #holed(stream: string): void {
    if (this.#link === undefined) return this.#dropFrames();
    this.#holes = this.#oneMore(this.#holes);
    const kept = this.#reload?.kept ?? { kind: 'unless', holes: new Set<string>() };
    if (stream === '*' || kept.kind === 'none') return this.#startReload({ kind: 'none' });
    this.#startReload({ kind: 'unless', holes: new Set([...kept.holes, stream]) });
  }

  #oneMore(row: Row): Row {
    const now = this.#deps.clock.now();
    return { count: now - row.at > CALM_MS ? 1 : row.count + 1, at: now };
  }

  #startReload(kept: KeptPages): void {
    this.#reload?.controller.abort(new SkerryError('unavailable'));
    // Frames that came before a reset are of the log before it; after a hole they go on behind it.
    if (kept.kind === 'none') this.#dropFrames();
    this.#phase.set('catchingUp');
    const reload: Reload = { controller: new AbortController(), kept };
    this.#reload = reload;
    void this.#reloading(reload).catch(() => undefined);
  }

  async #reloading(reload: Reload): Promise<void> {
    const { api, clock, random, replica } = this.#deps;
    const { signal } = reload.controller;
    const inARow = Math.max(this.#holes.count, this.#resets.count);
    if (inARow > 1) await clock.sleep(Math.min(MAX_UPSET_MS, delay(inARow - 2, random)), signal);
    for (let attempt = 0; ; attempt++) {
      try {
        const snapshot = await api.snapshot(signal);
        signal.throwIfAborted();
        if (snapshot.me.id !== this.#account)
          throw new SkerryError('unavailable', { message: 'The server answered for another account.' });
        await replica.exclusive(async () => {
          if (this.#reload === reload) await replica.replace(snapshot, reload.kept);
        });
        break;
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(error);
        await clock.sleep(delay(attempt, random), signal);
      }
    }
    if (this.#reload !== reload) return;
    this.#reload = undefined;
    // The snapshot holds everything up to here, so that catching up ends with the frames that wait.
    this.#target = 0;
    this.#schedule();
  }

  #arrive(): void {
    const { cursor } = this.#deps.replica;
    if (this.#link === undefined || this.#reload !== undefined || cursor === null || cursor.seq < this.#target) return;
    this.#phase.set('live');
    for (const waiter of this.#waiters) waiter.resolve();
  }

  #fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  /** Remembers until when what is shown was all there is. */
  #noteLive(): void {
    const { replica, clock } = this.#deps;
    const liveAt = clock.now();
    void replica.exclusive(() => replica.commit(replica.batch(), { liveAt }));
  }
}

function delay(attempt: number, random: Random): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) * (1 + random.fraction()) * 0.5 + FIRST_RETRY_MS / 2;
}
