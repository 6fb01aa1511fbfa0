import { describe, expect, test } from 'vitest';
import { utf8 } from '../bytes.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { storesContract } from '../testing/stores-contract.ts';
import { createTestDevice } from '../testing/test-device.ts';
import { signalStoresOver } from './sealed-stores.ts';
import type { RecordPort, RecordWrite } from './sealed-stores.ts';

const random = createSeededRandom('sealed stores');
const key = random.bytes(32);
const ALICE = { name: 'alice', device: 1 };
const BOB = { name: 'bob', device: 2 };
const GROUP = '11111111-2222-4333-8444-555555555555';

/** A database as a namespace of one, its keys in no order, with answers that come later. */
function createPort(namespace = '', rows = new Map<string, Uint8Array>()) {
  const commits: (readonly RecordWrite[])[] = [];
  const port: RecordPort = {
    async get(name) {
      await Promise.resolve();
      return rows.get(namespace + name);
    },
    async keys(prefix) {
      const from = namespace + prefix;
      return Array.from(rows.keys())
        .filter((name) => name.startsWith(from))
        .map((name) => name.slice(namespace.length))
        .reverse();
    },
    async commit(writes) {
      commits.push(writes);
      for (const { key: name, value } of writes) {
        if (value === undefined) rows.delete(namespace + name);
        else rows.set(namespace + name, value);
      }
    },
  };
  return { port, rows, commits };
}

describe('Stores over a key-value port and nothing else (S4.6, S4.18, S4.19, S4.35)', () => {
  for (const { name, run } of storesContract)
    test(name, () => run(async () => signalStoresOver(createPort().port, { key, random })));

  test('two devices talk over them, and what they hold lies nowhere in the clear (S4.20)', async () => {
    const [here, there] = [createPort(), createPort()];
    const stores = signalStoresOver(here.port, { key, random });
    const alice = await createTestDevice(ALICE, 'a', { stores });
    const bob = await createTestDevice(BOB, 'b', { stores: signalStoresOver(there.port, { key, random }) });
    await alice.sessions.start(BOB, bob.bundle());
    const first = await alice.sessions.encrypt(BOB, utf8('over the water'));
    expect(await bob.sessions.decrypt(ALICE, first)).toEqual(utf8('over the water'));
    const { message, distribution } = await alice.groups.encrypt(
      { distributionId: GROUP, members: [BOB] },
      utf8('to all'),
    );
    await bob.groups.receive(ALICE, distribution?.body ?? new Uint8Array());
    expect((await bob.groups.decrypt(ALICE, message)).plaintext).toEqual(utf8('to all'));

    const session = await stores.sessions.load(BOB);
    const own = await stores.identity.own();
    expect(here.rows.size).toBeGreaterThan(100);
    for (const record of [session, own]) {
      expect(record?.length).toBeGreaterThan(60);
      const piece = Buffer.from(record ?? []).subarray(2, 34);
      for (const row of here.rows.values()) expect(Buffer.from(row).includes(piece)).toBe(false);
    }
  });

  test('two namespaces of one database share nothing, though all their ids are equal (S4.4, S4.21, S4.31, S4.33, T33)', async () => {
    const rows = new Map<string, Uint8Array>();
    const [a, b] = [createPort('a/', rows), createPort('b/', rows)];
    const [first, second] = [signalStoresOver(a.port, { key, random }), signalStoresOver(b.port, { key, random })];
    await first.commit([{ store: 'session', address: BOB, record: Uint8Array.of(1) }]);
    await first.commit([{ store: 'preKey', id: 3, record: Uint8Array.of(1) }]);
    expect(await second.sessions.load(BOB)).toBeUndefined();
    expect(await second.preKeys.ids()).toEqual([]);
    await second.commit([{ store: 'session', address: BOB, record: Uint8Array.of(2) }]);
    expect(await first.sessions.load(BOB)).toEqual(Uint8Array.of(1));
  });

  test('the changes of an operation are written together with what belongs to it (S4.20)', async () => {
    const { port, rows, commits } = createPort();
    const stores = signalStoresOver(port, { key, random });
    const bob = await createTestDevice(BOB, 'b');
    const alice = await createTestDevice(ALICE, 'a', { stores });
    await alice.sessions.start(BOB, bob.bundle());
    const before = commits.length;
    await alice.sessions.encrypt(BOB, utf8('x'), (envelope, changes) =>
      port.commit([...stores.writesOf(changes), { key: 'outbox/1', value: envelope.body }]),
    );
    expect(commits.slice(before).map((writes) => writes.map((write) => write.key))).toEqual([
      ['signal/session/2.bob', 'outbox/1'],
    ]);
    expect(
      await bob.sessions.decrypt(ALICE, { kind: 'prekey', body: rows.get('outbox/1') ?? new Uint8Array() }),
    ).toEqual(utf8('x'));
  });

  test('records that were exchanged, changed or are of another key are refused, and none is written over', async () => {
    const { port, rows } = createPort();
    const stores = signalStoresOver(port, { key, random });
    const record = Uint8Array.of(1, 2, 3);
    await stores.commit([
      { store: 'session', address: ALICE, record },
      { store: 'session', address: BOB, record },
    ]);
    const [ofAlice, ofBob] = ['signal/session/1.alice', 'signal/session/2.bob'];
    rows.set(ofAlice, rows.get(ofBob) ?? new Uint8Array());
    await expect(stores.sessions.load(ALICE)).rejects.toMatchObject({ code: 'cannot_open' });
    rows.set(ofBob, (rows.get(ofBob) ?? new Uint8Array()).slice(0, 20));
    await expect(stores.sessions.load(BOB)).rejects.toMatchObject({ code: 'malformed' });
    const other = signalStoresOver(port, { key: random.bytes(32), random });
    await expect(other.sessions.load(ALICE)).rejects.toMatchObject({ code: 'cannot_open' });
  });

  test('numbers and distribution ids that are none are refused before anything is written', async () => {
    const { port, rows } = createPort();
    const stores = signalStoresOver(port, { key, random });
    const record = Uint8Array.of(1);
    for (const id of [-1, 0.5, Number.NaN, 2 ** 53])
      await expect(stores.commit([{ store: 'preKey', id, record }])).rejects.toMatchObject({ code: 'malformed' });
    const odd = { store: 'senderKey', sender: ALICE, distributionId: `${GROUP}/1.x`, record } as const;
    await expect(stores.commit([odd])).rejects.toMatchObject({ code: 'malformed' });
    expect(rows.size).toBe(0);
    rows.set('signal/preKey/1x', record);
    await expect(stores.preKeys.ids()).rejects.toMatchObject({ code: 'malformed' });
  });
});
