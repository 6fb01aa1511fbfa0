import { expect, test } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createTestDevice } from '../testing/test-device.ts';
import { nobleCurve } from '../curve/noble-curve.ts';
import { createQueues } from './exclusive.ts';
import { adoptIdentity, createIdentity } from './identity.ts';
import { createKeyPair } from './keys.ts';
import { createMemoryStores } from './memory-stores.ts';
import { Sessions } from './sessions.ts';

const fresh = (seed: string) => ({
  stores: createMemoryStores(),
  exclusive: createQueues(),
  curve: nobleCurve,
  random: createSeededRandom(seed),
  clock: { now: () => 1_700_000_000_000 },
});

test('an identity that a pairing made is the one that others see', async () => {
  const made = createKeyPair(createSeededRandom('pairing'));
  const machine = fresh('machine');
  const { identityKey } = await adoptIdentity(machine, { secret: made.secret, registrationId: 7 });
  expect(identityKey).toEqual(made.publicKey);
  // Once more is the same, and nothing else makes another.
  expect(await adoptIdentity(machine, { secret: made.secret, registrationId: 8 })).toEqual({
    identityKey,
    registrationId: 7,
  });
  expect(await createIdentity(machine)).toEqual({ identityKey, registrationId: 7 });
  const phone = await createTestDevice({ name: 'ada', device: 1 }, 'phone');
  const sessions = new Sessions(machine, { postQuantum: 'required' });
  await sessions.start(phone.address, phone.bundle());
  const sealed = await sessions.encrypt(phone.address, Uint8Array.of(1, 2));
  await phone.sessions.decrypt({ name: 'ada', device: 2 }, sealed);
  expect((await phone.sessions.identityOf({ name: 'ada', device: 2 }))?.key).toEqual(made.publicKey);
});

test('a store that belongs to another identity is left as it is', async () => {
  const machine = fresh('another');
  const { identityKey } = await createIdentity(machine);
  const { secret } = createKeyPair(createSeededRandom('pairing'));
  await expect(adoptIdentity(machine, { secret, registrationId: 7 })).rejects.toMatchObject({
    code: 'identity_changed',
  });
  await expect(adoptIdentity(machine, { secret: secret.subarray(1), registrationId: 7 })).rejects.toMatchObject({
    code: 'malformed',
  });
  expect((await createIdentity(machine)).identityKey).toEqual(identityKey);
});
