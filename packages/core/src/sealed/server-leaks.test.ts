import { type AccountId, type ChannelId, type CommandId, type MessageId, SkerryError } from '@skerry/protocol';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { envelopeBody } from '../keys/envelope.ts';
import { fastClock } from '../testing/fast-clock.ts';
import { sealedScene, type SealedScene, shown, until } from '../testing/sealed-scene.ts';
import { SERVER_ID, WorldDevice } from '../testing/sealed-world.ts';
import { encodeNote } from './content.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An account that the server made for itself, with a conversation of its own with Anna. */
async function malloryIn({ world, devices }: SealedScene): Promise<{ mallory: WorldDevice; theirs: ChannelId }> {
  const [anna] = devices as [WorldDevice];
  const mallory = await WorldDevice.make({
    world,
    account: world.person(),
    clock: fastClock(200, world.now),
    random: { bytes: (length) => new Uint8Array(randomBytes(length)), fraction: () => 0.5 },
  });
  const theirs = world.id<ChannelId>();
  world.run(mallory.address, theirs as string as CommandId, { kind: 'direct.create', account: anna.account });
  anna.deliver();
  return { mallory, theirs };
}

/** Asks Anna's first device for a message "that could not be read", and gives all that comes back, decrypted. */
async function healed(
  made: SealedScene,
  mallory: WorldDevice,
  asked: { channel: ChannelId; id: MessageId },
): Promise<string> {
  const { world, devices } = made;
  const [anna] = devices as [WorldDevice];
  const { signal } = new AbortController();
  await mallory.keys.ensureSession(anna.address, signal);
  const note = encodeNote({ server: SERVER_ID, what: 'heal', channel: asked.channel, ids: [asked.id] });
  const body = envelopeBody(await mallory.keys.sessions.encrypt(anna.address, note));
  const envelopes = [{ account: anna.account, device: anna.number, body }];
  world.run(mallory.address, world.id(), { kind: 'envelopes.send', envelopes });
  for (let n = 0; n < 10; n++) {
    anna.deliver();
    await pause(20);
  }
  let all = '';
  for (const item of world.device(mallory.address).queue) {
    const bytes = Buffer.from(item.body, 'base64url');
    const kind = bytes[0] === 1 ? 'message' : 'prekey';
    const opened = await mallory.keys.sessions.decrypt(
      { name: item.from, device: item.fromDevice },
      { kind, body: new Uint8Array(bytes.subarray(1)) },
    );
    all += Buffer.from(opened).toString();
  }
  return all;
}

describe('what a server tries to get at the text of encrypted conversations (T35)', { timeout: 30_000 }, () => {
  it('saying that a message was sent in another conversation brings it to nobody there', async () => {
    const made = await sealedScene();
    const { world, devices, channels } = made;
    const [anna] = devices as [WorldDevice];
    const { mallory, theirs } = await malloryIn(made);
    // No answer comes, so that the stream alone says where the message went.
    anna.answer = () => new SkerryError('unavailable');
    const id = await anna.c.send({ channel: channels[0] as ChannelId, text: 'for Ben', replyTo: null, uploads: [] });
    await pause(50);
    const { events } = world.channel(theirs);
    const shell = { id, channel: theirs, author: anna.account, device: anna.number, op: 'post', target: null } as const;
    const n = events.length + 1;
    events.push({ n, message: { ...shell, n, at: world.now, body: null, erased: false }, chain: null });
    anna.deliver();
    await pause(50);
    expect((await shown(anna, theirs)).map(({ text }) => text)).not.toContain('for Ben');
    anna.answer = () => undefined;
    expect(await healed(made, mallory, { channel: theirs, id })).not.toContain('for Ben');
  });

  it('a conversation stays with the two it began with, whoever the server says is in it', async () => {
    for (const where of [0, 1] as const) {
      const made = await sealedScene();
      const { world, devices, channels } = made;
      const [anna] = devices as [WorldDevice];
      const channel = channels[where] as ChannelId;
      const first = await anna.c.send({ channel, text: 'before', replyTo: null, uploads: [] });
      await until(made, { device: anna, channel }, (all) => all.some(({ id }) => id === first));
      const { mallory } = await malloryIn(made);
      const pair: [AccountId, AccountId] = [anna.account, mallory.account];
      Object.assign(world.channel(channel), { kind: 'direct', pair, members: pair });
      anna.deliver();
      expect(await healed(made, mallory, { channel, id: first })).not.toContain('before');
      await anna.c.send({ channel, text: 'after', replyTo: null, uploads: [] });
      await pause(200);
      const sent = anna.sent.map(({ bytes }) => bytes).filter((bytes) => bytes.includes('"sealed.send"'));
      for (const bytes of sent) expect(bytes).not.toContain(mallory.account);
      expect(
        anna.c
          .conversation(channel)
          .get()
          ?.members.map(({ account }) => account),
      ).not.toContain(mallory.account);
    }
  });

  it('a conversation between two others is not taken for the one with either of them', async () => {
    const made = await sealedScene();
    const { world, devices } = made;
    const [anna, , , cleo] = devices as [WorldDevice, WorldDevice, WorldDevice, WorldDevice];
    const { mallory } = await malloryIn(made);
    const theirs = world.id<ChannelId>();
    world.run(mallory.address, theirs as string as CommandId, { kind: 'direct.create', account: cleo.account });
    world.channel(theirs).members.push(anna.account);
    anna.deliver();
    await anna.c.send({ channel: theirs, text: 'for Cleo', replyTo: null, uploads: [] });
    const tell = (): void => anna.deliver();
    world.onChange.add(tell);
    expect(await anna.c.startDirect(cleo.account)).not.toBe(theirs);
    world.onChange.delete(tell);
    await pause(100);
    expect(anna.sent.filter(({ bytes }) => bytes.includes(mallory.account))).toEqual([]);
  });

  it('a place that was given to somebody else first does not make the text theirs', async () => {
    const made = await sealedScene();
    const { world, devices, channels } = made;
    const [anna, , ben, cleo] = devices as [WorldDevice, WorldDevice, WorldDevice, WorldDevice];
    const group = channels[1] as ChannelId;
    ben.cut();
    const id = await anna.c.send({ channel: group, text: 'mine', replyTo: null, uploads: [] });
    await until(made, { device: anna, channel: group }, (all) => all.some((one) => one.id === id));
    const { events } = world.channel(group);
    const last = events.pop();
    if (last?.message == null) throw new Error('it was not sent');
    const { message } = last;
    events.push({ n: last.n, message: { ...message, author: cleo.account, device: cleo.number }, chain: null });
    events.push({ n: last.n + 1, message: { ...message, n: last.n + 1 }, chain: null });
    ben.connect();
    const seen = await until(made, { device: ben, channel: group }, (all) => all.some(({ text }) => text === 'mine'));
    expect(seen.filter(({ text }) => text === 'mine').map(({ author }) => author)).toEqual([anna.account]);
  });
});
