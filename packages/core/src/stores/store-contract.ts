import type { Storage } from '../platform.ts';
import type { EntryId } from '../views.ts';
import { compareKeys } from './keys.ts';
import { type Key, StoreBroken, StoreConflict, type TableStore } from './stores.ts';

/** Something on a device that storages can be opened over, one after the other. */
export type Device = { open(): Promise<Storage> };
/** One rule every storage must keep. `run` rejects with what was wrong. Needs no test runner, so it also runs in a page. */
export type ContractCase = { readonly name: string; readonly run: (device: Device) => Promise<void> };

const A = '0197f3f4-0000-7000-8000-00000000000a' as EntryId;
const B = '0197f3f4-0000-7000-8000-00000000000b' as EntryId;

/** Rules of the tables (state and cache). */
const TABLES: readonly { name: string; run: (store: TableStore) => Promise<void> }[] = [
  {
    name: 'gives back what was committed, as a copy',
    run: async (store) => {
      const value = { text: 'ä😀\u0000', list: [1, null, { deep: true }] };
      await store.commit([{ table: 't', key: 'k', value }]);
      value.list.push(2);
      const row = await store.get('t', 'k');
      same(row, { key: 'k', value: { text: 'ä😀\u0000', list: [1, null, { deep: true }] }, version: 1 });
      (row?.value as { text: string }).text = 'changed by the reader';
      same((await store.get('t', 'k'))?.value, { text: 'ä😀\u0000', list: [1, null, { deep: true }] });
      same(await store.get('t', 'other'), undefined);
      same(await store.get('other', 'k'), undefined);
    },
  },
  {
    name: 'gives back bytes as bytes, of any length and as their own',
    run: async (store) => {
      const lengths = [0, 1, 255, 70_000];
      const made = lengths.map((length) => Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff));
      // A view into something larger is stored as what it shows.
      const view = new Uint8Array(16).fill(7).subarray(4, 8);
      await store.commit([...made, view].map((value, key) => ({ table: 't', key, value })));
      await store.commit([{ table: 't', key: 'within', value: { record: made[2] } }]);
      const rows = await store.range('t', { to: made.length });
      same(
        rows.map(({ value }) => (value instanceof Uint8Array ? [...value] : 'no bytes')),
        [...made, view].map((bytes) => [...bytes]),
      );
      (rows[1]?.value as Uint8Array).fill(9);
      same([...((await store.get('t', 1))?.value as Uint8Array)], [0]);
      const within = (await store.get('t', 'within'))?.value as { record: Uint8Array };
      same(within.record instanceof Uint8Array && within.record.length, 255);
    },
  },
  {
    name: 'counts versions up from 1, and from 1 again after a deletion',
    run: async (store) => {
      for (const value of ['a', 'b', 'c']) await store.commit([{ table: 't', key: 1, value }]);
      same((await store.get('t', 1))?.version, 3);
      await store.commit([{ table: 't', key: 1, delete: true }]);
      same(await store.get('t', 1), undefined);
      await store.commit([{ table: 't', key: 1, value: 'd' }]);
      same((await store.get('t', 1))?.version, 1);
    },
  },
  {
    name: 'takes the last of several writes to one row',
    run: async (store) => {
      await store.commit([
        { table: 't', key: 'k', value: 1 },
        { table: 't', key: 'k', delete: true },
        { table: 't', key: 'k', value: 3 },
      ]);
      same(await store.range('t', {}), [{ key: 'k', value: 3, version: 1 }]);
    },
  },
  {
    name: 'refuses a commit whose expected version is not there, whole',
    run: async (store) => {
      await store.commit([{ table: 't', key: 'k', value: 1 }]);
      await rejects(StoreConflict, () =>
        store.commit([{ table: 't', key: 'new', value: 1 }], [{ table: 't', key: 'k', version: 0 }]),
      );
      await rejects(StoreConflict, () =>
        store.commit([{ table: 't', key: 'new', value: 1 }], [{ table: 't', key: 'gone', version: 1 }]),
      );
      same(await store.get('t', 'new'), undefined);
      await store.commit(
        [{ table: 't', key: 'k', value: 2 }],
        [
          { table: 't', key: 'k', version: 1 },
          { table: 't', key: 'gone', version: 0 },
        ],
      );
      same(await store.get('t', 'k'), { key: 'k', value: 2, version: 2 });
    },
  },
  {
    name: 'writes nothing of a commit that holds something that cannot be stored',
    run: async (store) => {
      await rejects(Error, () =>
        store.commit([
          { table: 't', key: 'good', value: 1 },
          { table: 't', key: 'bad', value: () => 1 },
        ]),
      );
      same(await store.count('t'), 0);
      await store.commit([{ table: 't', key: 'good', value: 1 }]);
      same(await store.count('t'), 1);
    },
  },
  {
    name: 'sorts numbers before texts before arrays, arrays by their parts, texts by code units',
    run: async (store) => {
      const keys: Key[] = [-1.5, -1, 0, 0.25, 1, 2, 10, 4_294_967_296, Number.MAX_SAFE_INTEGER, '', '\u0000', '\u0000a', 'B', 'a', 'a\u0000', 'a\u0000b', 'aa', 'b', '\u{1f600}', '\uffff', [], [1], [1, 'x'], [2], ['a'], ['a', 1], ['a', 1, 1], ['a', 2], ['a', 10], ['a', 'a'], ['a\u0000'], ['aa', 0], ['b']]; // prettier-ignore
      same([...keys].sort(compareKeys), keys);
      // Written in another order than they sort in.
      await store.commit([...keys].reverse().map((key, value) => ({ table: 't', key, value })));
      same(
        (await store.range('t', {})).map((row) => row.key),
        keys,
      );
      same(
        (await store.range('t', { reverse: true })).map((row) => row.key),
        [...keys].reverse(),
      );
    },
  },
  {
    name: 'ranges over inclusive bounds, with a limit, from either end',
    run: async (store) => {
      const writes = ['x', 'y', 'z'].flatMap((channel) =>
        [0, 1, 2, 10].map((page) => ({ table: 'pages', key: [channel, page] as Key, value: page })),
      );
      await store.commit([
        ...writes,
        { table: 'pagf', key: 'neighbour', value: 0 },
        { table: 'pages0', key: 'neighbour', value: 0 },
      ]);
      const keys = async (range: Parameters<TableStore['range']>[1]): Promise<unknown> =>
        (await store.range('pages', range)).map((row) => row.key);
      same(await keys({ from: ['y', 1], to: ['y', 10] }), [['y', 1], ['y', 2], ['y', 10]]); // prettier-ignore
      same(await keys({ from: ['y', 1], to: ['y', 9], limit: 1 }), [['y', 1]]);
      same(await keys({ from: ['y', 0], to: ['y', 5], limit: 2, reverse: true }), [['y', 2], ['y', 1]]); // prettier-ignore
      same(await keys({ from: ['z', 2] }), [['z', 2], ['z', 10]]); // prettier-ignore
      same(await keys({ to: ['x', 0] }), [['x', 0]]);
      same(await keys({ from: ['y', 3], to: ['y', 9] }), []);
      same(await store.count('pages'), 12);
      same(await store.count('nothing'), 0);
    },
  },
  {
    name: 'keeps a hundred commits at once apart and in order',
    run: async (store) => {
      await Promise.all(Array.from({ length: 100 }, (_, i) => store.commit([{ table: 't', key: 'k', value: i }, { table: 't', key: i, value: i }]))); // prettier-ignore
      same(await store.get('t', 'k'), { key: 'k', value: 99, version: 100 });
      same(await store.count('t'), 101);
    },
  },
  {
    name: 'is broken for everyone once it is closed',
    run: async (store) => {
      await store[Symbol.asyncDispose]();
      await rejects(StoreBroken, () => store.get('t', 'k'));
      await rejects(StoreBroken, () => store.commit([{ table: 't', key: 'k', value: 1 }]));
    },
  },
];

const WHOLE: readonly ContractCase[] = [
  {
    name: 'storage: state, cache and registry are there after a restart',
    run: async (device) => {
      const first = await device.open();
      await using(await first.state(A), (state) =>
        state.commit([{ table: 'queue', key: 1, value: { text: 'later' } }]),
      );
      await using(await first.cache(A), (cache) => cache.commit([{ table: 'meta', key: 'cursor', value: { seq: 7 } }]));
      await using(await first.registry(), async (registry) => {
        same(await registry.load(), { kind: 'empty' });
        await registry.save({ entries: [1] });
        await registry.save({ entries: [1, 2] });
        await registry.setAside('{"entries":');
      });
      const second = await device.open();
      await using(await second.state(A), async (state) =>
        same(await state.get('queue', 1), { key: 1, value: { text: 'later' }, version: 1 }),
      );
      await using(await second.cache(A), async (cache) =>
        same(await cache.get('meta', 'cursor'), { key: 'cursor', value: { seq: 7 }, version: 1 }),
      );
      await using(await second.registry(), async (registry) =>
        same(await registry.load(), { kind: 'loaded', value: { entries: [1, 2] } }),
      );
    },
  },
  {
    name: 'storage: two entries with the same keys stay apart, and destroying one leaves the other as it was (T33)',
    run: async (device) => {
      const storage = await device.open();
      for (const [entry, value] of [[A, 'of a'], [B, 'of b']] as const) {
        await using(await storage.state(entry), (state) => state.commit([{ table: 'queue', key: 'same', value }]));
        await using(await storage.cache(entry), (cache) => cache.commit([{ table: 'meta', key: 'same', value }]));
      } // prettier-ignore
      await storage.destroy(A);
      await using(await storage.state(B), async (state) =>
        same(await state.range('queue', {}), [{ key: 'same', value: 'of b', version: 1 }]),
      );
      await using(await storage.cache(B), async (cache) =>
        same(await cache.range('meta', {}), [{ key: 'same', value: 'of b', version: 1 }]),
      );
      await using(await storage.state(A), async (state) => same(await state.count('queue'), 0));
      await using(await storage.cache(A), async (cache) => same(await cache.count('meta'), 0));
      await storage.destroy(A);
      await storage.destroy(A);
    },
  },
  {
    name: 'storage: emptying the cache leaves the state',
    run: async (device) => {
      const storage = await device.open();
      await using(await storage.state(A), (state) => state.commit([{ table: 'queue', key: 1, value: 1 }]));
      await using(await storage.cache(A), async (cache) => {
        await cache.commit([{ table: 'meta', key: 1, value: 1 }, { table: 'pages', key: ['c', 1], value: 1 }]); // prettier-ignore
        await cache.clear();
        same([await cache.count('meta'), await cache.count('pages')], [0, 0]);
        await cache.commit([{ table: 'meta', key: 1, value: 2 }]);
        same(await cache.get('meta', 1), { key: 1, value: 2, version: 1 });
      });
      await using(await storage.state(A), async (state) => same(await state.count('queue'), 1));
    },
  },
  {
    name: 'vault: keeps secrets by entry and name, over a restart',
    run: async (device) => {
      const first = await device.open();
      await using(await first.vault(), async (vault) => {
        same(await vault.get(A, 'refresh'), { kind: 'absent' });
        await vault.set(A, 'refresh', 'secret of a');
        await vault.set(A, 'other', 'another');
        await vault.set(B, 'refresh', 'secret of b');
        await vault.set(A, 'refresh', 'newer secret of a');
      });
      const second = await device.open();
      await using(await second.vault(), async (vault) => {
        same(await vault.get(A, 'refresh'), { kind: 'secret', value: 'newer secret of a' });
        same(await vault.get(B, 'refresh'), { kind: 'secret', value: 'secret of b' });
        await vault.delete(A, 'other');
        same(await vault.get(A, 'other'), { kind: 'absent' });
        await vault.set(A, 'other', 'again');
        await vault.deleteAll(A);
        same([(await vault.get(A, 'refresh')).kind, (await vault.get(A, 'other')).kind], ['absent', 'absent']);
        same(await vault.get(B, 'refresh'), { kind: 'secret', value: 'secret of b' });
        await vault.deleteAll(B);
      });
    },
  },
];

/** What every storage must do, whatever it is made of. Each case wants a device on which nothing was stored before. */
export const storageContract: readonly ContractCase[] = [
  ...(['state', 'cache'] as const).flatMap((kind) =>
    TABLES.map(({ name, run }) => ({
      name: `${kind}: ${name}`,
      run: async (device: Device) => using(await (await device.open())[kind](A), run),
    })),
  ),
  ...WHOLE,
];

async function using<T extends AsyncDisposable>(owner: T, work: (owner: T) => Promise<void>): Promise<void> {
  try {
    await work(owner);
  } finally {
    await owner[Symbol.asyncDispose]();
  }
}

function same(actual: unknown, wanted: unknown): void {
  const [a, b] = [canonical(actual), canonical(wanted)];
  if (a !== b) throw new Error(`Got ${a}, not ${b}`);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return value === undefined ? 'undefined' : JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}

async function rejects(kind: abstract new (...args: never[]) => Error, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof kind) return;
    throw new Error(`Failed with ${String(error)}, not with ${kind.name}`, { cause: error });
  }
  throw new Error(`Did not fail with ${kind.name}`);
}
