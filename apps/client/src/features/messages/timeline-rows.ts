import type { AccountId, Message } from '@skerry/protocol';
import type { PendingMessage, TimelineMessage, TimelineView } from '@skerry/core';

/** What stands above a row: the heading of its day, the "New" line. */
type Above = {
  /** First of its day: the day's time, for the heading. */
  readonly day: number | null;
  /** The "New" line stands above it. */
  readonly isNew: boolean;
  /** Shows who wrote it; the rows that follow closely from the same person do not. */
  readonly head: boolean;
};

export type MessageRow = Above & { readonly kind: 'message'; readonly key: string; readonly entry: TimelineMessage };
/** A line of the conversation itself, in the place of a message. */
export type LineRow = Above & { readonly kind: 'line'; readonly key: string; readonly entry: TimelineMessage };
export type PendingRow = Above & { readonly kind: 'pending'; readonly key: string; readonly pending: PendingMessage };
export type SavedRow = { readonly kind: 'saved'; readonly key: 'saved'; readonly at: number };
export type TimelineRow = MessageRow | LineRow | PendingRow | SavedRow;

/** A window of fewer messages shows all of them, whatever stands before. */
const FEW = 20;
const GROUP_MS = 5 * 60_000;

type Previous = { readonly author: string; readonly at: number } | undefined;

/**
 * One row per message, then the "Saved up to" line, then what waits to be sent. Rows that did not change are the same
 * objects as in `before`, so that a list of 100,000 draws only what is new.
 */
export class TimelineRows {
  readonly #me: AccountId | undefined;
  #rows: readonly TimelineRow[] = [];
  #known = new Map<string, TimelineRow>();

  constructor(me: AccountId | undefined) {
    this.#me = me;
  }

  next(view: Pick<TimelineView, 'messages' | 'pending' | 'savedUpTo' | 'newAfter' | 'older'>): readonly TimelineRow[] {
    const rows: TimelineRow[] = [];
    const days = new Days();
    let previous: Previous;
    // The first message of a window is not the first new one while there are older ones that are not in it.
    const reachesBack = !view.older || (view.messages[0]?.message.n ?? 0) <= (view.newAfter ?? 0);
    let isNewPlaced = !reachesBack;
    // How a row is drawn depends on the one before it. The first of a window has none that is known, and would change its
    // height, and with it the place of all others, when older ones come: so it waits for them.
    const [first] = view.messages;
    const waits = view.older && view.messages.length > FEW && first !== undefined;
    if (waits) {
      days.opens(first.message.at);
      previous = first.message;
    }
    for (const entry of waits ? view.messages.slice(1) : view.messages) {
      const { message } = entry;
      if (entry.sealed?.system) {
        const opens = days.opens(message.at);
        rows.push(this.#kept({ kind: 'line', key: message.id, entry, day: opens, isNew: false, head: true }));
        previous = undefined;
        continue;
      }
      const isNew = !isNewPlaced && view.newAfter !== null && message.n > view.newAfter && message.author !== this.#me;
      if (isNew) isNewPlaced = true;
      const day = days.opens(message.at);
      const head = day !== null || isNew || message.replyTo !== null || !follows(previous, message);
      rows.push(this.#kept({ kind: 'message', key: message.id, entry, day, isNew, head }));
      previous = message;
    }
    if (view.savedUpTo !== null && rows.length > 0) {
      rows.push(this.#kept({ kind: 'saved', key: 'saved', at: view.savedUpTo }));
      previous = undefined;
    }
    for (const pending of view.pending) {
      const day = days.opens(pending.writtenAt);
      const own = { author: this.#me ?? '', at: pending.writtenAt };
      const head =
        day !== null || pending.replyTo !== null || pending.state.kind === 'parked' || !follows(previous, own);
      rows.push(this.#kept({ kind: 'pending', key: pending.id, pending, day, isNew: false, head }));
      previous = own;
    }
    this.#known = new Map(rows.map((row) => [row.key, row]));
    this.#rows = rows;
    return this.#rows;
  }

  /** The message of that id as it is shown now. */
  messageOf(id: string): Message | undefined {
    const row = this.#known.get(id);
    return row?.kind === 'message' ? row.entry.message : undefined;
  }

  #kept(row: TimelineRow): TimelineRow {
    const old = this.#known.get(row.key);
    return old !== undefined && isSame(old, row) ? old : row;
  }
}

function follows(previous: Previous, next: { readonly author: string; readonly at: number }): boolean {
  return previous !== undefined && previous.author === next.author && next.at - previous.at < GROUP_MS;
}

function isSame(a: TimelineRow, b: TimelineRow): boolean {
  if (a.kind === 'saved') return b.kind === 'saved' && a.at === b.at;
  if (b.kind === 'saved') return false;
  if (a.day !== b.day || a.isNew !== b.isNew || a.head !== b.head) return false;
  if (a.kind === 'message' || a.kind === 'line') return b.kind === a.kind && a.entry === b.entry;
  return b.kind === 'pending' && a.pending === b.pending;
}

/** Finds where a new day begins. Asks the calendar once per day and not once per message. */
class Days {
  #from = 1;
  #to = 0;

  opens(at: number): number | null {
    if (at >= this.#from && at < this.#to) return null;
    // Clocks of servers drift: a message a little older than the one before opens no second heading.
    if (this.#to > 0 && at < this.#from) return null;
    const day = new Date(at);
    this.#from = new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
    this.#to = new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime();
    return at;
  }
}

/** How one list of rows became the next, for a virtual list that must keep its place. */
export type RowChange =
  | { readonly kind: 'same' }
  /** `start` rows were added (or, when negative, dropped) at the top, `end` at the bottom. */
  | { readonly kind: 'moved'; readonly start: number; readonly end: number }
  /** Another stretch of the conversation: nothing is kept. */
  | { readonly kind: 'replaced' };

export function rowChange(before: readonly TimelineRow[], after: readonly TimelineRow[]): RowChange {
  if (before === after) return { kind: 'same' };
  const first = before.find((row) => row.kind === 'message' || row.kind === 'line');
  if (first === undefined || after.length === 0) return { kind: 'replaced' };
  const found = after.findIndex((row) => row.key === first.key);
  if (found >= 0) return { kind: 'moved', start: found, end: after.length - before.length - found };
  const head = after[0];
  const dropped = head === undefined ? -1 : before.findIndex((row) => row.key === head.key);
  if (dropped > 0) return { kind: 'moved', start: -dropped, end: after.length - before.length + dropped };
  return { kind: 'replaced' };
}
