import { nobleCurve } from '../curve/noble-curve.ts';
import type { Curve } from '../ports.ts';
import type { Address } from '../signal/address.ts';
import type { Device } from '../signal/device.ts';
import { createQueues } from '../signal/exclusive.ts';
import { Groups } from '../signal/groups.ts';
import { createIdentity } from '../signal/identity.ts';
import type { Bundle, PostQuantum } from '../signal/initiate.ts';
import { createMemoryStores } from '../signal/memory-stores.ts';
import { Sessions } from '../signal/sessions.ts';
import type { SignalStores } from '../signal/stores.ts';
import { upkeepPreKeys } from '../signal/upkeep.ts';
import { createSeededRandom } from './seeded-random.ts';

export type TestDevice = Device & {
  readonly address: Address;
  readonly clock: { time: number; now(): number };
  readonly sessions: Sessions;
  readonly groups: Groups;
  /** What a key directory would answer about this device. @throws when the stock of one-time prekeys is used up */
  bundle(options?: { kyber?: boolean; oneTime?: boolean }): Bundle;
};

/** A device with an identity and published prekeys, all of it from one seed. */
export async function createTestDevice(
  address: Address,
  seed: string,
  options: { stores?: SignalStores; curve?: Curve; postQuantum?: PostQuantum } = {},
): Promise<TestDevice> {
  const clock = { time: 1_700_000_000_000, now: () => clock.time };
  const device = {
    stores: options.stores ?? createMemoryStores(),
    exclusive: createQueues(),
    curve: options.curve ?? nobleCurve,
    random: createSeededRandom(`${seed}/${String(address.device)}.${address.name}`),
    clock,
  };
  await createIdentity(device);
  const published = await upkeepPreKeys(device, { oneTime: 0, signedPreKeyId: undefined, kyberPreKeyId: undefined });
  const { signedPreKey, kyberPreKey, preKeys = [], identityKey, registrationId } = published ?? {};
  if (signedPreKey === undefined || identityKey === undefined || registrationId === undefined)
    throw new Error('A new device must have something to publish');
  const stock = [...preKeys];
  return {
    ...device,
    address,
    sessions: new Sessions(device, { postQuantum: options.postQuantum ?? 'preferred' }),
    groups: new Groups(device, address),
    bundle({ kyber = true, oneTime = true } = {}) {
      const preKey = oneTime ? stock.shift() : undefined;
      if (oneTime && preKey === undefined) throw new Error('The stock of one-time prekeys is used up');
      return { registrationId, identityKey, signedPreKey, preKey, kyberPreKey: kyber ? kyberPreKey : undefined };
    },
  };
}
