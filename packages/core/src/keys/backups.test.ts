import type { AccountId, SessionId } from '@skerry/protocol';
import { expect, test, vi } from 'vitest';
import { Person } from '../identity/person.ts';
import { memoryState } from '../stores/memory-tables.ts';
import { FakeDirectory } from '../testing/fake-directory.ts';
import { memoryPlatform, type MemoryPlatform } from '../testing/memory-platform.ts';
import { constant } from '../value.ts';
import type { EntryId } from '../views.ts';
import { Backups } from './backups.ts';
import { KeyRing } from './key-ring.ts';
import { rowName } from './ports.ts';

vi.setConfig({ testTimeout: 30_000 });

const ANNA = '0197f3f4-0000-7000-8000-000000000001' as AccountId;
const ENTRY = '0197f3f4-0000-7000-8000-00000000000a' as EntryId;
const directory = new FakeDirectory('0197f3f4-0000-7000-8000-0000000000aa');
const run = { signal: new AbortController().signal };

/** A device of one person, with the same words each time where they are given. */
async function device(session: number, words?: string, account = ANNA) {
  const platform: MemoryPlatform = memoryPlatform();
  const vault = await platform.storage.vault();
  const person = new Person({
    platform,
    vault,
    entries: () => [],
    servers: async () => '[]',
    onProblem: () => undefined,
  });
  await person.load();
  if (words === undefined) await person.create();
  else await person.enterWords(words);
  const state = memoryState(platform.disk.database('state'));
  const sessionId = `0197f3f4-0000-7000-8000-00000000010${session}` as SessionId;
  const api = directory.api(account, sessionId);
  const { serverId } = directory;
  const ring = await KeyRing.open({
    entryId: ENTRY,
    serverId,
    account,
    platform,
    person,
    vault,
    state,
    api,
    session: () => Promise.resolve(sessionId),
    newest: () => undefined,
    skew: constant(null),
    bound: () => undefined,
  });
  const { random, clock } = platform;
  const subtle = platform.subtle!;
  const backups = new Backups({ ring, api, state, serverId, account, random, subtle, clock });
  return { person, ring, state, backups };
}

test('more rows than are read at once come back, each sealed anew, and what belongs to a device does not', async () => {
  const old = await device(1);
  await old.ring.settle();
  const rows = Array.from({ length: 1_203 }, (_, n) => ['row', 'channel', n] as const);
  const sealed = (key: readonly (string | number)[], value: unknown) => ({
    table: 'sealed',
    key,
    value: old.ring.storage.sealJson(rowName('sealed', key), value),
  });
  await old.state.commit(rows.map((key) => sealed(key, { text: `said ${key[2]}` })));
  await old.state.commit([
    sealed(['out', 1], 'waiting'),
    sealed(['queue'], 7),
    { table: 'drafts', key: 'c', value: { text: 'a draft', at: 1 } },
    { table: 'sealed', key: ['row', 'channel', 5_000], value: Uint8Array.of(1, 2, 3) },
  ]);
  const file = await old.backups.export(run);
  const young = await device(2, (await old.person.words()).join(' '));
  const { records } = await young.backups.import(file, run);
  // The rows, the draft and whose keys were seen: the own list.
  expect(records).toBe(rows.length + 2);
  for (const key of [rows[0]!, rows[499]!, rows[500]!, rows[1_202]!]) {
    const row = await young.state.get('sealed', key);
    const theirs = await old.state.get('sealed', key);
    expect(row?.value).not.toEqual(theirs?.value);
    expect(young.ring.storage.openJson(rowName('sealed', key), row?.value as Uint8Array)).toEqual({
      text: `said ${key[2]}`,
    });
  }
  expect(await young.state.count('sealed')).toBe(rows.length);
  expect((await young.state.get('drafts', 'c'))?.value).toEqual({ text: 'a draft', at: 1 });
  // Of ratchets and of the device itself only its own are there.
  expect((await young.state.get('device', 'own'))?.version).toBe(1);
  expect(await young.state.count('signal')).toBe(1);
});

test('a backup opens for its account and with its words alone, and adds nothing unless all of it is whole', async () => {
  const old = await device(3);
  await old.state.commit([{ table: 'drafts', key: 'c', value: { text: 'a draft', at: 1 } }]);
  const file = await old.backups.export(run);
  const words = (await old.person.words()).join(' ');
  const other = await device(4, words, '0197f3f4-0000-7000-8000-000000000002' as AccountId);
  await expect(other.backups.import(file, run)).rejects.toMatchObject({ code: 'bad_request' });
  const stranger = await device(5);
  await expect(stranger.backups.import(file, run)).rejects.toMatchObject({ code: 'bad_request' });
  const young = await device(6, words);
  for (const cut of [0, 20, file.length - 1])
    await expect(young.backups.import(file.slice(0, cut), run)).rejects.toMatchObject({ code: 'bad_request' });
  expect(await young.state.count('drafts')).toBe(0);
  await young.state.commit([{ table: 'drafts', key: 'c', value: { text: 'my own', at: 2 } }]);
  expect(await young.backups.import(file, run)).toMatchObject({ records: 0 });
  expect((await young.state.get('drafts', 'c'))?.value).toEqual({ text: 'my own', at: 2 });
  await expect(young.backups.export({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
