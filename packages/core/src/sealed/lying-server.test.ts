import {
  type AccountId,
  type ChannelId,
  type CommandOf,
  encodeGroupBlock,
  type GroupBlock,
  type MessageId,
  type SealedMessage,
  toBase64Url,
} from '@skerry/protocol';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fastClock } from '../testing/fast-clock.ts';
import { converged, linesOf, sealedScene, type SealedScene, shown, until } from '../testing/sealed-scene.ts';
import { SERVER_ID, WorldDevice } from '../testing/sealed-world.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Anna says something while Ben is away, so that the server can do as it likes with what waits for him. */
async function saidToBen(
  made: SealedScene,
  where: 0 | 1,
  text = 'hello',
): Promise<{ ben: WorldDevice; channel: ChannelId; id: MessageId }> {
  const [anna, , ben] = made.devices as [WorldDevice, WorldDevice, WorldDevice];
  const channel = made.channels[where] as ChannelId;
  ben.cut();
  const id = await anna.c.send({ channel, text, replyTo: null, uploads: [] });
  await until(made, { device: anna, channel }, (all) => all.some((one) => one.id === id));
  return { ben, channel, id };
}

function shellIn(made: SealedScene, channel: ChannelId, id: MessageId): SealedMessage {
  const found = made.world.channel(channel).events.find(({ message }) => message?.id === id)?.message;
  if (found == null) throw new Error('it was not sent');
  return found;
}

const marks = (all: Awaited<ReturnType<typeof shown>>): unknown[] => all.map(({ text, sealed }) => [text, sealed.mark]);

describe('what a server does to encrypted conversations', { timeout: 30_000 }, () => {
  it('moving, renaming or recasting a message makes it unverified, and its text is not shown (T35)', async () => {
    const lies: readonly Partial<SealedMessage>[] = [
      { id: '0197f3f4-0000-7000-8000-00000000eeee' as MessageId },
      { op: 'change', target: '0197f3f4-0000-7000-8000-00000000eeee' as MessageId },
      { device: 2 },
    ];
    for (const lie of lies) {
      const made = await sealedScene();
      const { ben, channel } = await saidToBen(made, 0);
      const item = made.world.device(ben.address).queue.at(-1);
      if (item?.message == null) throw new Error('nothing waits');
      Object.assign(item, { message: { ...item.message, ...lie } });
      ben.connect();
      await pause(100);
      expect((await shown(ben, channel)).map(({ text }) => text)).not.toContain('hello');
    }
  });

  it('a message of a group under another place, author or group is unverified (T35)', async () => {
    const made = await sealedScene();
    const { ben, channel, id } = await saidToBen(made, 1, 'secret plan');
    const shell = shellIn(made, channel, id);
    Object.assign(shell, { id: '0197f3f4-0000-7000-8000-00000000eeee' });
    ben.connect();
    const seen = await until(made, { device: ben, channel }, (all) => all.length > 0);
    expect(marks(seen)).toEqual([['', 'unverified']]);
  });

  it('what was kept back is asked for once more and comes; what cannot be had back says so', async () => {
    const made = await sealedScene();
    const { ben, channel, id } = await saidToBen(made, 0);
    const { queue } = made.world.device(ben.address);
    queue.splice(0, queue.length);
    ben.connect();
    const healed = await until(made, { device: ben, channel }, (all) => all[0]?.text === 'hello');
    expect(healed[0]).toMatchObject({ id, sealed: { mark: null } });

    // The same from a device that says it no longer has it: it was long ago.
    const anna = made.devices[0] as WorldDevice;
    ben.cut();
    const last = await anna.c.send({ channel, text: 'long ago', replyTo: null, uploads: [] });
    await until(made, { device: anna, channel }, (all) => all.length === 2);
    queue.splice(0, queue.length);
    for (let n = 0; n < 50; n++) await anna.c.send({ channel, text: `later ${n}`, replyTo: null, uploads: [] });
    await until(made, { device: anna, channel }, (all) => all.length === 52);
    ben.connect();
    const seen = await until(
      made,
      { device: ben, channel },
      (all) => all.find((one) => one.id === last)?.sealed.mark === 'lost',
    );
    expect(seen.filter(({ sealed }) => sealed.mark === null)).toHaveLength(51);
  });

  it('a broken session heals: what could not be read is sent again over a new one', async () => {
    const made = await sealedScene();
    await saidToBen(made, 0, 'whole').then(async ({ ben, channel }) => {
      ben.connect();
      await until(made, { device: ben, channel }, (all) => all[0]?.text === 'whole');
    });
    const { ben, channel } = await saidToBen(made, 0, 'garbled');
    const item = made.world.device(ben.address).queue.at(-1);
    if (item === undefined) throw new Error('nothing waits');
    const bytes = Buffer.from(item.body, 'base64url');
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    Object.assign(item, { body: bytes.toString('base64url') });
    ben.connect();
    await until(made, { device: ben, channel }, (all) => all[1]?.text === 'garbled');
    const anna = made.devices[0] as WorldDevice;
    await ben.c.send({ channel, text: 'and on', replyTo: null, uploads: [] });
    await until(made, { device: anna, channel }, (all) => all.at(-1)?.text === 'and on');
    await converged(made);
  });

  it('a sender key that was kept back is asked for, and the message comes after all', async () => {
    const made = await sealedScene();
    const anna = made.devices[0] as WorldDevice;
    await anna.keys.groups.rotate(made.channels[1] as string);
    const { ben, channel } = await saidToBen(made, 1, 'with a new key');
    const { queue } = made.world.device(ben.address);
    expect(queue.length).toBeGreaterThan(0);
    queue.splice(0, queue.length);
    ben.connect();
    await until(made, { device: ben, channel }, (all) => all[0]?.text === 'with a new key');
    await anna.c.send({ channel, text: 'the next', replyTo: null, uploads: [] });
    await until(made, { device: ben, channel }, (all) => all[1]?.text === 'the next');
    await converged(made);
  });

  it('erasing by the server alone leaves the text, and says who did it (E-6)', async () => {
    const made = await sealedScene();
    const { ben, channel, id } = await saidToBen(made, 0);
    ben.connect();
    await until(made, { device: ben, channel }, (all) => all[0]?.text === 'hello');
    Object.assign(shellIn(made, channel, id), { erased: true, body: null });
    ben.deliver({ again: 10 });
    const seen = await until(made, { device: ben, channel }, (all) => all[0]?.sealed.mark === 'serverErased');
    expect(seen[0]).toMatchObject({ text: 'hello', deleted: false });
  });

  it('a member nobody signed for stops sending, and is never sent to (E-9, T35)', async () => {
    const made = await sealedScene();
    const { world, devices, channels } = made;
    const [anna] = devices as [WorldDevice];
    const group = channels[1] as ChannelId;
    const stranger = world.person();
    const mallory = await WorldDevice.make({
      world,
      account: stranger,
      clock: fastClock(200, world.now),
      random: { bytes: (length) => new Uint8Array(randomBytes(length)), fraction: () => 0.5 },
    });
    const channel = world.channel(group);
    const last = channel.chain.at(-1) as GroupBlock;
    const block = {
      channel: group,
      version: 2,
      previous: await anna.keys.digest(encodeGroupBlock(SERVER_ID, last)),
      at: 1,
      author: stranger,
      device: 1,
      add: [{ account: stranger, accountKey: world.of(stranger).accountKey }],
      remove: [] as AccountId[],
    };
    channel.chain.push({ ...block, signature: toBase64Url(mallory.keys.sign(encodeGroupBlock(SERVER_ID, block))) });
    channel.members.push(stranger);
    channel.events.push({ n: channel.events.length + 1, message: null, chain: 2 });
    for (const device of devices) device.deliver();
    await pause(50);
    const id = await anna.c.send({ channel: group, text: 'for members', replyTo: null, uploads: [] });
    const parked = async (): Promise<string | undefined> => {
      for (let tries = 0; tries < 200; tries++) {
        const row = anna.c.rows.get().find((one) => one.id === (id as string));
        if (row?.parked != null) return row.parked.code;
        await pause(20);
      }
      return undefined;
    };
    expect(await parked()).toBe('chain_refused');
    expect(anna.c.conversation(group).get()?.problem).toEqual({ kind: 'chainRefused', reason: 'not_a_member' });
    expect(
      anna.c
        .conversation(group)
        .get()
        ?.members.map(({ account }) => account),
    ).not.toContain(stranger);
    expect(world.device(mallory.address).queue).toEqual([]);
    expect(channel.events.some(({ message }) => message?.id === id)).toBe(false);
  });

  it('whoever was removed cannot read on, whatever the server gives them (E-9)', async () => {
    const made = await sealedScene();
    const { world, devices, channels } = made;
    const [anna, , ben, cleo] = devices as [WorldDevice, WorldDevice, WorldDevice, WorldDevice];
    const group = channels[1] as ChannelId;
    await anna.c.send({ channel: group, text: 'with cleo', replyTo: null, uploads: [] });
    await until(made, { device: cleo, channel: group }, (all) => all.length === 1);
    const tell = (): void => devices.forEach((device) => device.deliver());
    world.onChange.add(tell);
    await anna.c.removeMember(group, cleo.account);
    world.onChange.delete(tell);
    expect(await linesOf(anna, group)).toContain('removed');
    const id = await anna.c.send({ channel: group, text: 'without cleo', replyTo: null, uploads: [] });
    await until(made, { device: ben, channel: group }, (all) => all[1]?.text === 'without cleo');
    const body = Buffer.from(shellIn(made, group, id).body ?? '', 'base64url');
    await expect(cleo.keys.groups.decrypt(anna.address, new Uint8Array(body))).rejects.toMatchObject({
      code: 'no_session',
    });
    // Back in, as the server says, without a word of the founder.
    world.channel(group).members.push(cleo.account);
    await pause(100);
    expect((await shown(cleo, group)).map(({ text }) => text)).not.toContain('without cleo');
  });

  it('a device that was taken off is read up to then, and not after, though the server goes on with it (E-10)', async () => {
    for (const where of [0, 1] as const) {
      const made = await sealedScene();
      const { world } = made;
      const { ben, channel } = await saidToBen(made, where, 'still hers');
      const [anna1, anna2] = made.devices as [WorldDevice, WorldDevice];
      const stolen = where === 0 ? anna1 : anna2;
      if (where === 1) {
        await anna2.c.send({ channel, text: 'from the second', replyTo: null, uploads: [] });
        await until(made, { device: anna1, channel }, (all) => all.length === 2);
      }
      const before = where === 0 ? ['still hers'] : ['still hers', 'from the second'];
      // The thief and the server are one: it takes the message although the list says no.
      const roster = world.of(stolen.account).revoked;
      await stolen.c.send({ channel, text: 'the thief', replyTo: null, uploads: [] });
      await until(made, { device: stolen, channel }, (all) => all.some(({ text }) => text === 'the thief'));
      const thief = world.channel(channel).events.at(-1)?.message;
      const late = world.now + 60 * 60_000;
      if (thief != null) Object.assign(thief, { at: late });
      for (const item of world.device(ben.address).queue)
        if (item.message?.id === thief?.id) Object.assign(item, { at: late });
      roster.set(stolen.number, world.now);
      world.of(stolen.account).version += 1;
      ben.connect();
      const seen = await until(made, { device: ben, channel }, (all) => all.length === before.length + 1);
      expect(seen.map(({ text }) => text)).toEqual([...before, '']);
      expect(seen.at(-1)?.sealed.mark).toBe('unverified');
    }
  });

  it('putting somebody else into a direct conversation, or calling it open, changes nothing, also after a restart (T35)', async () => {
    const made = await sealedScene();
    const { world, devices, channels } = made;
    const [anna, , ben, cleo] = devices as [WorldDevice, WorldDevice, WorldDevice, WorldDevice];
    const [direct] = channels as [ChannelId];
    await anna.c.send({ channel: direct, text: 'for ben', replyTo: null, uploads: [] });
    await until(made, { device: ben, channel: direct }, (all) => all.length === 1);
    const before = world.device(cleo.address).queueHead;
    const channel = world.channel(direct);
    Object.assign(channel, { pair: [anna.account, cleo.account].sort(), members: [anna.account, cleo.account] });
    await anna.die();
    anna.connect();
    await anna.c.send({ channel: direct, text: 'still for ben', replyTo: null, uploads: [] });
    await pause(150);
    expect(anna.c.conversation(direct).get()).toMatchObject({ peer: ben.account, kind: 'direct' });
    expect(anna.c.rows.get()).toHaveLength(1);
    expect(world.device(cleo.address).queueHead).toBe(before);
    for (const { bytes } of anna.sent.slice(-1))
      expect((JSON.parse(bytes) as CommandOf<'sealed.send'>).envelopes.map(({ account }) => account)).not.toContain(
        cleo.account,
      );
    Object.assign(channel, { kind: undefined });
    expect(anna.c.isSealed(direct)).toBe(true);
    anna.deliver();
    expect(anna.c.conversation(direct).get()?.kind).toBe('direct');
  });

  it('going back to a backup takes nothing from the devices, and what comes then is read (T41)', async () => {
    const made = await sealedScene();
    const [anna, , ben] = made.devices as [WorldDevice, WorldDevice, WorldDevice];
    for (const channel of made.channels) {
      await anna.c.send({ channel, text: 'kept', replyTo: null, uploads: [] });
      await until(made, { device: ben, channel }, (all) => all.length === 1);
    }
    const restore = made.world.backup();
    for (const channel of made.channels) {
      for (const text of ['lost one', 'lost two']) await anna.c.send({ channel, text, replyTo: null, uploads: [] });
      await until(made, { device: ben, channel }, (all) => all.length === 3);
    }
    for (const device of made.devices) device.cut();
    restore();
    for (const device of made.devices) device.connect();
    for (const channel of made.channels) {
      await ben.c.send({ channel, text: 'after', replyTo: null, uploads: [] });
      for (const device of [anna, ben]) {
        const seen = await until(made, { device, channel }, (all) => all.some(({ text }) => text === 'after'));
        expect(seen.map(({ text }) => text).sort()).toEqual(['after', 'kept', 'lost one', 'lost two']);
      }
    }
  });

  it('a device that was never on a list says nothing here (E-11, T35)', async () => {
    const made = await sealedScene();
    const { ben, channel } = await saidToBen(made, 0);
    const item = made.world.device(ben.address).queue.at(-1);
    Object.assign(item as object, { fromDevice: 9, message: { ...item?.message, device: 9 } });
    ben.connect();
    await pause(100);
    expect((await shown(ben, channel)).filter(({ text }) => text !== '')).toEqual([]);
  });
});
