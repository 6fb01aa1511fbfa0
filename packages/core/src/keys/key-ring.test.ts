import { serialize } from 'node:v8';
import { type AccountId, type SessionId, SkerryError } from '@skerry/protocol';
import { expect, test, vi } from 'vitest';
import { Person } from '../identity/person.ts';
import { memoryState } from '../stores/memory-tables.ts';
import { type StateStore, StoreBroken } from '../stores/stores.ts';
import { FakeDirectory } from '../testing/fake-directory.ts';
import { memoryPlatform, type MemoryPlatform } from '../testing/memory-platform.ts';
import { ListMaker, testDevice } from '../testing/signed-lists.ts';
import { constant, waitFor } from '../value.ts';
import type { EntryId } from '../views.ts';
import { KeyRing } from './key-ring.ts';

// Keys of a whole device are made in nearly each of these.
vi.setConfig({ testTimeout: 30_000 });

const signal = new AbortController().signal;
const id = <T extends string>(n: number): T => `0197f3f4-0000-7000-8000-${String(n).padStart(12, '0')}` as T;
const ANNA = id<AccountId>(1);
const BEN = id<AccountId>(2);
const ENTRY_A = id<EntryId>(0xa);
const ENTRY_B = id<EntryId>(0xb);

async function personOn(platform: MemoryPlatform): Promise<Person> {
  const person = new Person({
    platform,
    vault: await platform.storage.vault(),
    entries: () => [],
    servers: async () => '[]',
    onProblem: () => undefined,
  });
  await person.load();
  if (person.state.get().kind === 'none') await person.create();
  return person;
}

async function linkingOn(platform: MemoryPlatform): Promise<Person> {
  const person = await personOn(platform);
  await person.forget();
  await person.startLinking();
  return person;
}

type Where = {
  person?: Person;
  platform: MemoryPlatform;
  directory: FakeDirectory;
  account?: AccountId;
  entryId?: EntryId;
  session?: number;
  state?: StateStore;
};

async function ringOn({
  platform,
  directory,
  account = ANNA,
  entryId = ENTRY_A,
  session = 1,
  state = memoryState(platform.disk.database(`skerry-${entryId}-state`)),
  person,
}: Where): Promise<KeyRing> {
  const sessionId = id<SessionId>(session);
  return KeyRing.open({
    entryId,
    serverId: directory.serverId,
    account,
    platform,
    person: person ?? (await personOn(platform)),
    vault: await platform.storage.vault(),
    state,
    api: directory.api(account, sessionId),
    session: () => Promise.resolve(sessionId),
    newest: (asked) => directory.newest(asked),
    skew: constant(null),
    bound: () => undefined,
  });
}

/** Two people on one server, each ready. */
async function pair(platform = memoryPlatform()) {
  const directory = new FakeDirectory(id(0xaa));
  const [anna, ben] = [
    await ringOn({ platform, directory }),
    await ringOn({ platform: memoryPlatform(), directory, account: BEN, session: 2 }),
  ];
  await anna.settle();
  await ben.settle();
  return { directory, anna, ben };
}

test('S4.5, S4.6: a device is bound, publishes its prekeys, signs itself onto the list, and is ready', async () => {
  const directory = new FakeDirectory(id(0xaa));
  const ring = await ringOn({ platform: memoryPlatform(), directory });
  expect(ring.status.get()).toEqual({ kind: 'starting' });
  expect(() => ring.self).toThrow('not known to the server');
  await ring.settle();
  expect(ring.status.get()).toEqual({ kind: 'ready', device: 1 });
  expect(directory.devices[0]?.preKeys).toHaveLength(100);
  expect(directory.lists.get(ANNA)).toMatchObject([{ version: 1, devices: [{ device: 1 }] }]);
  const calls = directory.calls.length;
  await ring.settle();
  // Nothing is bound, published or signed twice.
  expect(directory.calls.slice(calls)).toEqual(['deviceLists', 'ownDevices']);
});

test('T33, S4.2, S4.23, S4.31: two entries with the same account and device numbers share neither key nor record', async () => {
  const platform = memoryPlatform();
  const [a, b] = [new FakeDirectory(id(0xaa)), new FakeDirectory(id(0xbb))];
  const onA = await ringOn({ platform, directory: a });
  const onB = await ringOn({ platform, directory: b, entryId: ENTRY_B });
  await Promise.all([onA.settle(), onB.settle()]);
  expect([onA.self, onB.self]).toEqual([{ name: ANNA, device: 1 }, { name: ANNA, device: 1 }]); // prettier-ignore
  const [atA, atB] = [a.devices[0], b.devices[0]];
  for (const key of ['signKey', 'identityKey'] as const) expect(atA?.[key]).not.toBe(atB?.[key]);
  expect(a.lists.get(ANNA)?.[0]?.accountKey).not.toBe(b.lists.get(ANNA)?.[0]?.accountKey);
  // A record of one entry in the other one's place does not open.
  const [stateA, stateB] = [ENTRY_A, ENTRY_B].map((entry) =>
    memoryState(platform.disk.database(`skerry-${entry}-state`)),
  );
  const own = await stateA?.get('device', 'own');
  await stateB?.commit([{ table: 'device', key: 'own', value: own?.value }]);
  await expect(ringOn({ platform, directory: b, entryId: ENTRY_B })).rejects.toMatchObject({ code: 'cannot_open' });
});

test('a restart on the same disk is the same device, ready before anybody was asked', async () => {
  const platform = memoryPlatform();
  const directory = new FakeDirectory(id(0xaa));
  const first = await ringOn({ platform, directory });
  await first.settle();
  await first[Symbol.asyncDispose]();
  const calls = directory.calls.length;
  const again = await ringOn({ platform: memoryPlatform({ disk: platform.disk }), directory });
  expect([again.status.get(), again.self.device]).toEqual([{ kind: 'ready', device: 1 }, 1]);
  expect(directory.calls).toHaveLength(calls);
  await again.settle();
  expect(directory.devices).toHaveLength(1);
  expect(directory.lists.get(ANNA)).toHaveLength(1);
});

test('another session is tied to the same device', async () => {
  const platform = memoryPlatform();
  const directory = new FakeDirectory(id(0xaa));
  await (await ringOn({ platform, directory })).settle();
  await (await ringOn({ platform, directory, session: 9 })).settle();
  expect(directory.devices).toMatchObject([{ device: 1, session: id(9) }]);
});

test('what fails is tried again by itself until it is done, and not while it rests', async () => {
  const platform = memoryPlatform();
  const directory = new FakeDirectory(id(0xaa));
  const ring = await ringOn({ platform, directory });
  let left = 1;
  directory.before = (name) => {
    if (name === 'publishPrekeys' && left-- > 0) throw new SkerryError('unavailable');
  };
  await ring.settle();
  expect(ring.status.get()).toEqual({ kind: 'starting' });
  await platform.clock.advance(14_999);
  expect(ring.status.get().kind).toBe('starting');
  await platform.clock.advance(1);
  await waitFor(ring.status, ({ kind }) => kind === 'ready');
  expect(directory.devices[0]?.preKeys).toHaveLength(100);
  // The daily upkeep stands by; disposing and resting take it back.
  const calls = directory.calls.length;
  await platform.clock.advance(24 * 3_600_000);
  await ring.settle();
  expect(directory.calls.length).toBeGreaterThan(calls);
  ring.rest();
  const rested = directory.calls.length;
  await platform.clock.advance(72 * 3_600_000);
  expect(directory.calls).toHaveLength(rested);
});

test('one-time prekeys that were used up are replaced, each under a new number', async () => {
  const { directory, anna, ben } = await pair();
  const used = directory.devices[1]?.preKeys.splice(0, 85).map((key) => key.id) ?? [];
  await ben.settle();
  const stock = directory.devices[1]?.preKeys.map((key) => key.id) ?? [];
  expect(stock).toHaveLength(100);
  expect(stock.filter((number) => used.includes(number))).toEqual([]);
  await anna.ensureSession(ben.self, signal);
  expect(await anna.sessions.has(ben.self)).toBe(true);
});

test('two devices that met through the directory read each other', async () => {
  const { directory, anna, ben } = await pair();
  await anna.ensureSession(ben.self, signal);
  const hello = await anna.sessions.encrypt(ben.self, new TextEncoder().encode('hello'));
  expect(new TextDecoder().decode(await ben.sessions.decrypt(anna.self, hello))).toBe('hello');
  // It is there: nothing is claimed twice.
  await anna.ensureSession(ben.self, signal);
  expect(directory.calls.filter((name) => name === 'claimPrekeys')).toHaveLength(1);
  const [mine, theirs] = await Promise.all([anna.devicesOf([BEN], signal), ben.devicesOf([ANNA], signal)]);
  expect([mine.size, theirs.size]).toEqual([1, 1]);
  const numbers = await Promise.all([anna.safetyNumber(BEN), ben.safetyNumber(ANNA)]);
  expect(numbers[0].digits).toEqual(numbers[1].digits);
});

test('T35: a directory that names another identity than the signed list gets no session', async () => {
  const { directory, anna, ben } = await pair();
  const eve = directory.devices[0];
  directory.bend = (bundle) => ({ ...bundle, identityKey: eve?.identityKey ?? '' });
  await expect(anna.ensureSession(ben.self, signal)).rejects.toMatchObject({ reason: 'identity_differs' });
  await expect(anna.renewSession(ben.self, signal)).rejects.toMatchObject({ reason: 'identity_differs' });
  expect(await anna.sessions.has(ben.self)).toBe(false);
  await expect(anna.ensureSession({ name: BEN, device: 7 }, signal)).rejects.toMatchObject({ code: 'no_device' });
});

test('T35: own devices that the own key has not signed are neither kept nor signed over', async () => {
  const { directory, anna } = await pair();
  const [first] = directory.lists.get(ANNA) ?? [];
  const bent = { ...first!, version: 2, devices: [...first!.devices, { ...first!.devices[0]!, device: 5 }] };
  directory.lists.set(ANNA, [first!, bent]);
  await anna.settle();
  expect(anna.status.get()).toMatchObject({ kind: 'broken' });
  expect(anna.known(ANNA)?.devices).toHaveLength(1);
  expect(directory.calls.filter((name) => name === 'command')).toHaveLength(2);
});

test('T35: a device that another one took off never signs itself back on, whatever the server lets pass', async () => {
  const directory = new FakeDirectory(id(0xaa));
  const platform = memoryPlatform();
  const one = await ringOn({ platform, directory });
  await one.settle();
  const disk = memoryPlatform().disk;
  for (const [name, value] of platform.disk.secrets) if (name.includes('person/1')) disk.secrets.set(name, value);
  const two = await ringOn({ platform: memoryPlatform({ disk }), directory, session: 2 });
  await two.settle();
  directory.before = (name) => {
    if (name === 'revokeSession') throw new SkerryError('not_found');
  };
  await one.own.revoke(2, { stolen: false }, signal);
  await two.settle();
  expect(two.status.get()).toEqual({ kind: 'broken', reason: 'device_returned' });
  expect(directory.lists.get(ANNA)?.map(({ devices }) => devices.length)).toEqual([1, 2, 1]);
  await expect(one.own.revoke(1, { stolen: false }, signal)).rejects.toMatchObject({ code: 'forbidden' });
});

test('T35: a first list of the own account that the own key has not signed is not believed, however it comes', async () => {
  // The server shows nothing until this device has signed the first list, and another one in its place afterwards.
  const directory = new FakeDirectory(id(0xaa));
  const forger = new ListMaker(directory.serverId, ANNA);
  const ring = await ringOn({ platform: memoryPlatform(), directory });
  let signed = false;
  directory.before = (name) => {
    if (name === 'command') signed = true;
    const [own] = directory.devices;
    if (name !== 'deviceLists' || !signed || own === undefined || forger.lists.length === 0) return;
    directory.lists.set(ANNA, forger.lists);
  };
  await ring.bind(signal);
  const [own] = directory.devices;
  const { signKey, identityKey } = own!;
  await forger.next([{ device: 1, signKey, identityKey, addedAt: 1 }, testDevice(2)]);
  await ring.settle();
  expect(ring.status.get()).toEqual({ kind: 'otherPerson', accountKey: forger.key.publicKey });

  // It shows one to a device that has no master secret yet: that goes on waiting.
  const other = new FakeDirectory(id(0xbb));
  const platform = memoryPlatform();
  const waiting = await ringOn({ platform, directory: other, person: await linkingOn(platform) });
  await waiting.bind(signal);
  const lists = new ListMaker(other.serverId, ANNA);
  const keys = other.devices[0]!;
  await lists.next([{ device: 1, signKey: keys.signKey, identityKey: keys.identityKey, addedAt: 1 }, testDevice(2)]);
  other.lists.set(ANNA, lists.lists);
  await waiting.settle();
  expect(waiting.status.get()).toMatchObject({ kind: 'waiting' });
});

test('two own devices that sign at once both end up on the list', async () => {
  const directory = new FakeDirectory(id(0xaa));
  const platform = memoryPlatform();
  const one = await ringOn({ platform, directory });
  const disk = memoryPlatform().disk;
  for (const [name, value] of platform.disk.secrets) if (name.includes('person/1')) disk.secrets.set(name, value);
  const two = await ringOn({ platform: memoryPlatform({ disk }), directory, session: 2 });
  await Promise.all([one.settle(), two.settle()]);
  await Promise.all([one.settle(), two.settle()]);
  expect(
    directory.lists
      .get(ANNA)
      ?.at(-1)
      ?.devices.map(({ device }) => device),
  ).toEqual([1, 2]);
  expect([one.status.get().kind, two.status.get().kind]).toEqual(['ready', 'ready']);
});

test('an account key of other words is said, and nothing is signed', async () => {
  const directory = new FakeDirectory(id(0xaa));
  await (await ringOn({ platform: memoryPlatform(), directory })).settle();
  const stranger = await ringOn({ platform: memoryPlatform(), directory, session: 3 });
  await stranger.settle();
  expect(stranger.status.get()).toMatchObject({ kind: 'otherPerson' });
  expect(directory.lists.get(ANNA)).toHaveLength(1);
});

test('a server without a directory of keys is too old, and one whose account has no key says so', async () => {
  const directory = new FakeDirectory(id(0xaa));
  directory.before = () => {
    throw new SkerryError('not_found');
  };
  const ring = await ringOn({ platform: memoryPlatform(), directory });
  await ring.settle();
  expect(ring.status.get()).toEqual({ kind: 'unsupported' });
  directory.before = (name) => {
    if (name === 'command') throw new SkerryError('list_refused');
  };
  await ring.settle();
  expect(ring.status.get()).toEqual({ kind: 'noKey', device: 1 });
});

test('a device that was revoked goes on as another one, with another identity and none of its sessions', async () => {
  const platform = memoryPlatform();
  const { directory, anna, ben } = await pair(platform);
  await anna.ensureSession(ben.self, signal);
  const before = directory.devices[0];
  directory.before = (name) => {
    if (name !== 'bindDevice') return;
    directory.before = () => undefined;
    throw new SkerryError('no_device');
  };
  const again = await ringOn({ platform, directory, session: 8 });
  await again.settle();
  expect(again.self.device).toBe(directory.devices.filter((one) => one.account === ANNA).length);
  expect(directory.devices.at(-1)?.identityKey).not.toBe(before?.identityKey);
  expect(await again.sessions.has(ben.self)).toBe(false);
});

test('S4.3: everything is sealed where it lies, and opens with the master secret alone', async () => {
  const platform = memoryPlatform();
  const directory = new FakeDirectory(id(0xaa));
  await (await ringOn({ platform, directory })).settle();
  const dump = serialize(platform.disk.database(`skerry-${ENTRY_A}-state`).dump());
  for (const word of ['seed', 'accountKey', 'session', directory.lists.get(ANNA)?.[0]?.accountKey ?? '?'])
    expect(dump.includes(Buffer.from(word === 'session' ? '"session"' : word))).toBe(false);
  for (const name of platform.disk.secrets.keys()) if (name.includes('person/1')) platform.disk.secrets.delete(name);
  await expect(ringOn({ platform, directory })).rejects.toMatchObject({ name: 'StorageKeyError' });
});

test('a crash at any commit costs nothing: the next start goes on to one device with its keys on the list (I1)', async () => {
  for (let life = 0; life < 40; life++) {
    const platform = memoryPlatform();
    const directory = new FakeDirectory(id(0xaa));
    const state = memoryState(platform.disk.database(`skerry-${ENTRY_A}-state`));
    let left = life;
    const mortal: StateStore = {
      durability: 'strict',
      get: (table, key) => state.get(table, key),
      range: (table, range) => state.range(table, range),
      count: (table) => state.count(table),
      size: () => state.size(),
      commit: (writes, expect) =>
        left-- > 0 ? state.commit(writes, expect) : Promise.reject(new StoreBroken('the process is gone')),
      [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
    };
    const dying = await ringOn({ platform, directory, state: mortal }).catch(() => undefined);
    await dying?.settle();
    const survived = dying?.status.get().kind === 'ready';
    const known = directory.devices[0]?.identityKey;
    await dying?.[Symbol.asyncDispose]();

    const again = await ringOn({ platform: memoryPlatform({ disk: platform.disk }), directory });
    await again.settle();
    expect(again.status.get()).toEqual({ kind: 'ready', device: 1 });
    expect(directory.devices).toHaveLength(1);
    if (known !== undefined) expect(directory.devices[0]?.identityKey).toBe(known);
    expect(directory.lists.get(ANNA)?.at(-1)?.devices).toHaveLength(1);
    // Whatever the directory hands out, this device holds the secret of it.
    const ben = await ringOn({ platform: memoryPlatform(), directory, account: BEN, session: 2 });
    await ben.settle();
    await ben.ensureSession(again.self, signal);
    const hello = await ben.sessions.encrypt(again.self, new TextEncoder().encode('hello'));
    expect(new TextDecoder().decode(await again.sessions.decrypt(ben.self, hello))).toBe('hello');
    if (survived) return expect(life).toBeGreaterThan(3);
  }
  expect.unreachable();
}, 60_000);
