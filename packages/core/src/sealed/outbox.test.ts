import { type ChannelId, type CommandOf, type MessageId, SkerryError } from '@skerry/protocol';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fastClock } from '../testing/fast-clock.ts';
import { converged, sealedScene, type SealedScene, shown, until } from '../testing/sealed-scene.ts';
import { WorldDevice } from '../testing/sealed-world.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)), fraction: () => 0.5 };

async function parked(device: WorldDevice, id: string): Promise<string | undefined> {
  for (let tries = 0; tries < 200; tries++) {
    const row = device.c.rows.get().find((one) => one.id === id);
    if (row?.parked != null) return row.parked.code;
    await pause(10);
  }
  return undefined;
}

async function start(): Promise<{
  made: SealedScene;
  anna: WorldDevice;
  ben: WorldDevice;
  direct: ChannelId;
  group: ChannelId;
}> {
  const made = await sealedScene();
  const [anna, , ben] = made.devices as [WorldDevice, WorldDevice, WorldDevice];
  const [direct, group] = made.channels as [ChannelId, ChannelId];
  return { made, anna, ben, direct, group };
}

describe('the queue of encrypted conversations', { timeout: 30_000 }, () => {
  it('sends the very same bytes again when the answer is lost, also after a restart (C-2, I2)', async () => {
    const { made, anna, ben, direct } = await start();
    let lost = 0;
    anna.answer = (command) => (command.kind === 'sealed.send' && lost++ < 2 ? 'lost' : undefined);
    const id = await anna.c.send({ channel: direct, text: 'once', replyTo: null, uploads: [] });
    while (lost < 1) await pause(5);
    await anna.die();
    anna.connect();
    await until(made, { device: ben, channel: direct }, (all) => all.length === 1);
    await converged(made);
    const attempts = anna.sent.filter((one) => one.id === (id as string));
    expect(attempts.length).toBeGreaterThan(1);
    expect(new Set(attempts.map(({ bytes }) => bytes)).size).toBe(1);
    expect((await shown(ben, direct)).map(({ text }) => text)).toEqual(['once']);
  });

  it('encrypts anew under the same id when somebody has another device meanwhile (E-5)', async () => {
    const { made, anna, ben, direct, group } = await start();
    for (const channel of [direct, group]) {
      let added: Promise<WorldDevice> | undefined;
      anna.answer = (command) => {
        if (command.kind !== 'sealed.send' || added !== undefined) return undefined;
        added = WorldDevice.make({
          world: made.world,
          account: ben.account,
          clock: fastClock(200, made.world.now),
          random,
        });
        // It is on the list before the command arrives.
        return new SkerryError('unavailable');
      };
      const id = await anna.c.send({ channel, text: 'for all of ben', replyTo: null, uploads: [] });
      while (added === undefined) await pause(5);
      const fresh = await added;
      fresh.connect();
      made.devices.push(fresh);
      await until(made, { device: fresh, channel }, (all) => all.some(({ text }) => text === 'for all of ben'));
      await until(made, { device: ben, channel }, (all) => all.some(({ text }) => text === 'for all of ben'));
      const attempts = anna.sent.filter((one) => one.id === (id as string));
      expect(new Set(attempts.map(({ bytes }) => bytes)).size).toBeGreaterThan(1);
    }
  });

  it('parks what is refused for good with its reason, lets the rest pass, and tries again when asked (C-2)', async () => {
    const { made, anna, ben, direct, group } = await start();
    let isRefusing = true;
    anna.answer = (command) =>
      isRefusing && command.kind === 'sealed.send' && command.channel === direct
        ? new SkerryError('archived')
        : undefined;
    const id = await anna.c.send({ channel: direct, text: 'refused', replyTo: null, uploads: [] });
    expect(await parked(anna, id)).toBe('archived');
    await anna.c.send({ channel: group, text: 'passes', replyTo: null, uploads: [] });
    await until(made, { device: ben, channel: group }, (all) => all.length === 1);
    // What is no text is dropped: it shows by not happening.
    const [first] = await shown(anna, group);
    isRefusing = false;
    anna.answer = (command) =>
      command.kind === 'sealed.send' && command.op === 'change' ? new SkerryError('not_found') : undefined;
    await anna.c.react(first?.id as MessageId, '👍', true);
    await pause(100);
    expect(anna.c.rows.get().map((row) => row.id)).toEqual([id]);
    anna.answer = () => undefined;
    await anna.die();
    anna.connect();
    await anna.c.retry(id);
    await until(made, { device: ben, channel: direct }, (all) => all[0]?.text === 'refused');
  });

  it('takes back what was not sent, and erases what may have been', async () => {
    const { made, anna, ben, direct } = await start();
    anna.cut();
    const first = await anna.c.send({ channel: direct, text: 'never mind', replyTo: null, uploads: [] });
    expect(await anna.c.takeBack(first)).toBe('never mind');
    expect(anna.c.rows.get()).toEqual([]);

    anna.connect();
    anna.answer = (command) => (command.kind === 'sealed.send' ? 'lost' : undefined);
    const second = await anna.c.send({ channel: direct, text: 'too late', replyTo: null, uploads: [] });
    while (made.world.channel(direct).events.every(({ message }) => message?.id !== second)) await pause(5);
    anna.cut();
    // While it is tried nothing is taken back.
    let text: string | undefined;
    for (let tries = 0; tries < 100 && text === undefined; tries++) {
      text = await anna.c.takeBack(second);
      await pause(5);
    }
    expect(text).toBe('too late');
    await converged(made);
    for (const device of [anna, ben])
      expect(await until(made, { device, channel: direct }, (all) => all[0]?.deleted === true)).toHaveLength(1);
  });

  it('lets a later edit or reaction stand for an earlier one that was not tried yet', async () => {
    const { made, anna, ben, direct } = await start();
    const id = await anna.c.send({ channel: direct, text: 'draft', replyTo: null, uploads: [] });
    await until(made, { device: ben, channel: direct }, (all) => all.length === 1);
    anna.cut();
    for (const text of ['one', 'two', 'three']) await anna.c.edit(id, text);
    for (const on of [true, false, true]) await anna.c.react(id, '👍', on);
    expect(anna.c.rows.get()).toHaveLength(2);
    anna.connect();
    await until(
      made,
      { device: ben, channel: direct },
      (all) => all[0]?.text === 'three' && all[0].reactions.length === 1,
    );
    await converged(made);
  });

  it('names no more in a group than it has to: the sender key goes along once', async () => {
    const { made, anna, ben, group } = await start();
    for (const text of ['one', 'two']) {
      await anna.c.send({ channel: group, text, replyTo: null, uploads: [] });
      await until(made, { device: ben, channel: group }, (all) => all.at(-1)?.text === text);
    }
    const sends = anna.sent
      .map(({ bytes }) => JSON.parse(bytes) as CommandOf<'sealed.send'>)
      .filter(({ kind }) => kind === 'sealed.send');
    expect(sends.at(-1)?.envelopes).toEqual([]);
  });
});

describe('files of encrypted conversations', { timeout: 30_000 }, () => {
  const file = { name: 'a.txt', type: 'text/plain', bytes: new TextEncoder().encode('content of the file') };

  it('are uploaded once, however often the message that names them has to be sent', async () => {
    const { made, anna, ben, direct } = await start();
    const upload = anna.c.attach(direct, file);
    while (upload.state.get().kind !== 'ready') await pause(5);
    anna.cut();
    const id = await anna.c.send({ channel: direct, text: 'look', replyTo: null, uploads: [upload.id] });
    expect(anna.c.rows.get()[0]?.attachments).toMatchObject([{ name: 'a.txt', size: file.bytes.length }]);
    await anna.die();
    anna.connect();
    const [seen] = await until(
      made,
      { device: ben, channel: direct },
      (all) => all[0]?.sealed.attachments.length === 1,
    );
    expect(made.world.blobs.size).toBe(1);
    const [attachment] = seen?.sealed.attachments ?? [];
    const blob = attachment?.blob ?? ('' as never);
    expect(new TextDecoder().decode(await ben.c.open(id, blob))).toBe('content of the file');

    // Another file in its place is not opened.
    const stored = made.world.blobs.get(blob) as Uint8Array;
    made.world.blobs.set(
      blob,
      Uint8Array.from(stored, (byte, at) => (at === 40 ? byte ^ 1 : byte)),
    );
    await expect(ben.c.open(id, blob)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(ben.c.open(id, 'another' as never)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('that were cut off begin anew when asked, and those taken back are gone', async () => {
    const { anna, direct } = await start();
    anna.cut();
    const upload = anna.c.attach(direct, file);
    while (upload.state.get().kind !== 'failed') await pause(5);
    expect(upload.state.get()).toMatchObject({ code: 'unavailable' });
    const sending = anna.c.send({ channel: direct, text: '', replyTo: null, uploads: [upload.id] });
    await expect(sending).rejects.toMatchObject({ code: 'bad_request' });
    anna.connect();
    upload.retry();
    while (upload.state.get().kind !== 'ready') await pause(5);
    upload.cancel();
    await expect(
      anna.c.send({ channel: direct, text: 'x', replyTo: null, uploads: [upload.id] }),
    ).rejects.toMatchObject({ code: 'bad_request' });
  });
});
