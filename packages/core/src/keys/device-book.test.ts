import type { AccountId, Answer, DeviceList } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryState, MemoryDatabase } from '../stores/memory-tables.ts';
import { ListMaker, testCheck, testDevice, testKey } from '../testing/signed-lists.ts';
import { DeviceBook } from './device-book.ts';
import { TrustError } from './ports.ts';
import { createStorage } from './storage.ts';
import { webcrypto } from 'node:crypto';

const SERVER = '0197f3f4-0000-7000-8000-0000000000aa';
const idOf = (n: number): AccountId => `0197f3f4-0000-7000-8000-${String(n).padStart(12, '0')}` as AccountId;
const BEN = idOf(1);
const signal = new AbortController().signal;
const random = { bytes: (length: number) => webcrypto.getRandomValues(new Uint8Array(length)), fraction: () => 0.5 };

/** A directory that can be made to lie. */
class Directory {
  readonly lists = new Map<AccountId, DeviceList[]>();
  readonly named = new Map<AccountId, number>();
  requests = 0;
  answer = (account: AccountId, after: number): readonly DeviceList[] =>
    (this.lists.get(account) ?? []).filter((list) => list.version > after);

  fetch = async (
    accounts: readonly { readonly account: AccountId; readonly after: number }[],
  ): Promise<Answer<'deviceLists'>> => {
    this.requests++;
    return {
      accounts: accounts.map(({ account, after }) => ({
        account,
        lists: this.answer(account, after).slice(0, 100),
        more: this.answer(account, after).length > 100,
      })),
    };
  };

  publish(maker: ListMaker): void {
    this.lists.set(maker.account, maker.lists);
    this.named.set(maker.account, maker.lists.at(-1)?.version ?? 0);
  }
}

async function bookOver(directory: Directory, database = new MemoryDatabase(), key = new Uint8Array(32).fill(7)) {
  const state = memoryState(database);
  const book = new DeviceBook({
    serverId: SERVER,
    state,
    storage: createStorage(state, { key, random }).storage,
    ...testCheck,
    fetch: directory.fetch,
    newest: (account) => directory.named.get(account),
    now: () => 1_000,
  });
  await book.load();
  return book;
}

async function reasonOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'trusted',
    (error: unknown) => (error instanceof TrustError ? error.reason : 'another error'),
  );
}

describe('The book of devices', () => {
  test('asks once for 64 accounts, and not again until the stream names a newer list', async () => {
    const directory = new Directory();
    const makers = Array.from({ length: 64 }, (_, n) => new ListMaker(SERVER, idOf(n + 1)));
    for (const maker of makers) {
      await maker.next([testDevice(1)]);
      directory.publish(maker);
    }
    const book = await bookOver(directory);
    const all = makers.map(({ account }) => account);
    expect((await book.devicesOf(all, signal)).size).toBe(64);
    await book.devicesOf(all, signal);
    expect(directory.requests).toBe(1);
    const [first] = makers as [ListMaker];
    await first.next([...(first.lists[0]?.devices ?? []), testDevice(2)]);
    directory.publish(first);
    expect((await book.devicesOf(all, signal)).get(first.account)?.devices).toHaveLength(2);
    expect(directory.requests).toBe(2);
  });

  test('E-3: keeps what it verified over a restart, sealed', async () => {
    const directory = new Directory();
    const maker = new ListMaker(SERVER, BEN);
    await maker.next([testDevice(1)]);
    directory.publish(maker);
    const database = new MemoryDatabase();
    const book = await bookOver(directory, database);
    await book.devicesOf([BEN], signal);
    await book.verify(BEN, true);
    const again = await bookOver(directory, database);
    expect(again.known(BEN)).toEqual(book.known(BEN));
    expect(again.trust.get().get(BEN)).toMatchObject({ kind: 'known', verified: true });
    const dump = Buffer.from(JSON.stringify(database.dump())).toString('latin1');
    expect(dump).not.toContain(maker.key.publicKey);
    await expect(bookOver(directory, database, new Uint8Array(32).fill(8))).rejects.toMatchObject({
      code: 'cannot_open',
    });
  });

  test('T35: lists that are kept back, or taken back, stop sending until the server mends it', async () => {
    const directory = new Directory();
    const maker = new ListMaker(SERVER, BEN);
    const [one, two] = [testDevice(1), testDevice(2)];
    await maker.next([one]);
    directory.publish(maker);
    const book = await bookOver(directory);
    await book.devicesOf([BEN], signal);
    directory.named.set(BEN, 2);
    expect(await reasonOf(book.devicesOf([BEN], signal))).toBe('withheld');
    await maker.next([one, two]);
    expect(await reasonOf(book.devicesOf([BEN], signal))).toBe('trusted');
    directory.named.set(BEN, 1);
    expect(await reasonOf(book.devicesOf([BEN], signal))).toBe('rolled_back');
    expect(book.known(BEN)).toMatchObject({ version: 2 });
  });

  test('a stream that is behind what was fetched is no rolling back', async () => {
    const directory = new Directory();
    const maker = new ListMaker(SERVER, BEN);
    await maker.next([testDevice(1)]);
    directory.publish(maker);
    const book = await bookOver(directory);
    await book.devicesOf([BEN], signal);
    await maker.next([testDevice(1)].concat(testDevice(2)).slice(1));
    expect(await reasonOf(book.refresh([BEN], signal))).toBe('trusted');
    expect(book.known(BEN)).toMatchObject({ version: 2 });
    expect(await reasonOf(book.devicesOf([BEN], signal))).toBe('trusted');
  });

  test('T35: another key is held back until the person accepts that very key, and the change stays to be seen', async () => {
    const directory = new Directory();
    const maker = new ListMaker(SERVER, BEN);
    const [one] = [testDevice(1)];
    await maker.next([one]);
    directory.publish(maker);
    const book = await bookOver(directory);
    await book.devicesOf([BEN], signal);
    await book.verify(BEN, true);
    const before = maker.key.publicKey;
    const stranger = testKey();
    await maker.next([one], { by: stranger });
    directory.publish(maker);
    expect(await reasonOf(book.devicesOf([BEN], signal))).toBe('held_back');
    expect(book.known(BEN)).toMatchObject({ accountKey: before, version: 1 });
    expect(book.trust.get().get(BEN)).toMatchObject({
      kind: 'stopped',
      offered: stranger.publicKey,
      accountKey: before,
    });
    await expect(book.accept(BEN, before, signal)).rejects.toMatchObject({ code: 'bad_request' });
    await book.accept(BEN, stranger.publicKey, signal);
    expect(book.trust.get().get(BEN)).toMatchObject({
      kind: 'known',
      verified: false,
      change: { from: before, to: stranger.publicKey, by: 'accepted' },
    });
    await book.seen(BEN);
    expect(book.trust.get().get(BEN)).toMatchObject({ kind: 'known', change: null });
  });

  test('a hundred lists and more are followed in pages', async () => {
    const directory = new Directory();
    const maker = new ListMaker(SERVER, BEN);
    const devices = [testDevice(1), testDevice(2)];
    for (let n = 0; n < 130; n++) await maker.next(n % 2 === 0 ? devices : devices, { at: n });
    directory.publish(maker);
    const book = await bookOver(directory);
    expect((await book.devicesOf([BEN], signal)).get(BEN)?.version).toBe(130);
    expect(directory.requests).toBe(2);
  });

  test('T35: whatever a lying directory swaps, adds, withholds, replays or forks, no device is ever used that its account has not signed, and nothing goes back', async () => {
    const lie = fc.constantFrom('honest', 'swap', 'add', 'withhold', 'replay', 'fork', 'resign', 'empty', 'other');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(lie, fc.constantFrom('add', 'remove', 'none', 'succeed')), { maxLength: 10 }),
        async (steps) => {
          const directory = new Directory();
          const honest = directory.answer;
          const maker = new ListMaker(SERVER, BEN);
          const eve = new ListMaker(SERVER, BEN);
          let devices = [testDevice(1)];
          let number = 1;
          await maker.next(devices);
          await eve.next([testDevice(9)]);
          const signed = new Set(devices.map(({ identityKey }) => identityKey));
          const database = new MemoryDatabase();
          directory.publish(maker);
          let book = await bookOver(directory, database);
          await book.devicesOf([BEN], signal);
          let version = 1;
          for (const [lying, step] of steps) {
            if (step === 'add') devices = [...devices, testDevice(++number)];
            if (step === 'remove' && devices.length > 1) devices = devices.slice(1);
            for (const { identityKey } of devices) signed.add(identityKey);
            if (step === 'succeed') await maker.succeed(devices);
            else if (step !== 'none') await maker.next(devices);
            directory.publish(maker);
            directory.answer = (account, after) => {
              const lists = honest(account, after);
              const bend = (change: (list: DeviceList) => DeviceList): readonly DeviceList[] => lists.map(change);
              switch (lying) {
                case 'swap':
                  return bend((list) => ({ ...list, devices: list.devices.map(({ device }) => testDevice(device)) }));
                case 'add':
                  return bend((list) => ({ ...list, devices: [...list.devices, testDevice(60_000)] }));
                case 'withhold':
                  return lists.slice(0, -1);
                case 'replay':
                  return maker.lists.slice(0, 1);
                case 'fork':
                  return eve.lists.map((list) => ({ ...list, version: after + 1 }));
                case 'resign':
                  return bend((list) => ({
                    ...list,
                    accountKey: eve.key.publicKey,
                    signature: eve.lists[0]!.signature,
                  }));
                case 'other':
                  return bend((list) => ({ ...list, account: idOf(2) }));
                case 'empty':
                  return [];
                default:
                  return lists;
              }
            };
            const found = await book.devicesOf([BEN], signal).catch(() => undefined);
            for (const { identityKey } of found?.get(BEN)?.devices ?? []) expect(signed.has(identityKey)).toBe(true);
            if (found !== undefined) expect(found.get(BEN)?.version).toBe(maker.lists.at(-1)?.version);
            const now = book.known(BEN)?.version ?? 0;
            expect(now).toBeGreaterThanOrEqual(version);
            version = now;
            book = await bookOver(directory, database);
            expect(book.known(BEN)?.version).toBe(version);
          }
          directory.answer = honest;
          expect((await book.devicesOf([BEN], signal)).get(BEN)?.devices).toEqual(devices);
        },
      ),
      { numRuns: 40 },
    );
  }, 30_000);
});
