import type { ChannelId } from '@skerry/protocol';
import type { Clock } from '../platform.ts';
import type { ChannelRow } from '../sync/tables.ts';
import { Value } from '../value.ts';

/** A mark the server has not confirmed: `left` messages of others were unread behind it when the server counted `unread`. */
type Mark = { readonly n: number; readonly left: number; readonly unread: number };

/** Scrolling marks many messages in a row; only where it comes to rest is stored and sent. */
const SEND_MS = 400;

export type Reading = { readonly readN: number; readonly unread: number };

/** How far the person has read, ahead of what the server knows of it. */
export class ReadMarks {
  readonly #clock: Clock;
  readonly #send: (channel: ChannelId, n: number) => Promise<unknown>;
  readonly #marks = new Map<ChannelId, Mark>();
  readonly #unsent = new Set<ChannelId>();
  readonly #sending = new Set<ChannelId>();
  #cancel: () => void = () => undefined;
  /** Counts up with every change. */
  readonly changed = new Value(0);

  constructor(clock: Clock, send: (channel: ChannelId, n: number) => Promise<unknown>) {
    this.#clock = clock;
    this.#send = send;
  }

  /** What is read and unread as the person sees it. L-12 */
  of(row: ChannelRow): Reading {
    const mark = this.#marks.get(row.channel.id);
    if (mark === undefined || mark.n <= row.readN) return { readN: row.readN, unread: row.unread };
    // What came since the mark was set is unread on top of what it left.
    return { readN: mark.n, unread: Math.max(0, mark.left + row.unread - mark.unread) };
  }

  /** @param left how many messages of others lie behind `n`, as far as is known here */
  set(row: ChannelRow, n: number, left: number): void {
    const id = row.channel.id;
    const clamped = Math.min(n, Math.max(row.head, row.counted));
    if (clamped <= this.of(row).readN) return;
    this.#marks.set(id, { n: clamped, left, unread: row.unread });
    this.#unsent.add(id);
    this.#cancel();
    this.#cancel = this.#clock.after(SEND_MS, () => void this.flush());
    this.#tell();
  }

  /** Found in the queue after a restart. */
  restore(channel: ChannelId, n: number, row: ChannelRow | undefined): void {
    if (row === undefined || n <= row.readN) return;
    this.#marks.set(channel, { n, left: n >= row.counted ? 0 : row.unread, unread: row.unread });
    this.#tell();
  }

  /** Hands what is not queued yet to the queue. */
  async flush(): Promise<void> {
    this.#cancel();
    const channels = [...this.#unsent];
    this.#unsent.clear();
    // One that cannot be stored is lost with this session, like a message that was not scrolled to.
    for (const channel of channels) this.#sending.add(channel);
    await Promise.allSettled(channels.map((channel) => this.#send(channel, this.#marks.get(channel)?.n ?? 0)));
    for (const channel of channels) this.#sending.delete(channel);
  }

  /** Forgets the marks the server has by now, and those that left the queue because it did not want them. */
  settle(rows: ReadonlyMap<ChannelId, ChannelRow>, queued: ReadonlySet<ChannelId>): void {
    let isChanged = false;
    for (const [id, mark] of this.#marks) {
      const isKnown = (rows.get(id)?.readN ?? Number.POSITIVE_INFINITY) >= mark.n;
      if (!isKnown && (queued.has(id) || this.#unsent.has(id) || this.#sending.has(id))) continue;
      this.#marks.delete(id);
      isChanged = true;
    }
    if (isChanged) this.#tell();
  }

  #tell(): void {
    this.changed.update((count) => count + 1);
  }
}
