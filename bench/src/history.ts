import path from 'node:path';
import type { ChannelId } from '@skerry/protocol';
import Libsql from 'libsql';
import { parts } from '@skerry/server';
import type { Row } from './row.ts';
import { median } from './shared/median.ts';
import { newId, settle, type Person } from './shared/people.ts';
import { TempFolder } from './shared/temp-folder.ts';

const MESSAGES = 1_000_000;
const CHANNELS = 1_000;
const PAGE = 50;
const ROUNDS = 5;
const ROUND_MS = 1_500;
const GOALS: Readonly<Record<number, number>> = { 1: 0.4, 8: 0.7 };

/**
 * A page of 50 messages somewhere in a channel, out of a million in a thousand channels: through the read worker, with
 * the check of membership and as the finished body of the answer, beside the bare prepared statement.
 */
export async function benchHistory(): Promise<readonly Row[]> {
  using folder = new TempFolder();
  const file = path.join(folder.path, 'history.db');
  await using db = await parts.Database.open({ file, faults: parts.NO_FAULTS, onBug: rethrow, onDeath: rethrow });
  const { people } = await settle(db, 1);
  const [person] = people;
  if (person === undefined) throw new Error('nobody is here');
  const channels = await fill(file, db, person);
  const raw = new Libsql(file);
  const page = raw.prepare('SELECT * FROM messages WHERE channel_id = ? AND n < ? ORDER BY n DESC LIMIT ?');
  const rows: Row[] = [];
  for (const inFlight of [1, 8]) {
    const figures = { ours: [] as number[], raw: [] as number[] };
    for (let round = -1; round < ROUNDS; round++) {
      const ours = await pagesThrough(db, { person, channels, inFlight });
      const bare = pagesRaw((channel, before) => page.all(channel, before, PAGE).length, channels);
      if (round < 0) continue;
      figures.ours.push(ours);
      figures.raw.push(bare);
    }
    const ratio = median(figures.ours.map((value, round) => value / (figures.raw[round] ?? Number.NaN)));
    const goal = GOALS[inFlight] ?? 0;
    rows.push({
      name: `History page of ${PAGE} at ${MESSAGES.toLocaleString('en-US')} messages, ${inFlight} in flight`,
      value: median(figures.ours),
      unit: 'per second',
      peer: { name: 'raw prepared statement', value: median(figures.raw) },
      ratio,
      goal: `≥ ${goal}x`,
      reached: ratio >= goal,
    });
  }
  raw.close();
  return rows;
}

type Place = { readonly channel: ChannelId; readonly before: number };
const PER_CHANNEL = MESSAGES / CHANNELS;

/** The same places in the same order for both. */
function places(channels: readonly ChannelId[]): () => Place {
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % below;
  };
  return () => ({
    channel: channels[next(channels.length)] ?? newId<ChannelId>(),
    before: PAGE + 2 + next(PER_CHANNEL - PAGE),
  });
}

async function pagesThrough(
  db: parts.Database,
  { person, channels, inFlight }: { person: Person; channels: readonly ChannelId[]; inFlight: number },
): Promise<number> {
  const next = places(channels);
  const start = performance.now();
  let pages = 0;
  let bytes = 0;
  const reader = async () => {
    while (performance.now() - start < ROUND_MS) {
      const { channel, before } = next();
      const body = await db.read('messages.page', {
        account: person.account,
        channel,
        place: { at: 'before', n: before },
        limit: PAGE,
      });
      bytes += body.length;
      pages += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, reader));
  if (bytes / pages < PAGE * 250) throw new Error('pages are not full');
  return (pages / (performance.now() - start)) * 1_000;
}

function pagesRaw(read: (channel: string, before: number) => number, channels: readonly ChannelId[]): number {
  const next = places(channels);
  const start = performance.now();
  let pages = 0;
  while (performance.now() - start < ROUND_MS) {
    const { channel, before } = next();
    if (read(channel, before) !== PAGE) throw new Error('a page is not full');
    pages += 1;
  }
  return (pages / (performance.now() - start)) * 1_000;
}

/** Channels by commands, messages straight into the table, in the order in which a busy server would write them. */
async function fill(file: string, db: parts.Database, person: Person): Promise<ChannelId[]> {
  const channels = Array.from({ length: CHANNELS }, () => newId<ChannelId>());
  const command = { kind: 'channel.create', name: 'channel', topic: '', visibility: 'public', history: 'all' };
  await Promise.all(
    channels.map((id) =>
      db.write('command.run', { ...person, id: id as string as never, json: JSON.stringify(command) }),
    ),
  );
  const driver = await parts.openDriver(file, 'write');
  driver.exec('CREATE TEMP TABLE places (k INTEGER PRIMARY KEY, id TEXT)');
  const place = driver.prepare('INSERT INTO places VALUES (?, ?)');
  channels.forEach((id, k) => place.run([k, id]));
  const at = Date.now() - MESSAGES;
  // Numbers come in as floating point, which would make every division a fraction.
  // The join event of whoever made the channel is its first, so messages begin at 2.
  const insert = driver.prepare(
    `INSERT INTO messages (channel_id, n, id, rev, author, at, text, place)
     WITH RECURSIVE i (v) AS (VALUES (CAST(?1 AS INTEGER)) UNION ALL SELECT v + 1 FROM i WHERE v + 1 < ?2)
     SELECT p.id, v / ${CHANNELS} + 2, printf('01890a5d-%04x-7%03x-8000-%012x', v / 65536, v % 4096, v), v / ${CHANNELS} + 2, ?3, CAST(?4 AS INTEGER) + v,
       'Message ' || v || ', about as long as people write them here.', v / ${CHANNELS} + 1
     FROM i CROSS JOIN places p ON p.k = v % ${CHANNELS}`,
  );
  const step = 50_000;
  for (let from = 0; from < MESSAGES; from += step) insert.run([from, from + step, person.account, at]);
  driver.exec(`UPDATE streams SET head = ${PER_CHANNEL + 1}, messages = ${PER_CHANNEL} WHERE stream LIKE 'channel:%'`);
  driver.close();
  return channels;
}

function rethrow(error: unknown): never {
  throw error;
}
