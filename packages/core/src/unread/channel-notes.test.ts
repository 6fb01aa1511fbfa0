import { expect, test } from 'vitest';
import { settle } from '../testing/manual-clock.ts';
import { Scene } from '../testing/scene.ts';

const viewOf = (scene: Scene) =>
  scene.rig.entry.channels.get().find(({ channel }) => channel.id === scene.channel) ?? expect.unreachable();

async function ready(): Promise<Scene> {
  const scene = new Scene({ before: 3 });
  await scene.rig.catchUp();
  await scene.rig.entry.markAllRead();
  await scene.rig.deliver();
  return scene;
}

test('S0.54, L-12: a message marked unread stays so over a restart, on this device alone, until the channel is opened', async () => {
  const scene = await ready();
  const { rig } = scene;
  expect(viewOf(scene)).toMatchObject({ unread: 0, markedUnread: false });
  const looking = rig.entry.timeline(scene.channel);
  await settle();
  const sent = rig.sent.length;
  const n = looking.view.get().messages.at(-2)?.message.n ?? 0;
  await rig.entry.markUnread(scene.channel, n);
  // Who looks at it since before does not end the mark by looking on.
  looking.markRead(n + 1);
  expect(viewOf(scene)).toMatchObject({ unread: 1, markedUnread: true });
  expect(rig.entry.counts.get().unread).toBe(true);
  looking[Symbol.dispose]();
  await rig.die();
  await rig.catchUp();
  expect(viewOf(scene)).toMatchObject({ markedUnread: true });
  expect(rig.sent.slice(sent)).toEqual([]);
  const again = rig.entry.timeline(scene.channel);
  await settle();
  expect(again.view.get().newAfter).toBe(n - 1);
  again.markRead(n + 1);
  await settle();
  expect(viewOf(scene)).toMatchObject({ unread: 0, markedUnread: false });
  again[Symbol.dispose]();
});

test('marking a channel as read without a server waits in the queue, survives a restart and is sent when it is back', async () => {
  const scene = await ready();
  const { rig } = scene;
  scene.say(scene.ben, 'something new');
  await rig.deliver();
  expect(viewOf(scene).unread).toBe(1);
  rig.cut();
  await rig.entry.markRead(scene.channel);
  await rig.entry.markUnread(scene.channel, 1);
  await rig.entry.markRead(scene.channel);
  expect(viewOf(scene).markedUnread).toBe(false);
  await rig.die();
  await rig.catchUp();
  expect(rig.sent.some(({ bytes }) => bytes.includes('marker.set'))).toBe(true);
  expect(viewOf(scene).unread).toBe(0);
});

test('a muted channel counts for nothing until its time is over', async () => {
  const scene = await ready();
  const { rig } = scene;
  const hour = rig.clock.now() + 3_600_000;
  await rig.entry.muteChannel(scene.channel, hour);
  scene.say(scene.ben, 'not now');
  await rig.deliver();
  expect(viewOf(scene)).toMatchObject({ muted: true, unread: 1 });
  expect(rig.entry.counts.get().unread).toBe(false);
  await rig.clock.advance(3_600_001);
  expect(viewOf(scene).muted).toBe(false);
  expect(rig.entry.counts.get().unread).toBe(true);
  await rig.entry.muteChannel(scene.channel, null);
  await rig.die();
  await rig.catchUp();
  expect(viewOf(scene).muted).toBe(true);
  await rig.entry.muteChannel(scene.channel, undefined);
  expect(viewOf(scene).muted).toBe(false);
});
