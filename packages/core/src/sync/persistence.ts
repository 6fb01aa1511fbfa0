import { account, type AccountId, channel, inboxItem, type Position, position, serverProfile } from '@skerry/protocol';
import type { CacheStore, Write } from '../stores/stores.ts';
import { type ChannelRow, emptyTables, type InboxEntry, type Tables } from './tables.ts';

export type Standing = {
  readonly cursor: Position | null;
  /** Device time at which what is stored was last known to be all there is. */
  readonly liveAt: number | null;
  /**
   * Something later than the cursor is stored as well. Going on from the cursor would then be wrong in one case: the
   * server lost just that (a restored backup), which only a snapshot mends.
   */
  readonly isAhead: boolean;
};
/** Rows of the tables that differ from what is stored. */
export type Dirty = { readonly accounts: Set<string>; readonly channels: Set<string>; readonly inbox: Set<string> };

const FORMAT = 1;

/**
 * All tables of an entry in one go.
 * @returns `empty` when nothing was stored, `unreadable` when what is there is not what this program writes
 * @throws StoreBroken
 */
export async function loadTables(
  cache: CacheStore,
): Promise<{ tables: Tables; standing: Standing } | 'empty' | 'unreadable'> {
  const meta = (await cache.get('meta', 'entry'))?.value;
  if (meta === undefined) return 'empty';
  const [accounts, channels, inbox] = await Promise.all(
    ['accounts', 'channels', 'inbox'].map((table) => cache.range(table, {})),
  );
  const tables = emptyTables();
  try {
    const { format, cursor, liveAt, isAhead, server, me, streams } = meta as Record<string, unknown>;
    if (format !== FORMAT) return 'unreadable';
    tables.server = serverProfile.parse(server);
    tables.me = me as AccountId;
    Object.assign(tables.streams, numbers(streams, ['server', 'account']));
    for (const row of accounts ?? []) for (const one of accountsOf(row.value)) tables.accounts.set(one.id, one);
    for (const row of channels ?? []) {
      const read = channelRow(row.value);
      tables.channels.set(read.channel.id, read);
    }
    for (const row of inbox ?? []) {
      const { item, arrivedAt } = row.value as InboxEntry;
      tables.inbox.set(item.message.id, {
        item: inboxItem.parse(item),
        arrivedAt: numbers({ arrivedAt }, ['arrivedAt']).arrivedAt ?? 0,
      });
    }
    const standing = {
      cursor: cursor === null ? null : position.parse(cursor),
      liveAt: liveAt === null ? null : Number(liveAt),
      isAhead: isAhead !== false,
    };
    return { tables, standing };
  } catch {
    return 'unreadable';
  }
}

/** What is needed, in one commit, to make the stored tables equal to these. */
export function writesOf(tables: Tables, standing: Standing, dirty: Dirty): Write[] {
  const { server, me, streams } = tables;
  const buckets = new Map([...dirty.accounts].map((id) => [bucketOf(id), [] as unknown[]] as const));
  if (buckets.size > 0) for (const one of tables.accounts.values()) buckets.get(bucketOf(one.id))?.push(one);
  return [
    { table: 'meta', key: 'entry', value: { format: FORMAT, ...standing, server, me, streams } },
    ...[...buckets].map(([key, list]) => put('accounts', key, list.length === 0 ? undefined : list)),
    ...[...dirty.channels].map((id) => put('channels', id, tables.channels.get(id as never))),
    ...[...dirty.inbox].map((id) => put('inbox', id, tables.inbox.get(id as never))),
  ];
}

function put(table: string, key: string, value: unknown): Write {
  return value === undefined ? { table, key, delete: true } : { table, key, value };
}

/** Accounts lie together, up to some hundred in a row: a hundred thousand rows would take a browser ten seconds to write. */
function bucketOf(id: string): string {
  return id.slice(-2);
}

function accountsOf(value: unknown): ReturnType<typeof account.parse>[] {
  return (value as unknown[]).map((one) => account.parse(one));
}

function channelRow(value: unknown): ChannelRow {
  const row = value as ChannelRow;
  numbers(row, ['head', 'lastAt', 'readN', 'unread', 'counted']);
  if (!row.since.every((n) => typeof n === 'number')) throw new TypeError('since is not of numbers');
  row.spans.forEach((span) => numbers(span, ['from', 'to']));
  return { ...row, channel: channel.parse(row.channel), member: row.member === true };
}

/** @throws TypeError when one of the fields is no number */
function numbers(value: unknown, names: readonly string[]): Record<string, number> {
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(
    names.map((name) => {
      const field = fields[name];
      if (typeof field !== 'number') throw new TypeError(`${name} is not a number`);
      return [name, field];
    }),
  );
}
