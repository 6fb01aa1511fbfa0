import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { webCurve } from '../curve/web-curve.ts';
import { createTestDevice } from '../testing/test-device.ts';
import type { TestDevice } from '../testing/test-device.ts';
import { createMemoryStores } from './memory-stores.ts';
import type { Envelope } from './sessions.ts';
import { MAX_UNANSWERED_MS } from './sessions.ts';
import type { Change, SignalStores } from './stores.ts';

const ALICE = { name: 'alice', device: 1 };
const BOB = { name: 'bob', device: 1 };
const text = (...bytes: number[]) => Uint8Array.from(bytes);

async function pair(seed: string, options: { kyber?: boolean; oneTime?: boolean } = {}) {
  const alice = await createTestDevice(ALICE, seed);
  const bob = await createTestDevice(BOB, seed);
  await alice.sessions.start(BOB, bob.bundle(options));
  return { alice, bob };
}

const toBob = (alice: TestDevice, ...bytes: number[]) => alice.sessions.encrypt(BOB, text(...bytes));
const toAlice = (bob: TestDevice, ...bytes: number[]) => bob.sessions.encrypt(ALICE, text(...bytes));

describe('a session', () => {
  for (const kyber of [true, false]) {
    for (const oneTime of [true, false]) {
      test(`begins by ${kyber ? 'PQXDH' : 'X3DH'} ${oneTime ? 'with' : 'without'} a one-time prekey`, async () => {
        const { alice, bob } = await pair('begin', { kyber, oneTime });
        const first = await toBob(alice, 1);
        expect(first.kind).toBe('prekey');
        expect(first.body[0]).toBe(kyber ? 0x44 : 0x33);
        expect(await bob.sessions.decrypt(ALICE, first)).toEqual(text(1));
        const reply = await toAlice(bob, 2);
        expect(reply.kind).toBe('message');
        expect(await alice.sessions.decrypt(BOB, reply)).toEqual(text(2));
        expect((await toBob(alice, 3)).kind).toBe('message');
        expect(await bob.stores.preKeys.ids()).toHaveLength(oneTime ? 99 : 100);
      });
    }
  }

  test('works by WebCrypto as by JavaScript', async () => {
    const curve = await webCurve(globalThis.crypto.subtle);
    const alice = await createTestDevice(ALICE, 'web', { curve });
    const bob = await createTestDevice(BOB, 'web');
    await alice.sessions.start(BOB, bob.bundle());
    expect(await bob.sessions.decrypt(ALICE, await toBob(alice, 1))).toEqual(text(1));
    expect(await alice.sessions.decrypt(BOB, await toAlice(bob, 2))).toEqual(text(2));
  });

  test('carries any messages in any order, once each', async () => {
    const steps = fc.array(fc.record({ fromAlice: fc.boolean(), deliver: fc.nat(), lose: fc.boolean() }), {
      minLength: 5,
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const { alice, bob } = await pair('any order');
        await bob.sessions.decrypt(ALICE, await toBob(alice, 0));
        const way: { envelope: Envelope; plaintext: Uint8Array; fromAlice: boolean }[] = [];
        for (const [i, { fromAlice, deliver, lose }] of plan.entries()) {
          const plaintext = text(i, i);
          const envelope = fromAlice ? await toBob(alice, i, i) : await toAlice(bob, i, i);
          if (!lose) way.push({ envelope, plaintext, fromAlice });
          const [arrived] = deliver % 2 === 0 ? way.splice(deliver % Math.max(1, way.length), 1) : [];
          if (arrived !== undefined) await read(arrived);
        }
        for (const arrived of way.reverse()) await read(arrived);

        async function read({ envelope, plaintext, fromAlice }: (typeof way)[number]) {
          const reading = () =>
            fromAlice ? bob.sessions.decrypt(ALICE, envelope) : alice.sessions.decrypt(BOB, envelope);
          expect(await reading()).toEqual(plaintext);
          await expect(reading()).rejects.toMatchObject({ code: 'duplicate' });
        }
      }),
      { numRuns: 8 },
    );
  });

  test('that both begin at once reads what either sends, before and after', async () => {
    const { alice, bob } = await pair('at once');
    await bob.sessions.start(ALICE, alice.bundle());
    for (let round = 0; round < 8; round++) {
      const [a, b] = [await toBob(alice, round), await toAlice(bob, round)];
      expect(await bob.sessions.decrypt(ALICE, a)).toEqual(text(round));
      expect(await alice.sessions.decrypt(BOB, b)).toEqual(text(round));
    }
  });

  test('that is begun anew still reads what was under way', async () => {
    const { alice, bob } = await pair('anew');
    await bob.sessions.decrypt(ALICE, await toBob(alice, 1));
    const old = await toAlice(bob, 2);
    await alice.sessions.start(BOB, bob.bundle());
    expect(await bob.sessions.decrypt(ALICE, await toBob(alice, 3))).toEqual(text(3));
    expect(await alice.sessions.decrypt(BOB, old)).toEqual(text(2));
    expect(await alice.sessions.decrypt(BOB, await toAlice(bob, 4))).toEqual(text(4));
  });

  test('after a reset needs a start, and then goes on', async () => {
    const { alice, bob } = await pair('reset');
    await bob.sessions.decrypt(ALICE, await toBob(alice, 1));
    await alice.sessions.reset(BOB);
    expect(await alice.sessions.has(BOB)).toBe(false);
    await expect(toBob(alice, 2)).rejects.toMatchObject({ code: 'no_session' });
    await alice.sessions.start(BOB, bob.bundle());
    expect(await bob.sessions.decrypt(ALICE, await toBob(alice, 3))).toEqual(text(3));
  });

  test('that was never answered is given up after three weeks', async () => {
    const { alice, bob } = await pair('unanswered');
    await toBob(alice, 1);
    alice.clock.time += MAX_UNANSWERED_MS;
    const last = await toBob(alice, 2);
    alice.clock.time += 1;
    expect(await alice.sessions.has(BOB)).toBe(false);
    await expect(toBob(alice, 3)).rejects.toMatchObject({ code: 'no_session' });
    expect(await bob.sessions.decrypt(ALICE, last)).toEqual(text(2));
  });
});

describe('state', () => {
  /** Stores whose reads and commits take a turn of the loop, and whose commits can be made to fail. */
  function slowStores() {
    const inner = createMemoryStores();
    const log: string[] = [];
    const stores: SignalStores & { failing: boolean; log: string[] } = {
      ...inner,
      failing: false,
      log,
      sessions: {
        async load(address) {
          await new Promise((resolve) => setImmediate(resolve));
          return inner.sessions.load(address);
        },
      },
      async commit(changes) {
        await new Promise((resolve) => setImmediate(resolve));
        if (stores.failing) throw new Error('the disk is full');
        await inner.commit(changes);
        log.push('committed');
      },
    };
    return stores;
  }

  test('no two of sixty messages encrypted at once on slow stores share a counter', async () => {
    const alice = await createTestDevice(ALICE, 'slow', { stores: slowStores() });
    const bob = await createTestDevice(BOB, 'slow', { stores: slowStores() });
    await alice.sessions.start(BOB, bob.bundle());
    const sent = await Promise.all(Array.from({ length: 60 }, (_, i) => toBob(alice, i)));
    const read = await Promise.all(sent.map((envelope) => bob.sessions.decrypt(ALICE, envelope)));
    expect(read.map((plaintext) => plaintext[0])).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });

  test('is saved before a ciphertext leaves, and when it cannot be, none leaves and no counter is spent', async () => {
    const stores = slowStores();
    const alice = await createTestDevice(ALICE, 'saved', { stores });
    const bob = await createTestDevice(BOB, 'saved');
    await alice.sessions.start(BOB, bob.bundle());
    stores.log.length = 0;
    await toBob(alice, 1).then(() => stores.log.push('left'));
    expect(stores.log).toEqual(['committed', 'left']);
    const before = await stores.sessions.load(BOB);
    stores.failing = true;
    await expect(toBob(alice, 2)).rejects.toThrow('the disk is full');
    expect(await stores.sessions.load(BOB)).toEqual(before);
  });

  test('moves only by the commit that the caller makes of it, together with what is its own', async () => {
    const { alice, bob } = await pair('settle');
    let outbox: Change[] = [];
    const envelope = await alice.sessions.encrypt(BOB, text(1), async (_, changes) => {
      outbox = [...changes];
    });
    expect(outbox.map(({ store }) => store)).toEqual(['session']);
    await alice.stores.commit(outbox);

    const refused = bob.sessions.decrypt(ALICE, envelope, () => Promise.reject(new Error('no room')));
    await expect(refused).rejects.toThrow('no room');
    expect(await bob.stores.sessions.load(ALICE)).toBeUndefined();
    expect(await bob.stores.preKeys.ids()).toHaveLength(100);

    const seen: [Uint8Array, string[]][] = [];
    await bob.sessions.decrypt(ALICE, envelope, async (plaintext, changes) => {
      seen.push([plaintext, changes.map(({ store }) => store)]);
      await bob.stores.commit(changes);
    });
    expect(seen).toEqual([[text(1), ['identity', 'kyberPreKey', 'preKey', 'session']]]);
    expect(await bob.stores.preKeys.ids()).toHaveLength(99);
  });
});
