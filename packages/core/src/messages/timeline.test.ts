import type { ChannelId, Message, MessageId, Page } from '@skerry/protocol';
import { SkerryError } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { settle } from '../testing/manual-clock.ts';
import { endlessHistory, Scene } from '../testing/scene.ts';
import type { Timeline } from '../face.ts';
import { digestOfSnapshot } from '../sync/snapshot.ts';
import { WINDOW_MAX } from './window.ts';

async function opened(scene: Scene, channel = scene.channel): Promise<Timeline> {
  const timeline = scene.rig.entry.timeline(channel);
  await settle();
  return timeline;
}

const texts = (timeline: Timeline): readonly string[] =>
  timeline.view.get().messages.map(({ message }) => message.text);
const range = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `before ${from + i}`);

/** Counts what is asked of the server. */
function counted(scene: Scene): { queries: unknown[] } {
  const queries: unknown[] = [];
  const { messages } = scene.rig.api;
  scene.rig.api.messages = (channel, query, signal) => {
    queries.push(query);
    return messages(channel, query, signal);
  };
  return { queries };
}

describe('a timeline', () => {
  it('shows the newest page, then older ones, each asked for once and afterwards read from storage', async () => {
    const scene = new Scene({ before: 120 });
    await scene.rig.catchUp();
    const asked = counted(scene);
    const timeline = await opened(scene);
    expect(timeline.view.get()).toMatchObject({
      status: 'fresh',
      older: true,
      newer: false,
      error: null,
      savedUpTo: null,
    });
    expect(texts(timeline)).toEqual(range(71, 120));
    await timeline.loadOlder();
    expect(texts(timeline)).toEqual(range(21, 120));
    await timeline.loadOlder();
    expect(texts(timeline)).toEqual(range(1, 120));
    expect(timeline.view.get()).toMatchObject({ older: false });
    await timeline.loadOlder();
    expect(asked.queries).toHaveLength(3);
    timeline[Symbol.dispose]();

    await scene.rig.die();
    const stored = await opened(scene);
    expect(stored.view.get()).toMatchObject({ status: 'stored', older: true });
    expect(texts(stored)).toEqual(range(71, 120));
    await stored.loadOlder();
    await stored.loadOlder();
    expect(texts(stored)).toEqual(range(1, 120));
    expect(stored.view.get()).toMatchObject({ older: false, status: 'stored' });
    expect(asked.queries).toHaveLength(3);
    await scene.rig.catchUp();
    expect(stored.view.get()).toMatchObject({ status: 'fresh', savedUpTo: null });
  });

  it('follows what is new, and keeps untouched messages the same objects', async () => {
    const scene = new Scene({ before: 3 });
    await scene.rig.catchUp();
    const timeline = await opened(scene);
    const before = timeline.view.get().messages;
    const id = scene.say(scene.ben, 'new');
    await scene.rig.deliver();
    scene.do(scene.ben, { kind: 'message.edit', message: id, text: 'newer' });
    scene.do(scene.anna, { kind: 'reaction.set', message: id, emoji: '👍', on: true });
    await scene.rig.deliver();
    const { messages } = timeline.view.get();
    expect(texts(timeline)).toEqual([...range(1, 3), 'newer']);
    expect(messages[3]?.message.reactions).toEqual([{ emoji: '👍', accounts: [scene.anna] }]);
    expect(messages.slice(0, 3).every((one, index) => one === before[index])).toBe(true);
  });

  it('holds a bounded window of a long channel, and goes down again from storage', async () => {
    const scene = new Scene({ before: 800 });
    await scene.rig.catchUp();
    const timeline = await opened(scene);
    while (timeline.view.get().older) {
      await timeline.loadOlder();
      expect(timeline.view.get().messages.length).toBeLessThanOrEqual(WINDOW_MAX);
    }
    expect(texts(timeline)).toEqual(range(1, WINDOW_MAX));
    expect(timeline.view.get()).toMatchObject({ older: false, newer: true });
    const asked = counted(scene);
    scene.say(scene.ben, 'not in the window');
    await scene.rig.deliver();
    expect(texts(timeline)).toEqual(range(1, WINDOW_MAX));
    for (let i = 0; timeline.view.get().newer; i++) {
      expect(i).toBeLessThan(20);
      await timeline.loadNewer();
    }
    expect(texts(timeline)).toEqual([...range(302, 800), 'not in the window']);
    expect(asked.queries).toEqual([]);
    scene.say(scene.ben, 'followed again');
    await scene.rig.deliver();
    expect(texts(timeline).at(-1)).toBe('followed again');
  });

  it('jumps to a message far back, closes the gap from there, and returns to the newest', async () => {
    const scene = new Scene({ before: 400 });
    await scene.rig.catchUp();
    const timeline = await opened(scene);
    const target = scene.server.messages(scene.channel)[99] as Message;
    expect(await timeline.jumpTo(target.id)).toBe(true);
    expect(texts(timeline)).toContain('before 100');
    expect(timeline.view.get()).toMatchObject({ older: true, newer: true, status: 'fresh' });
    scene.do(scene.ben, { kind: 'message.edit', message: target.id, text: 'edited far back' });
    await scene.rig.deliver();
    expect(texts(timeline)).toContain('edited far back');
    for (let i = 0; timeline.view.get().newer; i++) {
      expect(i).toBeLessThan(20);
      await timeline.loadNewer();
    }
    const list = texts(timeline);
    expect(list.at(-1)).toBe('before 400');
    expect(new Set(list).size).toBe(list.length);
    expect(timeline.view.get().messages.map(({ message }) => message)).toEqual(
      scene.server.messages(scene.channel).slice(-list.length),
    );
    const first = scene.server.messages(scene.channel)[0] as Message;
    await timeline.jumpTo(first.id);
    expect(timeline.view.get()).toMatchObject({ older: false, newer: true });
    await timeline.jumpToNewest();
    expect(texts(timeline)).toEqual(range(351, 400));
    expect(timeline.view.get()).toMatchObject({ older: true, newer: false });
  });

  it('says when a message to jump to is gone, of another channel or out of reach, and stays where it is', async () => {
    const scene = new Scene({ before: 60 });
    const other = scene.create(scene.ben, 'private', 'private');
    const hidden = scene.say(scene.ben, 'hidden', { channel: other });
    await scene.rig.catchUp();
    const timeline = await opened(scene);
    expect(await timeline.jumpTo(hidden)).toBe(false);
    expect(await timeline.jumpTo(scene.server.id<MessageId>())).toBe(false);
    expect(texts(timeline)).toEqual(range(11, 60));
    scene.rig.cut();
    const first = (scene.server.messages(scene.channel)[0] as Message).id;
    scene.rig.api.message = () => Promise.reject(new SkerryError('unavailable'));
    expect(await timeline.jumpTo(first)).toBe(false);
    expect(timeline.view.get()).toMatchObject({ status: 'stored', error: { code: 'unavailable' } });
    expect(texts(timeline)).toEqual(range(11, 60));
  });

  it('finds the message another one answers, wherever it is', async () => {
    const scene = new Scene({ before: 200 });
    const [first, ...rest] = scene.server.messages(scene.channel) as [Message, ...Message[]];
    await scene.rig.catchUp();
    const timeline = await opened(scene);
    await timeline.loadOlder();
    const inWindow = await timeline.find((rest.at(-1) as Message).id);
    expect(inWindow).toBe(timeline.view.get().messages.at(-1));
    expect(await timeline.find(first.id)).toEqual({ message: first, pendingEdit: false });
    expect(await timeline.find(scene.server.id<MessageId>())).toBeUndefined();
  });

  it('lays what happened meanwhile over a page that is older than it', async () => {
    const scene = new Scene({ before: 60 });
    const { rig } = scene;
    await rig.catchUp();
    const [first] = scene.server.messages(scene.channel).slice(-10) as [Message];
    rig.isSlow = true;
    const timeline = await opened(scene);
    scene.do(scene.ben, { kind: 'message.edit', message: first.id, text: 'edited while it was fetched' });
    scene.say(scene.ben, 'said while it was fetched');
    await rig.deliver();
    expect(timeline.view.get().status).toBe('loading');
    await rig.release();
    await rig.release();
    expect(texts(timeline)).toContain('edited while it was fetched');
    expect(texts(timeline).at(-1)).toBe('said while it was fetched');
    rig.isSlow = false;
    await rig.die();
    expect(await scene.texts()).toContain('edited while it was fetched');
  });

  it('asks again when everything was replaced while a page was on its way', async () => {
    const scene = new Scene({ before: 60 });
    const { rig } = scene;
    await rig.catchUp();
    const backup = scene.server.backup();
    const { id } = scene.server.messages(scene.channel).at(-1) as Message;
    // The number of this change is higher than any it will have in the other history.
    scene.do(scene.ben, { kind: 'message.edit', message: id, text: 'to be forgotten' });
    await rig.deliver();
    rig.isSlow = true;
    const timeline = await opened(scene);
    rig.isSlow = false;
    rig.cut();
    scene.server.restore(backup);
    scene.say(scene.ben, 'of the other history');
    rig.connect();
    await rig.deliver();
    expect(rig.entry.sync.resumeFrom()).toEqual(scene.server.head);
    // Only now arrives what was asked of the log before.
    await rig.release();
    expect(await rig.stored()).toBe(digestOfSnapshot(scene.server.snapshot(scene.anna)));
    scene.say(scene.ben, 'and more of it');
    await rig.deliver();
    expect(texts(timeline).slice(-2)).toEqual(['of the other history', 'and more of it']);
    expect(texts(timeline)).not.toContain('to be forgotten');
    expect(timeline.view.get().messages.map(({ message }) => message)).toEqual(
      scene.server.messages(scene.channel).slice(-texts(timeline).length),
    );
  });

  it('shows what it had while a reset is repaired, then stands around the same message', async () => {
    const scene = new Scene({ before: 400 });
    const { rig } = scene;
    await rig.catchUp();
    const timeline = await opened(scene);
    const target = scene.server.messages(scene.channel)[99] as Message;
    await timeline.jumpTo(target.id);
    rig.cut();
    scene.do(scene.ben, { kind: 'message.edit', message: target.id, text: 'edited meanwhile' });
    scene.server.keptFrom = scene.server.head.seq + 1;
    rig.isSlow = true;
    rig.connect();
    await rig.deliver();
    await rig.release();
    expect(timeline.view.get().status).toBe('stored');
    expect(texts(timeline)).toContain('before 100');
    await rig.catchUp();
    expect(timeline.view.get()).toMatchObject({ status: 'fresh', older: true, newer: true });
    expect(texts(timeline)).toContain('edited meanwhile');
  });

  it('is empty for a channel one is not in, and fills when one joins', async () => {
    const scene = new Scene();
    const other = scene.create(scene.ben, 'other');
    for (let i = 0; i < 3; i++) scene.say(scene.ben, `o${i}`, { channel: other });
    await scene.rig.catchUp();
    const timeline = await opened(scene, other);
    expect(timeline.view.get()).toMatchObject({ status: 'fresh', messages: [], older: false });
    scene.do(scene.anna, { kind: 'channel.join', channel: other });
    await scene.rig.deliver();
    expect(texts(timeline)).toEqual(['o0', 'o1', 'o2']);
    scene.do(scene.anna, { kind: 'channel.leave', channel: other });
    await scene.rig.deliver();
    expect(texts(timeline)).toEqual([]);
    await using cache = await scene.rig.mortal.storage.cache(scene.rig.entryId);
    expect(await cache.range('pages', { from: [other, 0], to: [other, 9] })).toEqual([]);
  });

  it('says why a page could not be loaded, and loads it when the server is back', async () => {
    const scene = new Scene({ before: 120 });
    const { rig } = scene;
    await rig.catchUp();
    const { messages } = rig.api;
    rig.api.messages = () => Promise.reject(new SkerryError('rate_limited'));
    const timeline = await opened(scene);
    expect(timeline.view.get()).toMatchObject({ status: 'failed', error: { code: 'rate_limited' } });
    rig.api.messages = messages;
    rig.cut();
    await rig.catchUp();
    expect(timeline.view.get()).toMatchObject({ status: 'fresh', error: null });
    rig.api.messages = () => Promise.reject(new Error('something else'));
    await timeline.loadOlder();
    expect(timeline.view.get()).toMatchObject({
      status: 'fresh',
      older: true,
      loadingOlder: false,
      error: { code: 'unavailable' },
    });
  });

  it('takes from a lying page only what can be true, and asks no more than a few times (T34)', async () => {
    const scene = new Scene({ before: 5 });
    const { rig } = scene;
    await rig.catchUp();
    const real = scene.server.page(scene.anna, scene.channel, {}).messages;
    const [some] = real as [Message];
    let calls = 0;
    const lie = (page: Partial<Page>): void => {
      rig.api.messages = async () => {
        calls += 1;
        return { head: 1e9, messages: [], older: true, newer: true, ...page };
      };
    };
    lie({
      messages: [
        some,
        some,
        { ...some, channel: 'elsewhere' as ChannelId, n: 3 },
        { ...some, n: 4, rev: 1 },
        { ...some, n: Number.MAX_SAFE_INTEGER, rev: Number.MAX_SAFE_INTEGER },
      ],
    });
    const timeline = await opened(scene);
    expect(timeline.view.get().messages.map(({ message }) => message)).toEqual([some]);
    lie({ head: Number.MAX_SAFE_INTEGER });
    calls = 0;
    for (let i = 0; i < 3; i++) await timeline.loadOlder();
    expect(calls).toBeLessThanOrEqual(9);
    await timeline.jumpTo(real.at(-1)?.id as MessageId);
    scene.do(scene.ben, { kind: 'channel.remove', channel: scene.channel, account: scene.anna });
    await rig.deliver();
    expect(timeline.view.get().messages).toEqual([]);
  });

  it('draws the line of the new at the marker as it was when the channel was opened', async () => {
    const scene = new Scene({ before: 4 });
    await scene.rig.catchUp();
    const timeline = await opened(scene);
    const { readN } = scene.server.snapshot(scene.anna).channels[0] as { readN: number };
    expect(timeline.view.get().newAfter).toBe(readN);
    const last = timeline.view.get().messages.at(-1)?.message.n as number;
    timeline.markRead(last);
    expect(scene.rig.entry.channels.get()[0]).toMatchObject({ unread: 0 });
    await scene.rig.clock.advance(1_000);
    await scene.rig.deliver();
    expect(timeline.view.get().newAfter).toBe(readN);
    expect(scene.server.snapshot(scene.anna).channels[0]).toMatchObject({ readN: last, unread: 0 });
  });

  it('reads and holds the same little however long the channel is', async () => {
    const scene = new Scene({ before: 1 });
    await scene.rig.catchUp();
    endlessHistory(scene, 5_000);
    let reads = 0;
    const timeline = await opened(scene);
    const { mortal } = scene.rig;
    mortal.onCall = (name) => void (reads += name === 'range' || name === 'get' ? 1 : 0);
    for (let pages = 1; timeline.view.get().older; pages++) {
      reads = 0;
      await timeline.loadOlder();
      expect([pages, reads]).toEqual([pages, Math.min(reads, 8)]);
      expect(timeline.view.get().messages.length).toBeLessThanOrEqual(WINDOW_MAX);
    }
    expect(texts(timeline)[0]).toBe('m1');
    expect((await scene.rig.entry.holdings()).messages).toBe(5_000);
  });
});
