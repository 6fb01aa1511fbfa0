import { type AccountId, type ChannelId, type Message, type MessageId, SkerryError } from '@skerry/protocol';
import type { Timeline } from '../face.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Told } from '../sync/batch.ts';
import { Value } from '../value.ts';
import type { TimelineMessage, TimelineView } from '../views.ts';
import { pendingIn, withPending } from './overlay.ts';
import type { PageQuery } from './pager.ts';
import type { Queued } from './send-queue.ts';
import type { TimelineStore } from './timeline-store.ts';
import { changedIn, type Window } from './window.ts';
import { type Found, WindowSource } from './window-source.ts';

export type TimelineDeps = {
  readonly channel: ChannelId;
  readonly store: TimelineStore;
  /** Brings what the store lacks into it. @throws SkerryError */
  readonly load: (missing: PageQuery, signal: AbortSignal) => Promise<unknown>;
  /** Asks for one message that is not in the store. @throws SkerryError */
  readonly ask: (id: MessageId, signal: AbortSignal) => Promise<Message | undefined>;
  readonly rows: Subscribable<readonly Queued[]>;
  /** Whether the server is heard and everything it told is here. */
  readonly live: Subscribable<boolean>;
  /** False until what is stored was loaded. */
  readonly loaded: Subscribable<boolean>;
  readonly readN: () => number | null;
  readonly me: () => AccountId | null;
  readonly markRead: (n: number, window: Window | undefined) => void;
  readonly signal: AbortSignal;
  readonly closed: () => void;
};

/** Pages fetched for one wish; a server whose pages lead nowhere is not asked for ever (T34). */
const FETCHES = 2;
const EMPTY: Window = { messages: [], from: 0, to: null };
const NONE: readonly Message[] = [];

/**
 * One channel's window. It reads storage in its turn, so what it holds and what is told later fit together;
 * only what storage lacks is asked of the server, and read from storage then.
 */
export class ChannelTimeline implements Timeline {
  readonly #deps: TimelineDeps;
  readonly #source: WindowSource;
  readonly #view: Value<TimelineView>;
  #window: Window | undefined;
  /** What is shown may be wrong: storage was replaced and nothing was read from it since. */
  #isStale = false;
  #isRefreshing = false;
  #wantsRefresh = false;
  #loadingOlder = false;
  #loadingNewer = false;
  #error: TimelineView['error'] = null;
  #newAfter: number | null;
  #ended = false;
  /** What the lists of the view were made of. */
  #madeOf:
    { readonly from: readonly Message[]; readonly rows: readonly Queued[]; readonly me: AccountId | null } | undefined;
  readonly #ends: readonly (() => void)[];

  constructor(deps: TimelineDeps) {
    this.#deps = deps;
    this.#source = new WindowSource(deps.store, deps.channel);
    this.#newAfter = deps.readN();
    this.#view = new Value(this.#compute(undefined));
    this.#ends = [
      deps.store.listen((told) => this.#told(told)),
      deps.rows.subscribe(() => this.#publish()),
      deps.live.subscribe(() => this.#liveChanged()),
      deps.loaded.subscribe(() => this.#refresh()),
    ];
    this.#refresh();
  }

  get channel(): ChannelId {
    return this.#deps.channel;
  }

  /** Whether that message is in the window. */
  shows(id: MessageId): boolean {
    return this.#window?.messages.some((message) => message.id === id) ?? false;
  }

  get view(): Subscribable<TimelineView> {
    return this.#view;
  }

  async loadOlder(): Promise<void> {
    if (this.#loadingOlder || !this.#view.get().older) return;
    this.#loadingOlder = true;
    this.#publish();
    await this.#loading(() => this.#show(() => this.#source.older(this.#window ?? EMPTY)));
    this.#loadingOlder = false;
    this.#publish();
  }

  async loadNewer(): Promise<void> {
    if (this.#loadingNewer || !this.#view.get().newer) return;
    this.#loadingNewer = true;
    this.#publish();
    await this.#loading(() => this.#show(() => this.#source.newer(this.#window ?? EMPTY)));
    this.#loadingNewer = false;
    this.#publish();
  }

  async jumpTo(id: MessageId): Promise<boolean> {
    if (this.shows(id)) return true;
    let isThere = false;
    await this.#loading(async () => {
      const found = await this.#find(id);
      isThere = found !== undefined && found.channel === this.#deps.channel && (await this.#standAround(found));
    });
    return isThere;
  }

  async jumpToNewest(): Promise<void> {
    if (this.#window?.to === null) return;
    await this.#loading(() => this.#newest());
  }

  async find(id: MessageId): Promise<TimelineMessage | undefined> {
    const found = await this.#find(id).catch(() => undefined);
    return found && withPending([found], this.#deps.rows.get(), this.#deps.me())[0];
  }

  markRead(n: number): void {
    this.#deps.markRead(n, this.#window);
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const end of this.#ends) end();
    this.#deps.closed();
  }

  #told(told: Pick<Told, 'reloaded' | 'channels' | 'messages'>): void {
    const { channel } = this.#deps;
    if (told.reloaded === 'all' || told.reloaded.has(channel)) {
      this.#isStale = this.#window !== undefined;
      return this.#refresh();
    }
    const changed = told.messages.get(channel);
    if (changed !== undefined && this.#window !== undefined) this.#window = changedIn(this.#window, changed);
    if (changed !== undefined || told.channels) this.#publish();
  }

  #liveChanged(): void {
    if (this.#deps.live.get() && (this.#window === undefined || this.#isStale || this.#error !== null)) this.#refresh();
    else this.#publish();
  }

  /** Reads the window anew, from storage as far as that reaches. Asked for while it does so, it does it once more. */
  #refresh(): void {
    if (!this.#deps.loaded.get() || this.#ended) return;
    this.#wantsRefresh = true;
    if (!this.#isRefreshing) void this.#refreshing();
    this.#publish();
  }

  async #refreshing(): Promise<void> {
    this.#isRefreshing = true;
    while (this.#wantsRefresh && !this.#ended) {
      this.#wantsRefresh = false;
      this.#newAfter ??= this.#deps.readN();
      const anchor =
        this.#window?.to === null ? undefined : this.#window?.messages[Math.floor(this.#window.messages.length / 2)];
      await this.#loading(async () => {
        if (anchor === undefined || !(await this.#standAround(anchor))) await this.#newest();
      });
    }
    this.#isRefreshing = false;
  }

  /** The newest messages: what is stored of them at once, the rest once the server gave it. */
  async #newest(): Promise<void> {
    await this.#show(
      () => this.#source.newest(),
      () => this.#deps.live.get(),
    );
  }

  /** @returns false when it can't be had */
  async #standAround({ n }: Message): Promise<boolean> {
    return this.#show(() => this.#source.around(n));
  }

  /**
   * Shows what storage gives, and fetches what it lacks for as long as that brings it further.
   * @returns whether something was shown
   */
  async #show(read: () => Promise<Found>, mayFetch = (): boolean => true): Promise<boolean> {
    for (let fetched = 0, isShown = false; ; fetched++) {
      const missing = await this.#deps.store.exclusive(async () => {
        const found = await read();
        if (found.window === undefined) return found.missing;
        isShown = true;
        this.#window = found.window;
        this.#isStale = false;
        this.#publish();
        return found.missing;
      });
      if (missing === undefined || fetched === FETCHES || !mayFetch()) return isShown;
      await this.#deps.load(missing, this.#deps.signal);
    }
  }

  async #find(id: MessageId): Promise<Message | undefined> {
    const { store, ask, signal } = this.#deps;
    const inWindow = this.#window?.messages.find((message) => message.id === id) ?? store.inInbox(id);
    if (inWindow !== undefined) return inWindow;
    const stored = await store.exclusive(() => this.#source.find(id));
    if (stored !== undefined) return stored;
    const asked = await ask(id, signal);
    return asked?.id === id ? asked : undefined;
  }

  async #loading(work: () => Promise<unknown>): Promise<void> {
    try {
      this.#error = null;
      await work();
    } catch (error) {
      if (this.#deps.signal.aborted) return;
      const { code, message } = error instanceof SkerryError ? error : new SkerryError('unavailable', { cause: error });
      this.#error = { code, message };
    }
    this.#publish();
  }

  #publish(): void {
    if (!this.#ended) this.#view.set(this.#compute(this.#view.get()));
  }

  #compute(old: TimelineView | undefined): TimelineView {
    const { live, store } = this.#deps;
    const window = this.#window;
    const isLive = live.get();
    return {
      status:
        window === undefined
          ? this.#error === null
            ? 'loading'
            : 'failed'
          : isLive && !this.#isStale
            ? 'fresh'
            : 'stored',
      ...this.#content(old),
      older: window !== undefined && window.from > 0,
      newer: window !== undefined && window.to !== null,
      loadingOlder: this.#loadingOlder,
      loadingNewer: this.#loadingNewer,
      error: this.#error,
      savedUpTo: isLive ? null : store.liveAt,
      newAfter: this.#newAfter,
    };
  }

  /** The same lists as before where nothing in them changed. */
  #content(old: TimelineView | undefined): Pick<TimelineView, 'messages' | 'pending'> {
    const { channel, rows, me } = this.#deps;
    const made = { from: this.#window?.messages ?? NONE, rows: rows.get(), me: me() };
    const before = this.#madeOf;
    if (old !== undefined && before?.from === made.from && before.rows === made.rows && before.me === made.me)
      return { messages: old.messages, pending: old.pending };
    this.#madeOf = made;
    const messages = withPending(made.from, made.rows, made.me);
    const pending = pendingIn(channel, made.rows, made.from);
    return {
      messages: old !== undefined && isSameList(old.messages, messages) ? old.messages : messages,
      pending: old !== undefined && isSameList(old.pending, pending) ? old.pending : pending,
    };
  }
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
