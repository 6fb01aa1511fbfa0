import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createTestDevice } from '../testing/test-device.ts';
import type { TestDevice } from '../testing/test-device.ts';
import type { Address } from './address.ts';
import type { GroupSealed } from './groups.ts';
import { createKeyPair } from './keys.ts';
import { readOwnChain } from './sender-key.ts';
import type { OwnChain } from './sender-key.ts';
import { uuidBytes } from './uuid.ts';
import { encodeGroupMessage } from './wire.ts';
import { signXeddsa } from './xeddsa.ts';

const GROUP = '11111111-2222-4333-8444-555555555555';
const DAY = 86_400_000;
const text = (...bytes: number[]) => Uint8Array.from(bytes);
const named = (name: string, device = 1): Address => ({ name, device });

async function people<const N extends readonly string[]>(seed: string, names: N) {
  const devices = await Promise.all(names.map((name) => createTestDevice(named(name), seed)));
  return devices as { [K in keyof N]: TestDevice };
}

/** Sends to these devices, and hands out the chain where it is missing, as an application does. */
async function send(from: TestDevice, to: readonly TestDevice[], plaintext: Uint8Array): Promise<GroupSealed> {
  const members = to.map(({ address }) => address);
  const sealed = await from.groups.encrypt({ distributionId: GROUP, members }, plaintext);
  const { distribution } = sealed;
  if (distribution === undefined) return sealed;
  for (const address of distribution.to) {
    const device = to.find((one) => one.address.name === address.name);
    expect(await device?.groups.receive(from.address, distribution.body)).toBe(GROUP);
  }
  await from.groups.confirm(GROUP, distribution.body, distribution.to);
  return sealed;
}

describe('a group', () => {
  test('reads what any member sends, in any order, once', async () => {
    const [alice, bob, carol] = await people('any order', ['alice', 'bob', 'carol']);
    const random = createSeededRandom('any order');
    const sent = [];
    for (let i = 0; i < 20; i++) sent.push(await send(alice, [bob, carol], text(i)));
    const order = sent.map((sealed, i) => ({ sealed, i, at: random.below(1000) })).sort((a, b) => a.at - b.at);
    for (const { sealed, i } of order) {
      const expected = { plaintext: text(i), distributionId: GROUP };
      expect(await bob.groups.decrypt(alice.address, sealed.message)).toEqual(expected);
      expect(await carol.groups.decrypt(alice.address, sealed.message)).toEqual(expected);
      await expect(bob.groups.decrypt(alice.address, sealed.message)).rejects.toMatchObject({ code: 'duplicate' });
    }
    expect(sent.map(({ rotated, distribution }) => [rotated, distribution?.to.length])).toEqual(
      sent.map((_, i) => (i === 0 ? [true, 2] : [false, undefined])),
    );
  });

  test('gives a newcomer the chain from here on, not what was before', async () => {
    const [alice, bob, carol] = await people('newcomer', ['alice', 'bob', 'carol']);
    const before = await send(alice, [bob], text(1));
    const after = await send(alice, [bob, carol], text(2));
    expect([after.rotated, after.distribution?.to]).toEqual([false, [carol.address]]);
    expect((await carol.groups.decrypt(alice.address, after.message)).plaintext).toEqual(text(2));
    await expect(carol.groups.decrypt(alice.address, before.message)).rejects.toMatchObject({ code: 'duplicate' });
  });

  test('begins a new chain when a member leaves, which the one that left cannot read', async () => {
    const [alice, bob, carol] = await people('leaves', ['alice', 'bob', 'carol']);
    await send(alice, [bob, carol], text(1));
    const after = await send(alice, [bob], text(2));
    expect(after.rotated).toBe(true);
    expect((await bob.groups.decrypt(alice.address, after.message)).plaintext).toEqual(text(2));
    await expect(carol.groups.decrypt(alice.address, after.message)).rejects.toMatchObject({ code: 'no_session' });
  });

  test('begins a new chain also when the one that left was handed the chain but never confirmed it', async () => {
    const [alice, bob, carol] = await people('unconfirmed', ['alice', 'bob', 'carol']);
    const members = [bob.address, carol.address];
    const first = await alice.groups.encrypt({ distributionId: GROUP, members }, text(1));
    expect(first.distribution?.to).toEqual(members);
    const again = await alice.groups.encrypt({ distributionId: GROUP, members }, text(2));
    expect([again.rotated, again.distribution?.to]).toEqual([false, members]);
    expect((await send(alice, [bob], text(3))).rotated).toBe(true);
  });

  test('tells one device of a member from another', async () => {
    const [alice, bob] = await people('devices', ['alice', 'bob']);
    const phone = { ...bob.address, device: 2 };
    await alice.groups.encrypt({ distributionId: GROUP, members: [bob.address, phone] }, text(1));
    const after = await alice.groups.encrypt({ distributionId: GROUP, members: [bob.address] }, text(2));
    expect(after.rotated).toBe(true);
  });

  test('begins a new chain after seven days, after a thousand messages, and when asked to', async () => {
    const [alice, bob] = await people('time', ['alice', 'bob']);
    await send(alice, [bob], text(0));
    alice.clock.time += 7 * DAY - 1;
    expect((await send(alice, [bob], text(1))).rotated).toBe(false);
    alice.clock.time += 1;
    expect((await send(alice, [bob], text(2))).rotated).toBe(true);
    for (let i = 1; i < 1000; i++) expect((await send(alice, [bob], text(3))).rotated).toBe(false);
    expect((await send(alice, [bob], text(4))).rotated).toBe(true);
    await alice.groups.rotate(GROUP);
    expect((await send(alice, [bob], text(5))).rotated).toBe(true);
  }, 60_000);

  test('still reads what was sent before a rotation, up to five chains back', async () => {
    const [alice, bob] = await people('late', ['alice', 'bob']);
    const sent = [];
    for (let i = 0; i < 6; i++) {
      sent.push(await send(alice, [bob], text(i)));
      await alice.groups.rotate(GROUP);
    }
    for (const [i, { message }] of sent.entries()) {
      const reading = bob.groups.decrypt(alice.address, message);
      if (i === 0) await expect(reading).rejects.toMatchObject({ code: 'no_session' });
      else expect((await reading).plaintext).toEqual(text(i));
    }
  });

  test('sixty messages at once each have a key of their own', async () => {
    const [alice, bob] = await people('at once', ['alice', 'bob']);
    await send(alice, [bob], text(0));
    const group = { distributionId: GROUP, members: [bob.address] };
    const sent = await Promise.all(Array.from({ length: 60 }, (_, i) => alice.groups.encrypt(group, text(i))));
    const read = await Promise.all(sent.map(({ message }) => bob.groups.decrypt(alice.address, message)));
    expect(read.map(({ plaintext }) => plaintext[0])).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });
});

describe('bad input', () => {
  async function ownChain({ stores, address }: TestDevice): Promise<OwnChain> {
    const chain = readOwnChain(await stores.senderKeys.load(address, GROUP));
    if (chain === undefined) throw new Error('The device has sent nothing yet');
    return chain;
  }

  /** A message of this chain with a good signature, whatever it says. */
  function signed({ chainId, signingSecret }: OwnChain, iteration: number): Uint8Array {
    const random = createSeededRandom('signed');
    const message = { distributionId: uuidBytes(GROUP), chainId, iteration, ciphertext: new Uint8Array(16) };
    return encodeGroupMessage(message, (bytes) => signXeddsa(signingSecret, bytes, random));
  }

  test('a message with any bit changed is refused and changes nothing', async () => {
    const [alice, bob] = await people('tamper', ['alice', 'bob']);
    const { message } = await send(alice, [bob], text(1));
    const before = await bob.stores.senderKeys.load(alice.address, GROUP);
    await fc.assert(
      fc.asyncProperty(fc.nat(message.length * 8 - 1), async (bit) => {
        const changed = message.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        await expect(bob.groups.decrypt(alice.address, changed)).rejects.toMatchObject({ name: 'CryptoError' });
        expect(await bob.stores.senderKeys.load(alice.address, GROUP)).toEqual(before);
      }),
      { numRuns: 60 },
    );
    expect((await bob.groups.decrypt(alice.address, message)).plaintext).toEqual(text(1));
  });

  test('a member who knows the chain cannot speak for its sender', async () => {
    const [alice, bob] = await people('forge', ['alice', 'bob']);
    await send(alice, [bob], text(1));
    const chain = await ownChain(alice);
    const { secret } = createKeyPair(bob.random);
    const forged = signed({ ...chain, signingSecret: secret }, chain.index);
    await expect(bob.groups.decrypt(alice.address, forged)).rejects.toMatchObject({ code: 'signature_wrong' });
  });

  test('an old distribution does not turn a chain back', async () => {
    const [alice, bob] = await people('back', ['alice', 'bob']);
    const first = await send(alice, [bob], text(1));
    await bob.groups.decrypt(alice.address, first.message);
    await bob.groups.receive(alice.address, first.distribution?.body ?? new Uint8Array());
    await expect(bob.groups.decrypt(alice.address, first.message)).rejects.toMatchObject({ code: 'duplicate' });
  });

  test('without the distribution, or with one for another sender, nothing is read', async () => {
    const [alice, bob, carol] = await people('none', ['alice', 'bob', 'carol']);
    const { message } = await send(alice, [bob], text(1));
    await expect(carol.groups.decrypt(alice.address, message)).rejects.toMatchObject({ code: 'no_session' });
    await expect(bob.groups.decrypt(carol.address, message)).rejects.toMatchObject({ code: 'no_session' });
    await bob.groups.forget(alice.address, GROUP);
    await expect(bob.groups.decrypt(alice.address, message)).rejects.toMatchObject({ code: 'no_session' });
  });

  test('nobody can hand a device a chain, or a message, in its own name', async () => {
    const [alice, bob] = await people('self', ['alice', 'bob']);
    const { message, distribution } = await send(alice, [bob], text(1));
    const body = distribution?.body ?? new Uint8Array();
    await expect(alice.groups.receive(alice.address, body)).rejects.toMatchObject({ code: 'malformed' });
    await expect(alice.groups.decrypt(alice.address, message)).rejects.toMatchObject({ code: 'malformed' });
    expect((await send(alice, [bob], text(2))).rotated).toBe(false);
  });

  test('a jump beyond 25,000 is refused, and the chain goes on', async () => {
    const [alice, bob] = await people('jump', ['alice', 'bob']);
    const { message } = await send(alice, [bob], text(1));
    const before = await bob.stores.senderKeys.load(alice.address, GROUP);
    const far = signed(await ownChain(alice), 25_001);
    await expect(bob.groups.decrypt(alice.address, far)).rejects.toMatchObject({ code: 'too_far_ahead' });
    expect(await bob.stores.senderKeys.load(alice.address, GROUP)).toEqual(before);
    expect((await bob.groups.decrypt(alice.address, message)).plaintext).toEqual(text(1));
  });

  test('a distribution id that is no UUID is refused', async () => {
    const [alice] = await people('uuid', ['alice']);
    const sending = alice.groups.encrypt({ distributionId: 'general', members: [] }, text(1));
    await expect(sending).rejects.toMatchObject({ code: 'malformed' });
  });
});

test('a message that could not be saved was not sent, and its key is still unused', async () => {
  const [alice, bob] = await people('settle', ['alice', 'bob']);
  await send(alice, [bob], text(0));
  const before = await alice.stores.senderKeys.load(alice.address, GROUP);
  const group = { distributionId: GROUP, members: [bob.address] };
  const failing = alice.groups.encrypt(group, text(1), () => Promise.reject(new Error('no room')));
  await expect(failing).rejects.toThrow('no room');
  expect(await alice.stores.senderKeys.load(alice.address, GROUP)).toEqual(before);
});
