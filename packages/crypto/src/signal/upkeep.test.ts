import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nobleCurve } from '../curve/noble-curve.ts';
import { createTestDevice } from '../testing/test-device.ts';
import { createIdentity } from './identity.ts';
import { createMemoryStores } from './memory-stores.ts';
import { loadKyberPreKey, noteUse, encodeKyberPreKey } from './prekeys.ts';
import { planRotation, upkeepPreKeys } from './upkeep.ts';
import { verifyXeddsa } from './xeddsa.ts';

const DAY = 86_400_000;
const SELF = { name: 'alice', device: 1 };

async function published(seed: string) {
  const device = await createTestDevice(SELF, seed);
  const [signed = 0] = await device.stores.signedPreKeys.ids();
  const [kyber = 0] = await device.stores.kyberPreKeys.ids();
  return { device, onServer: { oneTime: 100, signedPreKeyId: signed, kyberPreKeyId: kyber } };
}

test('a new device publishes a signed and a Kyber prekey and a hundred one-time ones, saved before', async () => {
  const stores = createMemoryStores();
  const device = { ...(await createTestDevice(SELF, 'other')), stores };
  await createIdentity(device);
  const made = await upkeepPreKeys(device, { oneTime: 0, signedPreKeyId: undefined, kyberPreKeyId: undefined });
  const { identityKey = new Uint8Array(), signedPreKey, kyberPreKey, preKeys = [] } = made ?? {};
  for (const preKey of [signedPreKey, kyberPreKey]) {
    const signed = { message: preKey?.publicKey ?? new Uint8Array(), publicKey: identityKey };
    expect(await verifyXeddsa(preKey?.signature ?? new Uint8Array(), signed, nobleCurve)).toBe(true);
  }
  expect(preKeys.map(({ id }) => id)).toEqual(await stores.preKeys.ids());
  expect(new Set(preKeys.map(({ id }) => id)).size).toBe(100);
  expect(await stores.signedPreKeys.ids()).toEqual([signedPreKey?.id]);
  expect(await stores.kyberPreKeys.ids()).toEqual([kyberPreKey?.id]);
});

test('an identity is made once, however often it is asked for', async () => {
  const device = await createTestDevice(SELF, 'once');
  const [a, b] = await Promise.all([createIdentity(device), createIdentity(device)]);
  expect(a).toEqual(b);
  expect(a.identityKey).toEqual(device.bundle().identityKey);
});

describe('upkeep', () => {
  test('publishes nothing while the server has enough', async () => {
    const { device, onServer } = await published('enough');
    expect(await upkeepPreKeys(device, { ...onServer, oneTime: 20 })).toBeUndefined();
  });

  test('refills to a hundred when fewer than twenty are left, with ids never used before', async () => {
    const { device, onServer } = await published('refill');
    const before = await device.stores.preKeys.ids();
    const made = await upkeepPreKeys(device, { ...onServer, oneTime: 19 });
    expect(made).toMatchObject({ signedPreKey: undefined, kyberPreKey: undefined });
    expect(made?.preKeys).toHaveLength(81);
    expect(made?.preKeys.some(({ id }) => before.includes(id))).toBe(false);
    expect(await device.stores.preKeys.ids()).toHaveLength(181);
  });

  test('never keeps more than a thousand, whatever the server says', async () => {
    const { device, onServer } = await published('greedy');
    for (let i = 0; i < 12; i++) await upkeepPreKeys(device, { ...onServer, oneTime: 0 });
    expect(await device.stores.preKeys.ids()).toHaveLength(1000);
    await upkeepPreKeys(device, { ...onServer, oneTime: -5 });
    expect(await device.stores.preKeys.ids()).toHaveLength(1000);
  });

  test('offers the signed and Kyber prekey again until the server has them', async () => {
    const { device, onServer } = await published('lost');
    const again = await upkeepPreKeys(device, { ...onServer, signedPreKeyId: undefined, kyberPreKeyId: 3 });
    expect([again?.signedPreKey?.id, again?.kyberPreKey?.id]).toEqual([
      onServer.signedPreKeyId,
      onServer.kyberPreKeyId,
    ]);
    expect(await device.stores.signedPreKeys.ids()).toHaveLength(1);
  });

  test('replaces weekly, and keeps what was replaced for thirty days', async () => {
    const { device, onServer } = await published('weekly');
    const start = device.clock.time;
    let server = onServer;
    const counts: number[] = [];
    for (let day = 1; day <= 60; day++) {
      device.clock.time = start + day * DAY;
      const made = await upkeepPreKeys(device, server);
      server = {
        ...server,
        signedPreKeyId: made?.signedPreKey?.id ?? server.signedPreKeyId,
        kyberPreKeyId: made?.kyberPreKey?.id ?? server.kyberPreKeyId,
      };
      expect(made !== undefined).toBe(day % 7 === 0);
      expect(await device.stores.kyberPreKeys.ids()).toHaveLength((await device.stores.signedPreKeys.ids()).length);
      counts.push((await device.stores.signedPreKeys.ids()).length);
    }
    expect(counts[6]).toBe(2);
    // The first one was replaced on day 7: there on day 37, gone on day 38.
    expect([counts[36], counts[37]]).toEqual([6, 5]);
    expect(Math.max(...counts)).toBe(6);
  });

  test('replaces a Kyber prekey early when it was used a thousand times', async () => {
    const { device, onServer } = await published('used');
    const record = await loadKyberPreKey(device.stores, onServer.kyberPreKeyId);
    for (let i = 0; i < 1000; i++) noteUse(record, { signedPreKeyId: i, baseKey: new Uint8Array(33) });
    await device.stores.commit([
      { store: 'kyberPreKey', id: onServer.kyberPreKeyId, record: encodeKyberPreKey(record) },
    ]);
    const made = await upkeepPreKeys(device, onServer);
    expect(made).toMatchObject({ signedPreKey: undefined, preKeys: [] });
    expect(made?.kyberPreKey?.id).not.toBe(onServer.kyberPreKeyId);
  });

  test('is refused without an identity', async () => {
    const { device, onServer } = await published('nobody');
    const stores = createMemoryStores();
    await expect(upkeepPreKeys({ ...device, stores }, onServer)).rejects.toMatchObject({ code: 'no_identity' });
  });
});

test('whatever keys there are, one that serves is the newest and no key goes within thirty days of its successor', () => {
  const keys = fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 10 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 100, max: 140 }), (days, today) => {
      const all = days.map((day, id) => ({ id, record: { createdAt: day * DAY } }));
      const { newest, drop } = planRotation(all, today * DAY);
      if (newest !== undefined) {
        expect(newest.record.createdAt).toBe(Math.max(...days) * DAY);
        expect(today * DAY - newest.record.createdAt).toBeLessThan(7 * DAY);
      }
      for (const id of drop) {
        const later = days.filter((day, other) => other !== id && day >= (days[id] ?? 0));
        expect(later.some((day) => today - day > 30)).toBe(true);
      }
    }),
  );
});

test('a used-up Kyber prekey begins no more sessions', async () => {
  const { device, onServer } = await published('used up');
  const record = await loadKyberPreKey(device.stores, onServer.kyberPreKeyId);
  record.uses = Array.from({ length: 4096 }, () => new Uint8Array(16));
  const use = () => noteUse(record, { signedPreKeyId: 1, baseKey: new Uint8Array(33) });
  expect(use).toThrow(expect.objectContaining({ code: 'prekey_missing' }));
});
