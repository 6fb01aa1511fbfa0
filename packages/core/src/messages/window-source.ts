import type { ChannelId, Message, MessageId } from '@skerry/protocol';
import { PAGE_LIMIT, type PageQuery } from './pager.ts';
import { newestSpan, spanAt } from './spans.ts';
import type { TimelineStore } from './timeline-store.ts';
import { type Window, withNewer, withOlder } from './window.ts';

/** What storage gives: a window to show, or the page that has to be fetched first, or both when a part is there. */
export type Found = { readonly window: Window | undefined; readonly missing: PageQuery | undefined };

/** How far back a message is looked for by its id alone. */
const FIND = 1_000;

/**
 * Reads windows of one channel from storage. Each call must be made in the store's turn (`exclusive`), so that nothing
 * changes between the reading and the showing.
 */
export class WindowSource {
  readonly #store: TimelineStore;
  readonly #channel: ChannelId;

  constructor(store: TimelineStore, channel: ChannelId) {
    this.#store = store;
    this.#channel = channel;
  }

  async newest(): Promise<Found> {
    const row = this.#row();
    if (row?.member !== true) return { window: { messages: [], from: 0, to: null }, missing: undefined };
    const span = newestSpan(row.spans, row.head);
    if (span === undefined) return { window: undefined, missing: { kind: 'newest' } };
    const part = lastPage(await this.#read({ ...span, limit: PAGE_LIMIT + 1 }), span.from);
    const isEnough = part.messages.length >= PAGE_LIMIT || span.from === 0;
    return { window: { ...part, to: null }, missing: isEnough ? undefined : { kind: 'before', n: span.from } };
  }

  /** Around the message at `n`, which must be there. */
  async around(n: number): Promise<Found> {
    const half = PAGE_LIMIT / 2;
    const row = this.#row();
    const span = row && spanAt(row.spans, n);
    if (row === undefined || span === undefined) return { window: undefined, missing: { kind: 'around', n } };
    const older = await this.#read({ from: span.from, to: n - 1, limit: half });
    const newer = await this.#read({ from: n, to: span.to, limit: half, oldest: true });
    if (newer[0]?.n !== n) return NOTHING;
    const isEnd = newer.length < half;
    const end = newestSpan(row.spans, row.head) === span ? null : span.to;
    const from = older.length < half ? span.from : (older[0]?.n ?? n);
    return {
      window: { messages: [...older, ...newer], from, to: isEnd ? end : (newer.at(-1)?.n ?? n) },
      missing: undefined,
    };
  }

  /** The window and up to a page below it. */
  async older(window: Window): Promise<Found> {
    if (window.from === 0) return NOTHING;
    const spans = this.#row()?.spans ?? [];
    // The window may begin right above a gap.
    const span = spanAt(spans, window.from) ?? spanAt(spans, window.from - 1);
    const from = span?.from ?? window.from;
    const stored = from === window.from ? [] : await this.#read({ from, to: window.from - 1, limit: PAGE_LIMIT + 1 });
    if (stored.length === 0 && from > 0) return { window: undefined, missing: { kind: 'before', n: from } };
    return { window: withOlder(window, lastPage(stored, from)), missing: undefined };
  }

  /** The window and up to a page above it. */
  async newer(window: Window): Promise<Found> {
    const row = this.#row();
    if (window.to === null || row === undefined) return NOTHING;
    const span = spanAt(row.spans, window.to) ?? spanAt(row.spans, window.to + 1);
    const to = span?.to ?? window.to;
    const stored =
      to === window.to ? [] : await this.#read({ from: window.to + 1, to, limit: PAGE_LIMIT + 1, oldest: true });
    const messages = stored.slice(0, PAGE_LIMIT);
    const isEnd = stored.length === messages.length;
    const isNewest = isEnd && span !== undefined && newestSpan(row.spans, row.head) === span;
    if (messages.length === 0 && !isNewest) return { window: undefined, missing: { kind: 'after', n: to } };
    const reached = isNewest ? null : isEnd ? to : (messages.at(-1)?.n ?? to);
    return { window: withNewer(window, { messages, to: reached }), missing: undefined };
  }

  /** One of the newest messages, by its id. */
  async find(id: MessageId): Promise<Message | undefined> {
    const row = this.#row();
    const span = row && newestSpan(row.spans, row.head);
    return span && (await this.#read({ ...span, limit: FIND })).find((message) => message.id === id);
  }

  #row(): ReturnType<TimelineStore['row']> {
    return this.#store.row(this.#channel);
  }

  #read(part: Parameters<TimelineStore['read']>[1]): Promise<readonly Message[]> {
    return this.#store.read(this.#channel, part);
  }
}

const NOTHING: Found = { window: undefined, missing: undefined };

/** Of one more than a page, the page and where it begins: at the span's beginning when there is no more. */
function lastPage(stored: readonly Message[], spanFrom: number): { messages: readonly Message[]; from: number } {
  const messages = stored.slice(-PAGE_LIMIT);
  return { messages, from: stored.length > messages.length ? (messages[0]?.n ?? spanFrom) : spanFrom };
}
