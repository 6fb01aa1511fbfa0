import type { Event, Message, Stream } from '@skerry/protocol';
import { extendTo } from '../messages/spans.ts';
import { unreachable } from '../unreachable.ts';
import {
  CAPS,
  type Change,
  type ChannelRow,
  type InboxEntry,
  rowOf,
  sameKind,
  strangeRow,
  type Tables,
} from './tables.ts';

/**
 * `duplicate`: applied before; `hole`: something before it is missing; `foreign`: of a channel this account is not in.
 * None of these three changes anything.
 */
export type Outcome =
  | { readonly kind: 'applied'; readonly changes: readonly Change[] }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'hole' }
  | { readonly kind: 'foreign' };

type Arrived = { readonly stream: Stream; readonly event: Event; readonly now: number };

/**
 * What one event does to the tables: pure, and strict about numbers. Each stream is applied as 1, 2, 3, …, so a repeated,
 * late or reordered frame finds its number taken, and a missing one is noticed at the next. I3, I14.
 *
 * An event with the right number and a body that does not belong there takes its number and does nothing else.
 * @param arrived.now device time in Unix milliseconds
 */
export function applyEvent(tables: Tables, arrived: Arrived): Outcome {
  const { stream, event } = arrived;
  if (isWhole(stream)) {
    const place = compare(event.n, tables.streams[stream]);
    if (place !== 'next') return { kind: place };
    const changes = stream === 'server' ? serverEvent(tables, event) : accountEvent(tables, arrived);
    return { kind: 'applied', changes: [...changes, { kind: 'stream', stream, n: event.n }] };
  }
  const row = tables.channels.get(stream);
  if (row === undefined || !row.member) return { kind: 'foreign' };
  const place = compare(event.n, row.head);
  if (place !== 'next') return { kind: place };
  const next = { ...row, head: event.n, spans: extendTo(row.spans, event.n) };
  const changes = channelEvent(tables, next, event);
  return {
    kind: 'applied',
    changes: row.channel.sealed === undefined ? changes : [...changes, sealedEvent(row, event)],
  };
}

/** Every number of an encrypted channel's stream, so that whoever reads it knows what is missing. */
function sealedEvent({ channel }: ChannelRow, event: Event): Change {
  const message = event.kind === 'sealed' && event.message.channel === channel.id ? event.message : null;
  const chain = event.kind === 'chain' && event.channel === channel.id ? event.version : null;
  return { kind: 'sealed', channel: channel.id, event: { n: event.n, message, chain } };
}

/** The two streams every account has; any other name is a channel's. */
function isWhole(stream: Stream): stream is 'server' | 'account' {
  return stream === 'server' || stream === 'account';
}

function compare(n: number, head: number): 'next' | 'duplicate' | 'hole' {
  return n === head + 1 ? 'next' : n <= head ? 'duplicate' : 'hole';
}

function serverEvent(tables: Tables, event: Event): readonly Change[] {
  switch (event.kind) {
    case 'server':
      return event.server.rev > (tables.server?.rev ?? -1) ? [{ kind: 'server', value: event.server }] : [];
    case 'account': {
      const known = tables.accounts.get(event.account.id);
      if (known === undefined && tables.accounts.size >= CAPS.accounts) return [];
      return event.account.rev > (known?.rev ?? -1) ? [{ kind: 'account', value: event.account }] : [];
    }
    case 'channel': {
      const known = tables.channels.get(event.channel.id);
      if (known !== undefined) return renamed(known, event.channel);
      const isRoom = tables.channels.size < CAPS.channels && event.channel.visibility === 'public';
      return isRoom ? [{ kind: 'channel', value: strangeRow(event.channel) }] : [];
    }
    case 'message':
    case 'member':
    case 'hidden':
    case 'sealed':
    case 'chain':
    case 'joined':
    case 'left':
    case 'marker':
    case 'inbox':
    case 'machines':
      return [];
    default:
      return unreachable(event);
  }
}

function accountEvent(tables: Tables, { event, now }: Arrived): readonly Change[] {
  switch (event.kind) {
    case 'joined': {
      const { channel, member } = event.state;
      const known = tables.channels.get(channel.id);
      if (known === undefined && tables.channels.size >= CAPS.channels) return [];
      // A replayed one tells of now: by then the account may have left again.
      if (!member) return left(tables, channel.id);
      return [
        { kind: 'channel', value: rowOf({ ...event.state, channel: sameKind(known?.channel, channel) }) },
        { kind: 'pagesGone', channel: channel.id, spans: known?.spans ?? [] },
      ];
    }
    case 'left':
      return left(tables, event.channel);
    case 'marker': {
      const row = tables.channels.get(event.channel);
      if (row === undefined || !row.member || event.readN < row.readN) return [];
      // A server may send events of one tick stream by stream: what it had not counted yet is added to its sum.
      const since = row.since.filter((n) => n > event.head && n > event.readN);
      const sum = { unread: event.unread + since.length, counted: Math.max(row.counted, event.head), since };
      return [{ kind: 'channel', value: { ...row, readN: event.readN, ...sum } }];
    }
    case 'inbox': {
      const { item } = event;
      const known = tables.inbox.get(item.message.id);
      if (tables.channels.get(item.message.channel)?.member !== true) return [];
      if (known !== undefined && known.item.rev >= item.rev) return [];
      const message = known === undefined ? item.message : newer(known.item.message, item.message);
      const value = { item: { ...item, message }, arrivedAt: known?.arrivedAt ?? now };
      return [...(known === undefined ? madeRoom(tables) : []), { kind: 'inbox', value }];
    }
    case 'machines':
      return [{ kind: 'machines', item: event.item }];
    case 'message':
    case 'member':
    case 'hidden':
    case 'sealed':
    case 'chain':
    case 'channel':
    case 'account':
    case 'server':
      return [];
    default:
      return unreachable(event);
  }
}

/** A full inbox lets go of what is done, then of what is oldest: the newest is what the person must not miss. */
function madeRoom({ inbox }: Tables): readonly Change[] {
  if (inbox.size < CAPS.inbox) return [];
  let least: InboxEntry | undefined;
  for (const entry of inbox.values()) if (least === undefined || matters(entry) < matters(least)) least = entry;
  return least === undefined ? [] : [{ kind: 'inboxGone', message: least.item.message.id }];
}

/** What is done matters less than anything that is not; after that the later change counts. */
function matters({ item }: InboxEntry): number {
  return item.state === 'done' ? item.rev - Number.MAX_SAFE_INTEGER : item.rev;
}

function channelEvent(tables: Tables, row: ChannelRow, event: Event): readonly Change[] {
  const stays: Change = { kind: 'channel', value: row };
  switch (event.kind) {
    case 'message': {
      const { message } = event;
      if (message.channel !== row.channel.id || message.n > event.n || message.rev < event.n) return [stays];
      const known = tables.inbox.get(message.id);
      const inbox: Change[] =
        known !== undefined && message.rev > known.item.message.rev
          ? [{ kind: 'inbox', value: { ...known, item: { ...known.item, message } } }]
          : [];
      const value = message.n === event.n ? counted(tables, row, message) : row;
      return [{ kind: 'channel', value }, { kind: 'message', value: message }, ...inbox];
    }
    case 'member':
      return [
        stays,
        { kind: 'member', channel: row.channel.id, n: event.n, account: event.account, joined: event.joined },
      ];
    case 'channel':
      return event.channel.id === row.channel.id && event.channel.visibility === 'private'
        ? [stays, ...renamed(row, event.channel)]
        : [stays];
    case 'sealed': {
      const { message } = event;
      const isNew = message.channel === row.channel.id && message.n === event.n && message.op === 'post';
      return isNew ? [{ kind: 'channel', value: counted(tables, row, message) }] : [stays];
    }
    case 'hidden':
    case 'chain':
    case 'account':
    case 'server':
    case 'joined':
    case 'left':
    case 'marker':
    case 'inbox':
    case 'machines':
      return [stays];
    default:
      return unreachable(event);
  }
}

/** A message was made: it counts as unread once, unless a marker or a snapshot counted it before. L-12 */
function counted(tables: Tables, row: ChannelRow, message: Pick<Message, 'n' | 'at' | 'author'>): ChannelRow {
  const lastAt = Math.max(row.lastAt, message.at);
  if (message.n <= row.counted) return { ...row, lastAt };
  const isUnread = message.n > row.readN && message.author !== tables.me;
  if (!isUnread) return { ...row, lastAt, counted: message.n };
  return {
    ...row,
    lastAt,
    counted: message.n,
    unread: row.unread + 1,
    since: [...row.since, message.n].slice(-CAPS.since),
  };
}

function renamed(row: ChannelRow, channel: ChannelRow['channel']): readonly Change[] {
  const value = { ...row, channel: sameKind(row.channel, channel) };
  return channel.rev > row.channel.rev ? [{ kind: 'channel', value }] : [];
}

function left(tables: Tables, id: ChannelRow['channel']['id']): readonly Change[] {
  const row = tables.channels.get(id);
  if (row === undefined) return [];
  const inbox = [...tables.inbox.values()].filter(({ item }) => item.message.channel === id);
  return [
    row.channel.visibility === 'public'
      ? { kind: 'channel', value: strangeRow(row.channel) }
      : { kind: 'channelGone', channel: id },
    { kind: 'pagesGone', channel: id, spans: row.spans },
    ...inbox.map(({ item }): Change => ({ kind: 'inboxGone', message: item.message.id })),
  ];
}

function newer(a: Message, b: Message): Message {
  return a.rev > b.rev ? a : b;
}
