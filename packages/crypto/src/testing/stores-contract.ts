import type { Change, SignalStores } from '../signal/stores.ts';

/** One rule of the contract: it rejects, saying why, when the stores break it. */
export type StoresCheck = { readonly name: string; run(make: () => Promise<SignalStores>): Promise<void> };

const ALICE = { name: 'alice.1', device: 1 };
const GROUP = '11111111-2222-4333-8444-555555555555';
const record = (...bytes: number[]) => Uint8Array.from(bytes);

/** Every implementation of the six stores passes these, whatever runs them. */
export const storesContract: readonly StoresCheck[] = [
  {
    name: 'an empty store has nothing',
    async run(make) {
      const stores = await make();
      same(await stores.identity.own(), undefined);
      same(await stores.identity.of(ALICE), undefined);
      same(await stores.preKeys.load(1), undefined);
      same(await stores.signedPreKeys.load(1), undefined);
      same(await stores.kyberPreKeys.load(1), undefined);
      same(await stores.sessions.load(ALICE), undefined);
      same(await stores.senderKeys.load(ALICE, GROUP), undefined);
      same(await stores.preKeys.ids(), []);
    },
  },
  {
    name: 'one commit writes to all stores, and each reads back its own',
    async run(make) {
      const stores = await make();
      await stores.commit(everywhere(7));
      same(
        await readAll(stores),
        [1, 2, 3, 4, 5, 6, 7].map((store) => record(store, 7)),
      );
    },
  },
  {
    name: 'a later commit replaces, and deletes where there is no record',
    async run(make) {
      const stores = await make();
      await stores.commit(everywhere(7));
      await stores.commit(everywhere(8));
      same(
        await readAll(stores),
        [1, 2, 3, 4, 5, 6, 7].map((store) => record(store, 8)),
      );
      await stores.commit(everywhere(undefined));
      same(
        await readAll(stores),
        Array.from({ length: 7 }, () => undefined),
      );
      same(await stores.kyberPreKeys.ids(), []);
    },
  },
  {
    name: 'of two changes to one record in one commit, the later one holds',
    async run(make) {
      const stores = await make();
      await stores.commit([
        { store: 'preKey', id: 5, record: record(1) },
        { store: 'preKey', id: 5, record: undefined },
        { store: 'session', address: ALICE, record: undefined },
        { store: 'session', address: ALICE, record: record(2) },
      ]);
      same(await stores.preKeys.ids(), []);
      same(await stores.sessions.load(ALICE), record(2));
    },
  },
  {
    name: 'ids come in ascending order of number',
    async run(make) {
      const stores = await make();
      await stores.commit([100, 9, 16_777_215, 1].map((id) => ({ store: 'preKey', id, record: record(id & 0xff) })));
      same(await stores.preKeys.ids(), [1, 9, 100, 16_777_215]);
      same(await stores.signedPreKeys.ids(), []);
    },
  },
  {
    name: 'addresses that look alike are kept apart',
    async run(make) {
      const stores = await make();
      const addresses = [
        { name: '1.a', device: 1 },
        { name: 'a', device: 11 },
        { name: 'a', device: 1 },
        { name: 'a/1', device: 1 },
        { name: 'A', device: 1 },
        { name: '', device: 1 },
      ];
      await stores.commit(addresses.map((address, i) => ({ store: 'session', address, record: record(i) })));
      same(
        await Promise.all(addresses.map((address) => stores.sessions.load(address))),
        addresses.map((_, i) => record(i)),
      );
    },
  },
  {
    name: 'a change that makes no sense stops the whole commit',
    async run(make) {
      const stores = await make();
      const wrong: Change = { store: 'session', address: { name: 'a', device: -1 }, record: record(1) };
      const failed = await stores.commit([{ store: 'preKey', id: 1, record: record(1) }, wrong]).then(
        () => false,
        () => true,
      );
      same(failed, true);
      same(await stores.preKeys.ids(), []);
    },
  },
  {
    name: 'what was handed over or out may change without changing what is stored',
    async run(make) {
      const stores = await make();
      const given = record(1, 2, 3);
      await stores.commit([{ store: 'session', address: ALICE, record: given }]);
      given.fill(9);
      const read = await stores.sessions.load(ALICE);
      same(read, record(1, 2, 3));
      read?.fill(8);
      same(await stores.sessions.load(ALICE), record(1, 2, 3));
    },
  },
];

function everywhere(value: number | undefined): Change[] {
  const of = (store: number) => (value === undefined ? undefined : record(store, value));
  return [
    { store: 'ownIdentity', record: of(1) },
    { store: 'identity', address: ALICE, record: of(2) },
    { store: 'preKey', id: 1, record: of(3) },
    { store: 'signedPreKey', id: 1, record: of(4) },
    { store: 'kyberPreKey', id: 1, record: of(5) },
    { store: 'session', address: ALICE, record: of(6) },
    { store: 'senderKey', sender: ALICE, distributionId: GROUP, record: of(7) },
  ];
}

function readAll(stores: SignalStores): Promise<(Uint8Array | undefined)[]> {
  return Promise.all([
    stores.identity.own(),
    stores.identity.of(ALICE),
    stores.preKeys.load(1),
    stores.signedPreKeys.load(1),
    stores.kyberPreKeys.load(1),
    stores.sessions.load(ALICE),
    stores.senderKeys.load(ALICE, GROUP),
  ]);
}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [show(actual), show(expected)];
  if (a !== b) throw new Error(`expected ${b}, found ${a}`);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner === undefined ? 'nothing' : inner instanceof Uint8Array ? `bytes ${inner.join(' ')}` : inner,
  );
}
