import type { AccountId, ChannelId, Event, Message, MessageId, Stream } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEvent, type Outcome } from './apply.ts';
import { CAPS, emptyTables, rowOf, type Tables, write } from './tables.ts';

const me = 'me' as AccountId;
const ben = 'ben' as AccountId;
const room = 'room' as ChannelId;

function tables(head = 10): Tables {
  const made = emptyTables();
  made.me = me;
  made.streams.account = 5;
  made.streams.server = 5;
  const channel = {
    id: room,
    name: 'room',
    topic: '',
    visibility: 'public',
    history: 'all',
    archived: false,
    createdBy: null,
    createdAt: 1,
    rev: 3,
  } as const;
  made.channels.set(room, rowOf({ channel, member: true, head, lastAt: 100, readN: 8, unread: 1 }));
  return made;
}

function message(n: number, fields: Partial<Message> = {}): Message {
  return {
    id: `m${n}` as MessageId,
    channel: room,
    n,
    rev: n,
    author: ben,
    at: 100 + n,
    text: `t${n}`,
    replyTo: null,
    editedAt: null,
    deleted: false,
    mentions: [],
    reactions: [],
    ...fields,
  };
}

function apply(to: Tables, stream: Stream, event: Event): Outcome {
  const outcome = applyEvent(to, { stream, event, now: 1_000 });
  if (outcome.kind === 'applied') outcome.changes.forEach((change) => write(to, change));
  return outcome;
}

const said = (n: number, fields: Partial<Message> = {}, event: Partial<Event> = {}): Event =>
  ({ seq: n, n, kind: 'message', message: message(n, fields), ...event }) as Event;
const row = (from: Tables): unknown => {
  const { head, lastAt, readN, unread, counted, spans } = from.channels.get(room) ?? {};
  return { head, lastAt, readN, unread, counted, spans };
};

describe('applying an event', () => {
  it('counts a message of another once, moves the head and knows that it is stored', () => {
    const state = tables();
    expect(apply(state, room, said(11))).toEqual({
      kind: 'applied',
      changes: [
        { kind: 'channel', value: state.channels.get(room) },
        { kind: 'message', value: message(11) },
      ],
    });
    expect(row(state)).toEqual({
      head: 11,
      lastAt: 111,
      readN: 8,
      unread: 2,
      counted: 11,
      spans: [{ from: 11, to: 11 }],
    });
    apply(state, room, said(12, { author: me }));
    expect(row(state)).toEqual({
      head: 12,
      lastAt: 112,
      readN: 8,
      unread: 2,
      counted: 12,
      spans: [{ from: 11, to: 12 }],
    });
  });

  it('does nothing with a number that was applied, and sees a number that is missing', () => {
    const state = tables();
    const before = structuredClone(state);
    expect(apply(state, room, said(10))).toEqual({ kind: 'duplicate' });
    expect(apply(state, room, said(12))).toEqual({ kind: 'hole' });
    expect(
      apply(state, 'server', {
        seq: 9,
        n: 7,
        kind: 'server',
        server: { name: 'x', description: '', iconUrl: null, registration: 'open', rev: 7 },
      }),
    ).toEqual({ kind: 'hole' });
    expect(apply(state, 'other' as ChannelId, said(1))).toEqual({ kind: 'foreign' });
    expect(state).toEqual(before);
  });

  it('takes an edit for a change and not for a new message', () => {
    const state = tables();
    apply(state, room, said(11));
    const outcome = apply(state, room, {
      seq: 12,
      n: 12,
      kind: 'message',
      message: message(11, { rev: 12, text: 'edited' }),
    });
    expect(outcome).toMatchObject({
      kind: 'applied',
      changes: [{ kind: 'channel' }, { kind: 'message', value: { text: 'edited', rev: 12 } }],
    });
    expect(row(state)).toMatchObject({ head: 12, unread: 2, lastAt: 111 });
  });

  it('lets a marker replace the count, and counts only what came after it', () => {
    const state = tables();
    apply(state, 'account', { seq: 20, n: 6, kind: 'marker', channel: room, readN: 11, unread: 2, head: 13 });
    expect(row(state)).toMatchObject({ head: 10, readN: 11, unread: 2, counted: 13 });
    for (const n of [11, 12, 13]) apply(state, room, said(n));
    expect(row(state)).toMatchObject({ head: 13, unread: 2 });
    apply(state, room, said(14));
    expect(row(state)).toMatchObject({ unread: 3, counted: 14 });
    apply(state, 'account', { seq: 30, n: 7, kind: 'marker', channel: room, readN: 14, unread: 0, head: 14 });
    expect(row(state)).toMatchObject({ readN: 14, unread: 0 });
  });

  it('adds what a marker had not counted when messages of its tick overtook it', () => {
    const state = tables();
    for (const n of [11, 12, 13]) apply(state, room, said(n));
    apply(state, 'account', { seq: 20, n: 6, kind: 'marker', channel: room, readN: 10, unread: 1, head: 11 });
    expect(row(state)).toMatchObject({ readN: 10, unread: 3, counted: 13 });
    apply(state, 'account', { seq: 21, n: 7, kind: 'marker', channel: room, readN: 12, unread: 0, head: 12 });
    expect(row(state)).toMatchObject({ readN: 12, unread: 1, counted: 13 });
  });

  it('never moves a marker back', () => {
    const state = tables();
    apply(state, 'account', { seq: 20, n: 6, kind: 'marker', channel: room, readN: 3, unread: 9, head: 20 });
    expect(row(state)).toMatchObject({ readN: 8, unread: 1, counted: 10 });
    expect(state.streams.account).toBe(6);
  });

  it('takes the number of a body that does not belong there and nothing else', () => {
    const state = tables();
    apply(state, room, said(11, { channel: 'elsewhere' as ChannelId }));
    apply(state, room, said(12, { n: 13, rev: 13 }));
    apply(state, room, said(13, { rev: 2 }));
    apply(state, room, {
      seq: 14,
      n: 14,
      kind: 'account',
      account: { id: ben, username: 'x', displayName: 'x', role: 'owner', disabled: false, createdAt: 1, rev: 9 },
    });
    expect(row(state)).toMatchObject({ head: 14, unread: 1, lastAt: 100 });
    expect(state.accounts.size).toBe(0);
    apply(state, 'server', { seq: 15, n: 6, kind: 'message', message: message(15) });
    expect(state.streams.server).toBe(6);
    expect(row(state)).toMatchObject({ head: 14 });
  });

  it('keeps the newer of two versions of an account, a channel and the server, in any order', () => {
    const account = (rev: number, displayName: string) =>
      ({ id: ben, username: 'ben', displayName, role: 'member', disabled: false, createdAt: 1, rev }) as const;
    const state = tables();
    apply(state, 'server', { seq: 6, n: 6, kind: 'account', account: account(8, 'newer') });
    apply(state, 'server', { seq: 7, n: 7, kind: 'account', account: account(6, 'older') });
    expect(state.accounts.get(ben)?.displayName).toBe('newer');
  });

  it('drops a channel, its messages and its inbox rows when it is left; a public one stays to be joined', () => {
    const state = tables();
    apply(state, room, said(11, { mentions: [me] }));
    apply(state, 'account', {
      seq: 12,
      n: 6,
      kind: 'inbox',
      item: { message: message(11), reason: 'mention', state: 'open', rev: 6 },
    });
    expect(state.inbox.size).toBe(1);
    const outcome = apply(state, 'account', { seq: 13, n: 7, kind: 'left', channel: room });
    expect(outcome).toMatchObject({ kind: 'applied' });
    expect(outcome.kind === 'applied' && outcome.changes).toContainEqual({
      kind: 'pagesGone',
      channel: room,
      spans: [{ from: 11, to: 11 }],
    });
    expect(state.inbox.size).toBe(0);
    expect(state.channels.get(room)).toMatchObject({ member: false, unread: 0, head: 0 });
    expect(apply(state, room, said(12))).toEqual({ kind: 'foreign' });
  });

  it('keeps the message of an inbox row as new as the channel knows it', () => {
    const state = tables();
    apply(state, 'account', {
      seq: 12,
      n: 6,
      kind: 'inbox',
      item: { message: message(9, { rev: 10 }), reason: 'mention', state: 'open', rev: 6 },
    });
    apply(state, room, { seq: 13, n: 11, kind: 'message', message: message(9, { rev: 11, text: 'newest' }) });
    apply(state, 'account', {
      seq: 14,
      n: 7,
      kind: 'inbox',
      item: { message: message(9, { rev: 10, text: 'older' }), reason: 'mention', state: 'done', rev: 7 },
    });
    expect(state.inbox.get('m9' as MessageId)).toMatchObject({
      arrivedAt: 1_000,
      item: { state: 'done', rev: 7, message: { text: 'newest' } },
    });
  });

  it('counts posts of an encrypted channel, and hands every number of its stream on to whoever reads it', () => {
    const at = tables();
    const plain = at.channels.get(room);
    if (plain === undefined) throw new Error('no room');
    at.channels.set(room, { ...plain, channel: { ...plain.channel, sealed: 'group' } });
    const shell = (n: number, fields: object = {}): Event =>
      ({
        seq: n,
        n,
        kind: 'sealed',
        message: {
          ...{ id: `s${n}`, channel: room, n, author: ben, device: 1, at: 100 + n, op: 'post', target: null },
          ...{ body: 'AA', erased: false, ...fields },
        },
      }) as Event;
    const told = (event: Event): unknown => {
      const outcome = apply(at, room, event);
      return outcome.kind === 'applied'
        ? outcome.changes.flatMap((change) => (change.kind === 'sealed' ? [change.event] : []))
        : outcome.kind;
    };
    expect(told(shell(11))).toMatchObject([{ n: 11, message: { id: 's11' }, chain: null }]);
    expect(row(at)).toMatchObject({ head: 11, unread: 2, counted: 11, lastAt: 111 });
    // A change is none, nor is one's own; what belongs to another channel says nothing here.
    expect(told(shell(12, { op: 'change', target: 's11' }))).toHaveLength(1);
    expect(told(shell(13, { author: me }))).toHaveLength(1);
    expect(told(shell(14, { channel: 'elsewhere' }))).toEqual([{ n: 14, message: null, chain: null }]);
    expect(told({ seq: 15, n: 15, kind: 'chain', channel: room, version: 3 })).toEqual([
      { n: 15, message: null, chain: 3 },
    ]);
    expect(told({ seq: 16, n: 16, kind: 'member', account: ben, joined: false })).toEqual([
      { n: 16, message: null, chain: null },
    ]);
    expect(row(at)).toMatchObject({ head: 16, unread: 2 });
    expect(told(shell(11))).toBe('duplicate');
    // Once encrypted, always: whatever the server calls it later.
    const { sealed: _sealed, ...open } = at.channels.get(room)?.channel ?? plain.channel;
    apply(at, 'server', { seq: 6, n: 6, kind: 'channel', channel: { ...open, name: 'renamed', rev: 9 } });
    expect(at.channels.get(room)?.channel).toMatchObject({ name: 'renamed', sealed: 'group' });
    const state = { channel: { ...open, rev: 10 }, member: true, head: 20, lastAt: 1, readN: 0, unread: 0 };
    apply(at, 'account', { seq: 6, n: 6, kind: 'joined', state });
    expect(at.channels.get(room)?.channel.sealed).toBe('group');
  });

  it('keeps no more than its caps, whatever a server tells (T34)', () => {
    const state = tables();
    for (let i = 0; i < CAPS.inbox + 50; i++) {
      apply(state, 'account', {
        seq: i,
        n: 6 + i,
        kind: 'inbox',
        item: { message: message(1, { id: `i${i}` as MessageId }), reason: 'mention', state: 'open', rev: 6 + i },
      });
    }
    expect(state.inbox.size).toBe(CAPS.inbox);
    for (let i = 0; i < CAPS.channels + 50; i++) {
      const channel = {
        id: `c${i}` as ChannelId,
        name: 'c',
        topic: '',
        visibility: 'public',
        history: 'all',
        archived: false,
        createdBy: null,
        createdAt: 1,
        rev: i,
      } as const;
      apply(state, 'server', { seq: i, n: 6 + i, kind: 'channel', channel });
    }
    expect(state.channels.size).toBe(CAPS.channels);
  });

  it('always has room for the newest thing that needs the person: what is done goes first, then what is oldest', () => {
    const state = tables();
    const tell = (i: number, done: boolean): void => {
      apply(state, 'account', {
        seq: i,
        n: 6 + i,
        kind: 'inbox',
        item: {
          message: message(1, { id: `i${i}` as MessageId }),
          reason: 'mention',
          state: done ? 'done' : 'open',
          rev: 6 + i,
        },
      });
    };
    // Two of them are done, one of these late.
    for (let i = 0; i < CAPS.inbox; i++) tell(i, i === 5 || i === 900);
    const has = (i: number): boolean => state.inbox.has(`i${i}` as MessageId);
    const gone: number[] = [];
    for (let i = CAPS.inbox; i < CAPS.inbox + 4; i++) {
      tell(i, false);
      expect(has(i)).toBe(true);
      gone.push(...Array.from({ length: i }, (_, old) => old).filter((old) => !has(old) && !gone.includes(old)));
    }
    expect(gone).toEqual([5, 900, 0, 1]);
    expect(state.inbox.size).toBe(CAPS.inbox);
  });

  it('ends in the same state for any numbers a server may send, in bounded work (T34)', () => {
    const number = fc.oneof(fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1), fc.nat(30));
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number, number), { maxLength: 40 }), (numbers) => {
        const state = tables();
        for (const [n, place, rev] of numbers)
          apply(state, room, { seq: n, n, kind: 'message', message: message(place, { rev }) });
        const { head, counted, unread } = state.channels.get(room) as { head: number; counted: number; unread: number };
        expect(head).toBeLessThanOrEqual(10 + numbers.length);
        expect(counted).toBeLessThanOrEqual(head);
        expect(unread).toBeLessThanOrEqual(1 + numbers.length);
      }),
    );
  });
});
