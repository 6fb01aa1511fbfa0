import { type AccountId, type ChannelId, type Message, type MessageId, SkerryError } from '@skerry/protocol';
import type { Timeline } from '../face.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Told } from '../sync/batch.ts';
import type { EntryApi } from '../sync/entry.ts';
import type { Replica } from '../sync/replica.ts';
import { Value } from '../value.ts';
import type { TimelineMessage, TimelineView } from '../views.ts';
import { pendingIn, withPending } from './overlay.ts';
import { PAGE_LIMIT, type PageQuery, type Pager } from './pager.ts';
import type { Queued } from './send-queue.ts';
import { newestSpan, spanAt } from './spans.ts';
import { changedIn, type Window, withNewer, withOlder } from './window.ts';

export type TimelineDeps = {
  readonly channel: ChannelId;
  readonly replica: Replica;
  readonly pager: Pager;
  readonly api: EntryApi;
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

/** A message and as many around it as fit on a screen or two. */
const AROUND = PAGE_LIMIT;
const NONE: readonly Message[] = [];
/** How far back a message is looked for in storage by its id alone. */
const FIND = 1_000;

/**
 * One channel's window. It reads storage in the replica's turn, so what it holds and what is told later fit together;
 * only what storage lacks is asked of the server, and read from storage then.
 */
export class ChannelTimeline implements Timeline {
  readonly #deps: TimelineDeps;
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
  #madeOf: { readonly from: readonly Message[]; readonly rows: readonly Queued[]; readonly me: AccountId | null } | undefined;
  readonly #ends: readonly (() => void)[];

  constructor(deps: TimelineDeps) {
    this.#deps = deps;
    this.#newAfter = deps.readN();
    this.#view = new Value(this.#compute(undefined));
    this.#ends = [
      deps.replica.listen((told) => this.#told(told)),
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
    await this.#loading(() => this.#extend('older'));
    this.#loadingOlder = false;
    this.#publish();
  }

  async loadNewer(): Promise<void> {
    if (this.#loadingNewer || !this.#view.get().newer) return;
    this.#loadingNewer = true;
    this.#publish();
    await this.#loading(() => this.#extend('newer'));
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

  #told(told: Told): void {
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
      const anchor = this.#window?.to === null ? undefined : this.#window?.messages[Math.floor(this.#window.messages.length / 2)];
      await this.#loading(async () => {
        if (anchor === undefined || !(await this.#standAround(anchor))) await this.#newest();
      });
    }
    this.#isRefreshing = false;
  }

  /** The newest messages: what is stored of them at once, the rest once the server gave it. */
  async #newest(): Promise<void> {
    const { channel, live } = this.#deps;
    for (let attempt = 0; ; attempt++) {
      const missing = await this.#deps.replica.exclusive(async (): Promise<PageQuery | undefined> => {
        const row = this.#deps.replica.tables.channels.get(channel);
        if (row?.member !== true) return this.#show({ messages: [], from: 0, to: null });
        const span = newestSpan(row.spans, row.head);
        if (span === undefined) return { kind: 'newest' };
        const part = newest(await this.#deps.replica.pages.read(channel, { ...span, limit: PAGE_LIMIT + 1 }), span.from);
        this.#show({ ...part, to: null });
        return part.messages.length >= PAGE_LIMIT || span.from === 0 ? undefined : { kind: 'before', n: span.from };
      });
      if (missing === undefined || !live.get() || attempt === 2) return;
      await this.#deps.pager.load(channel, missing, this.#deps.signal);
    }
  }

  /** @returns false when it can't be had */
  async #standAround({ n }: Message): Promise<boolean> {
    const { channel, replica, pager } = this.#deps;
    for (let attempt = 0; ; attempt++) {
      const isShown = await replica.exclusive(async () => {
        const row = replica.tables.channels.get(channel);
        const span = row && spanAt(row.spans, n);
        if (row === undefined || span === undefined) return false;
        const older = await replica.pages.read(channel, { from: span.from, to: n - 1, limit: AROUND / 2 });
        const newer = await replica.pages.read(channel, { from: n, to: span.to, limit: AROUND / 2, oldest: true });
        const reachesNewest = newer.length < AROUND / 2 && newestSpan(row.spans, row.head) === span;
        this.#show({
          messages: [...older, ...newer],
          from: older.length < AROUND / 2 ? span.from : (older[0]?.n ?? n),
          to: reachesNewest ? null : newer.length < AROUND / 2 ? span.to : (newer.at(-1)?.n ?? n),
        });
        return newer[0]?.n === n;
      });
      if (isShown || attempt > 0) return isShown;
      await pager.load(channel, { kind: 'around', n }, this.#deps.signal);
    }
  }

  async #extend(side: 'older' | 'newer'): Promise<void> {
    const { channel, replica, pager } = this.#deps;
    for (let attempt = 0; attempt < 3; attempt++) {
      const missing = await replica.exclusive(() => (side === 'older' ? this.#readOlder() : this.#readNewer()));
      if (missing === undefined) return;
      await pager.load(channel, missing, this.#deps.signal);
    }
  }

  async #readOlder(): Promise<PageQuery | undefined> {
    const { channel, replica } = this.#deps;
    const window = this.#window;
    const spans = replica.tables.channels.get(channel)?.spans ?? [];
    if (window === undefined || window.from === 0) return undefined;
    // The window may begin right above a gap.
    const span = spanAt(spans, window.from) ?? spanAt(spans, window.from - 1);
    const from = span?.from ?? window.from;
    const stored = from === window.from ? [] : await replica.pages.read(channel, { from, to: window.from - 1, limit: PAGE_LIMIT + 1 });
    if (stored.length === 0 && from > 0) return { kind: 'before', n: from };
    return this.#show(withOlder(window, newest(stored, from)));
  }

  async #readNewer(): Promise<PageQuery | undefined> {
    const { channel, replica } = this.#deps;
    const window = this.#window;
    const row = replica.tables.channels.get(channel);
    if (window === undefined || window.to === null || row === undefined) return undefined;
    const span = spanAt(row.spans, window.to) ?? spanAt(row.spans, window.to + 1);
    const to = span?.to ?? window.to;
    const stored = to === window.to ? [] : await replica.pages.read(channel, { from: window.to + 1, to, limit: PAGE_LIMIT + 1, oldest: true });
    const messages = stored.slice(0, PAGE_LIMIT);
    const isEnd = stored.length === messages.length;
    const isNewest = isEnd && span !== undefined && newestSpan(row.spans, row.head) === span;
    if (messages.length === 0 && !isNewest) return { kind: 'after', n: to };
    return this.#show(withNewer(window, { messages, to: isNewest ? null : isEnd ? to : (messages.at(-1)?.n ?? to) }));
  }

  async #find(id: MessageId): Promise<Message | undefined> {
    const { replica, channel, api, signal } = this.#deps;
    const inWindow = this.#window?.messages.find((message) => message.id === id) ?? replica.tables.inbox.get(id)?.item.message;
    if (inWindow !== undefined) return inWindow;
    const stored = await replica.exclusive(async () => {
      const row = replica.tables.channels.get(channel);
      const span = row && newestSpan(row.spans, row.head);
      return span && (await replica.pages.read(channel, { ...span, limit: FIND })).find((message) => message.id === id);
    });
    if (stored !== undefined) return stored;
    const asked = await api.message(id, signal);
    return asked.id === id ? asked : undefined;
  }

  #show(window: Window): undefined {
    this.#window = window;
    this.#isStale = false;
    this.#publish();
  }

  async #loading(work: () => Promise<void>): Promise<void> {
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
    const { live, replica } = this.#deps;
    const window = this.#window;
    const isLive = live.get();
    return {
      status: window === undefined ? (this.#error === null ? 'loading' : 'failed') : isLive && !this.#isStale ? 'fresh' : 'stored',
      ...this.#content(old),
      older: window !== undefined && window.from > 0,
      newer: window !== undefined && window.to !== null,
      loadingOlder: this.#loadingOlder,
      loadingNewer: this.#loadingNewer,
      error: this.#error,
      savedUpTo: isLive ? null : replica.liveAt,
      newAfter: this.#newAfter,
    };
  }

  /** The same lists as before where nothing in them changed. */
  #content(old: TimelineView | undefined): Pick<TimelineView, 'messages' | 'pending'> {
    const { channel, rows, me } = this.#deps;
    const made = { from: this.#window?.messages ?? NONE, rows: rows.get(), me: me() };
    const before = this.#madeOf;
    if (old !== undefined && before?.from === made.from && before.rows === made.rows && before.me === made.me) return { messages: old.messages, pending: old.pending };
    this.#madeOf = made;
    const messages = withPending(made.from, made.rows, made.me);
    const pending = pendingIn(channel, made.rows, made.from);
    return {
      messages: old !== undefined && isSameList(old.messages, messages) ? old.messages : messages,
      pending: old !== undefined && isSameList(old.pending, pending) ? old.pending : pending,
    };
  }
}

/** Of one more than a page, the page and where it begins: at the span's beginning when there is no more. */
function newest(stored: readonly Message[], spanFrom: number): { messages: readonly Message[]; from: number } {
  const messages = stored.slice(-PAGE_LIMIT);
  return { messages, from: stored.length > messages.length ? (messages[0]?.n ?? spanFrom) : spanFrom };
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

