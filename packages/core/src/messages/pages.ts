import type { ChannelId, Message } from '@skerry/protocol';
import type { CacheStore, Key, Row, Write } from '../stores/stores.ts';
import type { Span, Spans } from './spans.ts';

/** Numbers of a channel's stream that share a stored row: few big rows are an order of magnitude faster to write than many small ones. */
const PAGE = 100;
/** Decoded rows kept at hand, mostly those that live messages are added to. */
const KEPT = 8;
/** Rows read at once where more than the nearest are needed. */
const RUN = 4;

type PageRow = readonly Message[];
type StoredPage = { readonly page: number; readonly messages: PageRow };

/** The stored messages of an entry, by channel and place. Writes are staged, so that they go into the commit of their tables. */
export class Pages {
  readonly #cache: () => CacheStore;
  /** Least recently used first. */
  readonly #kept = new Map<string, PageRow>();
  #staged = new Map<string, PageRow | undefined>();

  constructor(cache: () => CacheStore) {
    this.#cache = cache;
  }

  /**
   * Prepares writes: `gone` is dropped first, then each message takes the place of an older version of it.
   * Call {@link settle} once the commit has been done or has failed.
   */
  async stage(
    messages: ReadonlyMap<ChannelId, readonly Message[]>,
    gone: ReadonlyMap<ChannelId, Spans>,
  ): Promise<Write[]> {
    this.#staged = new Map();
    for (const [channel, spans] of gone) {
      for (const span of spans)
        for (const page of await this.#stored(channel, span)) this.#staged.set(nameOf(channel, page), undefined);
    }
    for (const [channel, list] of messages) {
      for (const [page, added] of byPage(list)) {
        const name = nameOf(channel, page);
        const old = this.#staged.has(name)
          ? (this.#staged.get(name) ?? [])
          : gone.has(channel)
            ? []
            : await this.#row(channel, page);
        this.#staged.set(name, merge(old, added));
      }
    }
    return [...this.#staged].map(([name, row]): Write => {
      const key = JSON.parse(name) as [string, number];
      return row === undefined ? { table: 'pages', key, delete: true } : { table: 'pages', key, value: row };
    });
  }

  settle(committed: boolean): void {
    if (!committed) this.#kept.clear();
    else for (const [name, row] of this.#staged) this.#keep(name, row);
    this.#staged = new Map();
  }

  /** Up to `limit` messages with `from` <= n <= `to`, in order: those nearest to `to`, or with `oldest` those nearest to `from`. */
  async read(
    channel: ChannelId,
    part: { from: number; to: number; limit: number; oldest?: boolean },
  ): Promise<readonly Message[]> {
    const { from, to, limit, oldest = false } = part;
    const isInside = ({ n }: Message): boolean => n >= from && n <= to;
    const [first, last] = [pageOf(from), pageOf(to)];
    let found: readonly Message[] = [];
    if (!oldest && last > first) {
      // The usual case, by bounds alone, which is a browser's quick way.
      const near = (await this.#rows(channel, { first: Math.max(first, last - 1), last })).flatMap((row) =>
        row.messages.filter(isInside),
      );
      if (near.length >= limit) return near.slice(-limit);
    }
    for (let [low, high] = [first, last]; low <= high && found.length < limit;) {
      const rows = await this.#rows(channel, { first: low, last: high, limit: RUN, reverse: !oldest });
      for (const { messages } of rows)
        found = oldest ? [...found, ...messages.filter(isInside)] : [...messages.filter(isInside), ...found];
      const reached = rows.at(-1)?.page;
      if (reached === undefined || rows.length < RUN) break;
      if (oldest) low = reached + 1;
      else high = reached - 1;
    }
    return oldest ? found.slice(0, limit) : found.slice(-limit);
  }

  /** How many messages are stored. */
  async count(): Promise<number> {
    let sum = 0;
    for await (const { messages } of this.all()) sum += messages.length;
    return sum;
  }

  /** Everything that is stored, by channel and place, a part at a time. */
  async *all(): AsyncGenerator<{ channel: ChannelId; messages: readonly Message[] }> {
    for (let from: Key = []; ;) {
      const rows: readonly Row[] = await this.#cache().range('pages', { from, limit: 20 });
      for (const { key, value } of rows) yield { channel: (key as [ChannelId, number])[0], messages: value as PageRow };
      const last = rows.at(-1)?.key as [ChannelId, number] | undefined;
      if (last === undefined || rows.length < 20) return;
      from = [last[0], last[1] + 1];
    }
  }

  /** Pages that exist there. A span may be as wide as a server claims, so it is never counted through. */
  async #stored(channel: ChannelId, span: Span): Promise<readonly number[]> {
    const pages: number[] = [];
    for (let first = pageOf(span.from); ;) {
      const rows = await this.#rows(channel, { first, last: pageOf(span.to), limit: 50 });
      pages.push(...rows.map((row) => row.page));
      const reached = rows.at(-1)?.page;
      if (reached === undefined || rows.length < 50) return pages;
      first = reached + 1;
    }
  }

  async #row(channel: ChannelId, page: number): Promise<PageRow> {
    const name = nameOf(channel, page);
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const row = ((await this.#cache().get('pages', [channel, page]))?.value ?? []) as PageRow;
    this.#keep(name, row);
    return row;
  }

  async #rows(
    channel: ChannelId,
    part: { first: number; last: number; limit?: number; reverse?: boolean },
  ): Promise<readonly StoredPage[]> {
    const { first, last, ...rest } = part;
    const rows = await this.#cache().range('pages', { from: [channel, first], to: [channel, last], ...rest });
    return rows.map(({ key, value }) => ({ page: (key as [string, number])[1], messages: value as PageRow }));
  }

  #keep(name: string, row: PageRow | undefined): void {
    this.#kept.delete(name);
    if (row === undefined) return;
    this.#kept.set(name, row);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function pageOf(n: number): number {
  return Math.floor(n / PAGE);
}

function nameOf(channel: ChannelId, page: number): string {
  return JSON.stringify([channel, page]);
}

function byPage(messages: readonly Message[]): Map<number, Message[]> {
  const pages = new Map<number, Message[]>();
  for (const message of messages) {
    const page = pages.get(pageOf(message.n));
    if (page === undefined) pages.set(pageOf(message.n), [message]);
    else page.push(message);
  }
  return pages;
}

/** Both in one, by place; of two versions of a message the one with the higher `rev`. L-5 */
export function merge(old: readonly Message[], added: readonly Message[]): readonly Message[] {
  const byPlace = new Map(old.map((message) => [message.n, message] as const));
  for (const message of added) {
    const known = byPlace.get(message.n);
    if (known === undefined || message.rev >= known.rev) byPlace.set(message.n, message);
  }
  return [...byPlace.values()].sort((a, b) => a.n - b.n);
}
