import type { AccountId, ChannelId, Message, MessageId } from '@skerry/protocol';
import type { TimelineMessage, TimelineView } from '@skerry/core';
import { describe, expect, it } from 'vitest';
import { rowChange, TimelineRows } from './timeline-rows.ts';

const ada = 'ada' as AccountId;
const ben = 'ben' as AccountId;
const NOON = new Date(2026, 2, 3, 12).getTime();

function entry(n: number, changes: Partial<Message> = {}): TimelineMessage {
  const message: Message = {
    id: `m${n}` as MessageId,
    channel: 'c' as ChannelId,
    n,
    rev: n,
    author: ben,
    at: NOON + n * 1000,
    text: `text ${n}`,
    replyTo: null,
    editedAt: null,
    deleted: false,
    mentions: [],
    reactions: [],
    ...changes,
  };
  return { message, pendingEdit: false };
}

const view = (messages: readonly TimelineMessage[], changes: Partial<TimelineView> = {}): TimelineView => ({
  status: 'fresh',
  messages,
  pending: [],
  older: false,
  newer: false,
  loadingOlder: false,
  loadingNewer: false,
  error: null,
  savedUpTo: null,
  newAfter: null,
  ...changes,
});

const shape = (rows: ReturnType<TimelineRows['next']>): string[] =>
  rows.map((row) =>
    row.kind === 'saved'
      ? 'saved'
      : `${row.key}${row.head ? ' head' : ''}${row.day === null ? '' : ' day'}${row.isNew ? ' new' : ''}`,
  );

describe('TimelineRows', () => {
  it('names the writer once for messages that follow closely', () => {
    const rows = new TimelineRows(ada).next(
      view([entry(1), entry(2), entry(3, { author: ada }), entry(4, { at: NOON + 10 * 60_000 })]),
    );
    expect(shape(rows)).toEqual(['m1 head day', 'm2', 'm3 head', 'm4 head']);
  });

  it('puts a line of the conversation between the messages, names the writer anew after it, and lets it be no news', () => {
    const line: TimelineMessage = {
      ...entry(2),
      sealed: { mark: null, system: { kind: 'left', account: ada }, attachments: [] },
    };
    const rows = new TimelineRows(ada).next(view([entry(1), line, entry(3)], { newAfter: 1 }));
    expect(rows.map((row) => row.kind)).toEqual(['message', 'line', 'message']);
    expect(shape(rows)).toEqual(['m1 head day', 'm2 head', 'm3 head new']);
  });

  it('opens each day with a heading, and none for a clock that runs a little back', () => {
    const midnight = new Date(2026, 2, 4).getTime();
    const rows = new TimelineRows(ada).next(
      view([entry(1, { at: midnight - 2000 }), entry(2, { at: midnight + 1000 }), entry(3, { at: midnight - 500 })]),
    );
    expect(shape(rows)).toEqual(['m1 head day', 'm2 head day', 'm3']);
  });

  it('puts the New line above the first message of somebody else after the marker', () => {
    const rows = new TimelineRows(ada).next(
      view([entry(1), entry(2, { author: ada }), entry(3), entry(4)], { newAfter: 1 }),
    );
    expect(shape(rows)).toEqual(['m1 head day', 'm2 head', 'm3 head new', 'm4']);
  });

  it('claims no first new message while older ones are not in the window', () => {
    const messages = [entry(5), entry(6)];
    expect(shape(new TimelineRows(ada).next(view(messages, { newAfter: 1, older: true })))).toEqual([
      'm5 head day',
      'm6',
    ]);
    expect(shape(new TimelineRows(ada).next(view(messages, { newAfter: 1 })))).toEqual(['m5 head day new', 'm6']);
  });

  it('draws no row that would change when older ones come', () => {
    const all = Array.from({ length: 60 }, (_, n) =>
      entry(n, { at: NOON + n * 60_000, author: n % 7 < 4 ? ben : ada }),
    );
    const rows = new TimelineRows(ada);
    const before = rows.next(view(all.slice(30), { older: true }));
    expect(before[0]?.key).toBe('m31');
    const after = rows.next(view(all));
    expect(after).toHaveLength(60);
    expect(after.slice(31)).toEqual(before);
    for (const [at, row] of before.entries()) expect(after[31 + at]).toBe(row);
  });

  it('puts what waits to be sent below the line up to which is saved', () => {
    const pending = [
      {
        id: 'p1' as MessageId,
        channel: 'c' as ChannelId,
        text: 'later',
        replyTo: null,
        writtenAt: NOON + 2000,
        state: { kind: 'waiting' } as const,
        edits: null,
      },
    ];
    const rows = new TimelineRows(ada).next(view([entry(1, { author: ada })], { pending, savedUpTo: NOON }));
    expect(shape(rows)).toEqual(['m1 head day', 'saved', 'p1 head']);
  });

  it('keeps the object of a row that did not change', () => {
    const rows = new TimelineRows(ada);
    const messages = [entry(1), entry(2)];
    const before = rows.next(view(messages));
    const after = rows.next(view([entry(0, { at: NOON - 60_000 }), ...messages, entry(3)]));
    // The first one lost its heading, so it is drawn anew; the second is untouched.
    expect(after[1]).not.toBe(before[0]);
    expect(after[2]).toBe(before[1]);
  });
});

describe('rowChange', () => {
  const rows = (...numbers: number[]): ReturnType<TimelineRows['next']> =>
    new TimelineRows(ada).next(view(numbers.map((n) => entry(n))));

  it('counts what came at the top and at the bottom', () => {
    expect(rowChange(rows(3, 4), rows(1, 2, 3, 4, 5))).toEqual({ kind: 'moved', start: 2, end: 1 });
    expect(rowChange(rows(1, 2), rows(1, 2, 3))).toEqual({ kind: 'moved', start: 0, end: 1 });
  });

  it('counts what was let go at the top', () => {
    expect(rowChange(rows(1, 2, 3), rows(3, 4))).toEqual({ kind: 'moved', start: -2, end: 1 });
  });

  it('tells another stretch of the conversation from a longer one', () => {
    expect(rowChange(rows(1, 2), rows(8, 9))).toEqual({ kind: 'replaced' });
    expect(rowChange([], rows(8))).toEqual({ kind: 'replaced' });
  });
});
