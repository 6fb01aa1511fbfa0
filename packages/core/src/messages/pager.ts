import { type ChannelId, type Message, type MessageId, type Page, SkerryError } from '@skerry/protocol';
import type { EntryApi } from '../sync/entry.ts';
import type { Replica } from '../sync/replica.ts';
import type { Phase } from '../sync/follower.ts';
import { CAPS } from '../sync/tables.ts';
import type { Subscribable } from '../subscribable.ts';
import { waitFor } from '../value.ts';
import { addSpan, type Span } from './spans.ts';

/** The newest messages, or those next to a place. `before` and `after` leave the place itself out. */
export type PageQuery =
  { readonly kind: 'newest' } | { readonly kind: 'before' | 'after' | 'around'; readonly n: number };

export const PAGE_LIMIT = 50;
const TRIES = 3;

/**
 * Brings pages of history into storage. While one is on its way, changes of that channel are remembered and laid over
 * it, since the page may be older than they are.
 */
export class Pager {
  readonly #replica: Replica;
  readonly #api: EntryApi;
  readonly #phase: Subscribable<Phase>;
  readonly #waiting = new Map<ChannelId, { count: number; readonly changes: Map<MessageId, Message> }>();

  constructor({ replica, api, phase }: { replica: Replica; api: EntryApi; phase: Subscribable<Phase> }) {
    this.#replica = replica;
    this.#api = api;
    this.#phase = phase;
    replica.listen((told) => {
      for (const [channel, messages] of told.messages) {
        const changes = this.#waiting.get(channel)?.changes;
        for (const message of messages) changes?.set(message.id, message);
      }
    });
  }

  /**
   * Loads a page and stores it with the knowledge of what it covers. Waits until all that was missed is here, so that
   * the page is not ahead of it.
   * @returns the numbers that are surely stored now
   * @throws SkerryError, `unavailable` when there is no connection; or what the api throws
   */
  async load(channel: ChannelId, query: PageQuery, signal: AbortSignal): Promise<Span> {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const phase = await waitFor(this.#phase, (now) => now !== 'catchingUp', signal);
      if (phase === 'away') throw new SkerryError('unavailable');
      const { reloads } = this.#replica;
      const changes = this.#enter(channel);
      try {
        const page = await this.#api.messages(channel, queryOf(query), signal);
        signal.throwIfAborted();
        const span = await this.#replica.exclusive(async () => {
          // Everything was replaced meanwhile, by something that may be newer than this page.
          if (reloads !== this.#replica.reloads) return undefined;
          this.#replica.pageRead(channel, page.head);
          return this.#store(channel, readPage(channel, page, query), changes);
        });
        if (span !== undefined) return span;
      } finally {
        this.#leave(channel);
      }
    }
    throw new SkerryError('unavailable');
  }

  async #store(
    channel: ChannelId,
    page: { span: Span; messages: readonly Message[] },
    changes: ReadonlyMap<MessageId, Message>,
  ): Promise<Span> {
    const row = this.#replica.tables.channels.get(channel);
    if (row?.member !== true) throw new SkerryError('not_found');
    const batch = this.#replica.batch();
    const isTooMany = row.spans.length >= CAPS.spans;
    if (isTooMany) batch.add({ kind: 'pagesGone', channel, spans: row.spans });
    batch.add({ kind: 'channel', value: { ...row, spans: addSpan(isTooMany ? [] : row.spans, page.span) } });
    for (const message of page.messages) {
      const changed = changes.get(message.id);
      batch.add({ kind: 'message', value: changed !== undefined && changed.rev > message.rev ? changed : message });
    }
    await this.#replica.commit(batch);
    return page.span;
  }

  #enter(channel: ChannelId): ReadonlyMap<MessageId, Message> {
    let waiting = this.#waiting.get(channel);
    if (waiting === undefined)
      this.#waiting.set(channel, (waiting = { count: 0, changes: new Map<MessageId, Message>() }));
    waiting.count += 1;
    return waiting.changes;
  }

  #leave(channel: ChannelId): void {
    const waiting = this.#waiting.get(channel);
    if (waiting !== undefined && --waiting.count === 0) this.#waiting.delete(channel);
  }
}

function queryOf(query: PageQuery): { limit: number; before?: number; after?: number; around?: number } {
  return query.kind === 'newest' ? { limit: PAGE_LIMIT } : { limit: PAGE_LIMIT, [query.kind]: query.n };
}

/** What a page says and covers; messages that do not belong where they claim to be are left out (T34). */
function readPage(channel: ChannelId, page: Page, query: PageQuery): { span: Span; messages: readonly Message[] } {
  const first = page.messages[0]?.n;
  const last = page.messages.at(-1)?.n;
  const span = covered(
    { head: page.head, first: page.older ? first : 0, last: page.newer ? last : undefined, more: page.newer },
    query,
  );
  const seen = new Set<number>();
  const messages = page.messages.filter((message) => {
    const fits =
      message.channel === channel &&
      message.n >= span.from &&
      message.n <= span.to &&
      message.rev >= message.n &&
      !seen.has(message.n);
    seen.add(message.n);
    return fits;
  });
  return { span, messages };
}

type Edges = {
  readonly head: number;
  /** Where the page begins: its first message, or 0 when nothing is older. */
  readonly first: number | undefined;
  /** Its last message, where newer ones exist. */
  readonly last: number | undefined;
  readonly more: boolean;
};

function covered({ head, first, last, more }: Edges, query: PageQuery): Span {
  switch (query.kind) {
    case 'newest':
      return { from: first ?? head + 1, to: head };
    case 'before':
      return { from: Math.min(first ?? query.n, query.n), to: query.n - 1 };
    case 'after':
      return { from: query.n + 1, to: more ? (last ?? query.n) : Math.max(head, query.n) };
    case 'around':
      return {
        from: Math.min(first ?? query.n, query.n),
        to: more ? Math.max(last ?? query.n, query.n) : Math.max(head, query.n),
      };
  }
}
