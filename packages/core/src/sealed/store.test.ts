import 'fake-indexeddb/auto';
import type { AccountId, ChannelId, MessageId } from '@skerry/protocol';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openIndexedDbState } from '../adapters/indexeddb-tables.ts';
import { openSqliteState } from '../adapters/sqlite-tables.ts';
import { createStorage } from '../keys/storage.ts';
import { memoryState, MemoryDatabase } from '../stores/memory-tables.ts';
import type { StateStore } from '../stores/stores.ts';
import { lineOf, placeOf, type SealedRow, withPost } from './rows.ts';
import { SealedStore } from './store.ts';

const CHANNEL = '0197f3f4-0000-7000-8000-000000000001' as ChannelId;
const OTHER = '0197f3f4-0000-7000-8000-000000000002' as ChannelId;
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)), fraction: () => 0.5 };
const key = random.bytes(32);
const folder = mkdtempSync(path.join(tmpdir(), 'skerry-test-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function row(n: number, text: string, channel = CHANNEL): SealedRow {
  const id = `0197f3f4-0000-7000-9000-${n.toString(16).padStart(8, '0')}${channel.slice(-4)}` as MessageId;
  const shell = { id, channel, n, author: 'anna' as AccountId, device: 1, at: n, op: 'post', target: null } as const;
  return withPost(placeOf(shell, null), { text, replyTo: null, mentions: [], attachments: [] });
}

function storeOver(state: StateStore): SealedStore {
  return new SealedStore({ state, storage: createStorage(state, { key, random }).storage });
}

const kinds: readonly [string, () => Promise<StateStore> | StateStore][] = [
  ['memory', () => memoryState()],
  ['SQLite', () => openSqliteState(path.join(mkdtempSync(`${folder}-`), 'state.db'))],
  ['IndexedDB', () => openIndexedDbState(`sealed-${randomBytes(4).toString('hex')}`)],
];

describe.each(kinds)('the sealed store over %s', (_name, open) => {
  it('gives the places of one channel in their order, lines between messages among them', async () => {
    const store = storeOver(await open());
    const line = lineOf({ kind: 'readsSince' }, { id: 'line', channel: CHANNEL, n: 2.25, at: 1 });
    await store.commit((draft) => {
      for (const n of [3, 1, 2, 10]) draft.put(row(n, `text ${n}`));
      draft.put(row(2, 'elsewhere', OTHER));
      draft.put(line);
    });
    const of = (part: Parameters<SealedStore['rows']>[1]) =>
      store.rows(CHANNEL, part).then((rows) => rows.map(({ n }) => n));
    expect(await of({ from: 0, to: 99, limit: 99 })).toEqual([1, 2, 2.25, 3, 10]);
    expect(await of({ from: 0, to: 99, limit: 2 })).toEqual([3, 10]);
    expect(await of({ from: 0, to: 99, limit: 2, oldest: true })).toEqual([1, 2]);
    expect(await of({ from: 2, to: 3, limit: 9 })).toEqual([2, 2.25, 3]);
    expect(await of({ from: 9, to: 3, limit: 9 })).toEqual([]);
    expect((await store.row(row(3, '').id))?.post?.text).toBe('text 3');
  });

  it('finds the newest places however far apart they lie', async () => {
    const store = storeOver(await open());
    const places = [1, 2, 3, 3.5, 40, 41, 700, 5_000_000];
    await store.commit((draft) => places.forEach((n) => draft.put(row(n, `text ${n}`))));
    for (let limit = 1; limit <= places.length + 1; limit++)
      for (const from of [0, 3])
        for (const to of [...places, Number.MAX_SAFE_INTEGER]) {
          const wanted = places.filter((n) => n >= from && n <= to).slice(-limit);
          expect((await store.rows(CHANNEL, { from, to, limit })).map(({ n }) => n)).toEqual(wanted);
        }
  });

  it('shows five hundred messages of a long conversation in less than a second', async () => {
    const store = storeOver(await open());
    for (let from = 1; from <= 2_000; from += 500)
      await store.commit((draft) => {
        for (let n = from; n < from + 500; n++) draft.put(row(n, `message ${n} ${'x'.repeat(200)}`));
      });
    const began = performance.now();
    const rows: SealedRow[] = [];
    for (let to = 2_000; rows.length < 500; to -= 50)
      rows.unshift(...(await store.rows(CHANNEL, { from: 0, to, limit: 50 })));
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 500 }, (_, at) => 1_501 + at));
  }, 60_000);
});

describe('the sealed store', () => {
  it('leaves nothing readable at rest, and a record opens in no other place', async () => {
    const database = new MemoryDatabase();
    const state = memoryState(database);
    const store = storeOver(state);
    await store.commit((draft) => {
      draft.put(row(1, 'a secret of mine'));
      draft.put(row(2, 'another one'));
      draft.set(['draft', CHANNEL], { text: 'not yet said' });
    });
    const dump = JSON.stringify(database.dump(), (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    for (const secret of ['secret', 'another', 'not yet']) expect(dump).not.toContain(secret);
    const first = (await state.get('sealed', ['row', CHANNEL, 1]))?.value;
    await state.commit([{ table: 'sealed', key: ['row', CHANNEL, 2], value: first }]);
    expect((await store.rows(CHANNEL, { from: 0, to: 9, limit: 9 })).map(({ n }) => n)).toEqual([1]);
  });

  it('a commit that fails changes nothing and tells nobody', async () => {
    const state = memoryState();
    const store = storeOver({
      ...state,
      commit: () => Promise.reject(new Error('full')),
      get: state.get.bind(state),
      range: state.range.bind(state),
    });
    let told = 0;
    store.listen(() => (told += 1));
    await expect(store.commit((draft) => draft.put(row(1, 'x')))).rejects.toThrow('full');
    expect(told).toBe(0);
    expect(await store.rows(CHANNEL, { from: 0, to: 9, limit: 9 })).toEqual([]);
  });
});
