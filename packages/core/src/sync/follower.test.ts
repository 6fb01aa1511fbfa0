import { type DownOf, SkerryError } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle } from '../testing/manual-clock.ts';
import { Scene } from '../testing/scene.ts';
import { SyncRig } from '../testing/sync-rig.ts';
import { digestOfSnapshot } from './snapshot.ts';

/** A little of everything, while the client listens. */
function live(scene: Scene): void {
  const { anna, ben, channel } = scene;
  const first = scene.say(ben, 'one');
  const other = scene.create(ben, 'other', 'private');
  scene.do(ben, { kind: 'channel.add', channel: other, account: anna });
  scene.say(ben, `<@${anna}> two`, { channel: other });
  scene.do(ben, { kind: 'message.edit', message: first, text: 'one, edited' });
  scene.do(anna, { kind: 'reaction.set', message: first, emoji: '👍', on: true });
  scene.do(anna, { kind: 'marker.set', channel, n: 3 });
  scene.say(anna, 'mine');
  const gone = scene.say(ben, 'three');
  scene.do(ben, { kind: 'message.delete', message: gone });
  scene.do(ben, { kind: 'profile.update', displayName: 'Benjamin' });
  scene.do(ben, { kind: 'channel.update', channel: other, name: 'renamed', topic: 'new' });
  scene.do(ben, { kind: 'channel.remove', channel: other, account: anna });
  scene.do(ben, { kind: 'server.update', name: 'New name', description: '', registration: 'invite' });
}

async function shown(scene: Scene): Promise<unknown> {
  const timeline = scene.rig.entry.timeline(scene.channel);
  await settle();
  while (timeline.view.get().older) await timeline.loadOlder();
  const { messages, status } = timeline.view.get();
  const { entry } = scene.rig;
  return {
    status,
    messages: messages.map(({ message }) => message),
    channels: entry.channels.get(),
    inbox: entry.inbox.get().rows.map(({ item }) => item),
    counts: entry.counts.get(),
  };
}

const wanted = (scene: Scene): string => digestOfSnapshot(scene.server.snapshot(scene.anna));

describe('following a server', () => {
  it('gives the same state wherever the connection is cut, and whether the process lives on or not (I6)', async () => {
    const whole = new Scene({ before: 60 });
    await whole.rig.catchUp();
    live(whole);
    const frames = whole.rig.wire.length;
    expect(frames).toBeGreaterThan(25);
    await whole.rig.deliver();
    const reference = await shown(whole);
    expect(await whole.rig.stored()).toBe(wanted(whole));

    for (const end of ['cut', 'die'] as const) {
      for (let at = 0; at <= frames; at++) {
        const scene = new Scene({ before: 60 });
        await scene.rig.catchUp();
        live(scene);
        await scene.rig.deliver(at);
        if (end === 'cut') scene.rig.cut();
        else await scene.rig.die();
        await scene.rig.catchUp();
        expect([end, at, await scene.rig.stored()]).toEqual([end, at, wanted(scene)]);
        expect(await shown(scene)).toEqual(reference);
        expect(scene.rig.problems).toEqual([]);
      }
    }
  });

  it('gives the same state for every reason to reset as a replay does (I7)', async () => {
    const states = new Map<string, unknown>();
    for (const reason of ['none', 'new', 'too_far', 'diverged', 'unknown'] as const) {
      const scene = new Scene({ before: 60 });
      const { rig } = scene;
      await rig.catchUp();
      live(scene);
      await rig.deliver(10);
      rig.cut();
      if (reason === 'none') await rig.catchUp();
      else {
        // Asked by a server that has its own reasons; live frames come while the snapshot is on its way.
        rig.isSlow = true;
        rig.entry.sync.welcomed({ command: () => true, typing: () => undefined }, rig.welcome(false));
        rig.entry.sync.reset(reason);
        const { frames } = scene.server.resume(scene.anna, { seq: 0, tag: '' }) as {
          frames: readonly (DownOf<'events'> | DownOf<'mark'>)[];
        };
        for (const frame of frames.slice(-6)) {
          if (frame.t === 'mark') rig.entry.sync.mark({ seq: frame.seq, tag: frame.tag });
          else rig.entry.sync.events(frame);
        }
        await rig.release();
        rig.isSlow = false;
      }
      await rig.entry.sync.synced(new AbortController().signal);
      expect([reason, await rig.stored()]).toEqual([reason, wanted(scene)]);
      states.set(reason, await shown(scene));
    }
    for (const [reason, state] of states) expect([reason, state]).toEqual([reason, states.get('none')]);
  });

  it('applies what arrives while the snapshot is on its way after it', async () => {
    const scene = new Scene({ before: 3 });
    const { rig } = scene;
    await rig.entry.ready;
    rig.isSlow = true;
    rig.connect();
    await rig.deliver();
    scene.say(scene.ben, 'meanwhile');
    await rig.deliver();
    expect(rig.entry.channels.get()).toEqual([]);
    await rig.release();
    await rig.release();
    expect(await rig.stored()).toBe(wanted(scene));
    expect(rig.entry.channels.get()[0]).toMatchObject({ unread: 4 });
  });

  it('is not disturbed by frames that are repeated, late or out of order (I14)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(1_000), fc.nat(1_000), fc.boolean()), { maxLength: 30 }),
        async (shuffles) => {
          const scene = new Scene({ before: 5 });
          const { rig } = scene;
          await rig.catchUp();
          live(scene);
          // Nothing is lost here, so whatever comes last the client has heard everything.
          for (const [from, to, isRepeat] of shuffles) {
            const moved = isRepeat ? rig.wire[from % rig.wire.length] : rig.wire.splice(from % rig.wire.length, 1)[0];
            if (moved !== undefined) rig.wire.splice(to % (rig.wire.length + 1), 0, moved);
          }
          await rig.deliver();
          for (let i = 0; i < 6; i++) await rig.clock.advance(120_000);
          expect(await rig.stored()).toBe(wanted(scene));
          const { messages } = (await shown(scene)) as { messages: unknown };
          expect(messages).toEqual(scene.server.messages(scene.channel));
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('loads again when a stream has a hole, and keeps the messages of the channels that have none (L-10)', async () => {
    const scene = new Scene({ before: 60 });
    const { rig } = scene;
    await rig.catchUp();
    const quiet = scene.create(scene.anna, 'quiet');
    for (let i = 0; i < 5; i++) scene.say(scene.anna, `q${i}`, { channel: quiet });
    await rig.deliver();
    scene.say(scene.ben, 'lost');
    rig.wire = rig.wire.filter(({ what }) => what.t !== 'events');
    await rig.deliver();
    scene.say(scene.ben, 'after the hole');
    let asked = 0;
    const { messages } = rig.api;
    rig.api.messages = (channel, query, signal) => {
      if (channel === quiet && query.before === undefined) asked += 1;
      return messages(channel, query, signal);
    };
    await rig.deliver();
    expect(await rig.stored()).toBe(wanted(scene));
    const timeline = rig.entry.timeline(quiet);
    await settle();
    expect(timeline.view.get().messages).toHaveLength(5);
    expect(asked).toBe(0);
    const general = rig.entry.timeline(scene.channel);
    await settle();
    expect(
      general.view
        .get()
        .messages.slice(-2)
        .map(({ message }) => message.text),
    ).toEqual(['lost', 'after the hole']);
  });

  it('asks a server that makes holes on purpose less and less often', async () => {
    const scene = new Scene();
    const { rig } = scene;
    await rig.catchUp();
    let snapshots = 0;
    const { snapshot } = rig.api;
    rig.api.snapshot = (signal) => {
      snapshots += 1;
      return snapshot(signal);
    };
    const jump = (): void => {
      rig.entry.sync.events({
        t: 'events',
        stream: 'server',
        events: [{ seq: 99, n: Number.MAX_SAFE_INTEGER, kind: 'channel', channel: {} as never }],
      });
      rig.entry.sync.mark({ seq: 1, tag: 'x' });
    };
    for (let second = 0; second < 60; second++) {
      jump();
      await rig.clock.advance(1_000);
    }
    expect(snapshots).toBeGreaterThan(1);
    expect(snapshots).toBeLessThan(12);
  });

  it('takes a snapshot at once for a reset, and ever later for one that resets in a loop (T34)', async () => {
    const scene = new Scene();
    const { rig } = scene;
    await rig.catchUp();
    let snapshots = 0;
    const { snapshot } = rig.api;
    rig.api.snapshot = (signal) => {
      snapshots += 1;
      return snapshot(signal);
    };
    const reset = async (times: number, everyMs: number): Promise<number> => {
      snapshots = 0;
      for (let i = 0; i < times; i++) {
        rig.entry.sync.reset('unknown');
        await rig.clock.advance(everyMs);
      }
      return snapshots;
    };
    rig.cut();
    rig.connect();
    expect(await reset(1, 0)).toBe(1);
    expect(await reset(180, 1_000)).toBeLessThan(12);
    // With nothing but resets it is asked again in the end, at most half a minute after the last one.
    expect(await reset(1, 31_000)).toBe(1);
    expect(rig.entry.sync.resumeFrom()).not.toBeNull();
    await rig.clock.advance(120_000);
    expect(await reset(1, 0)).toBe(1);
  });

  it('drops a flood that no mark ends and loads a snapshot instead (T34)', async () => {
    const scene = new Scene();
    const { rig } = scene;
    await rig.catchUp();
    const { head } = scene.server.members(scene.channel);
    for (let i = 0; i < 6; i++) {
      const events = Array.from(
        { length: 4_000 },
        (_, k) => ({ seq: 1, n: head + 1 + i * 4_000 + k, kind: 'member', account: scene.ben, joined: true }) as const,
      );
      rig.entry.sync.events({ t: 'events', stream: scene.channel, events });
    }
    await rig.deliver();
    await rig.clock.advance(5_000);
    expect(await rig.stored()).toBe(wanted(scene));
  });

  it('shows what came although its mark is late, and asks for a snapshot if it is cut then', async () => {
    const scene = new Scene();
    const { rig } = scene;
    await rig.catchUp();
    const resumable = rig.entry.sync.resumeFrom();
    expect(resumable).toEqual(scene.server.head);
    scene.say(scene.ben, 'without a mark');
    await rig.deliver(1);
    expect(rig.entry.channels.get()[0]).toMatchObject({ unread: 0 });
    expect(rig.entry.sync.resumeFrom()).toEqual(resumable);
    await rig.clock.advance(1_000);
    expect(rig.entry.channels.get()[0]).toMatchObject({ unread: 1 });
    expect(rig.entry.sync.resumeFrom()).toBeNull();
    await rig.deliver();
    expect(rig.entry.sync.resumeFrom()).toEqual(scene.server.head);
  });

  it('says synced when it has caught up, and why when it cannot', async () => {
    const scene = new Scene();
    const { rig } = scene;
    const { signal } = new AbortController();
    await rig.entry.ready;
    rig.api.snapshot = () => Promise.reject(new SkerryError('disk_full'));
    rig.connect();
    await rig.deliver();
    const failed = expect(rig.entry.sync.synced(signal)).rejects.toMatchObject({ code: 'disk_full' });
    await rig.clock.advance(3_000);
    await failed;
    rig.api.snapshot = async () => scene.server.snapshot(scene.anna);
    const done = rig.entry.sync.synced(signal);
    await rig.clock.advance(60_000);
    await expect(done).resolves.toBeUndefined();

    scene.say(scene.ben, 'missed');
    rig.cut();
    scene.say(scene.ben, 'missed too');
    rig.connect();
    let isSynced = false;
    const again = rig.entry.sync.synced(signal).then(() => (isSynced = true));
    await settle();
    expect(isSynced).toBe(false);
    await rig.deliver();
    await again;

    rig.cut();
    rig.server.keptFrom = 1e9;
    rig.connect();
    const cut = expect(rig.entry.sync.synced(signal)).rejects.toMatchObject({ code: 'unavailable' });
    rig.cut();
    await cut;
    const controller = new AbortController();
    rig.connect();
    const aborted = expect(rig.entry.sync.synced(controller.signal)).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await aborted;
  });

  it('takes no snapshot that is of another account, and goes on from nothing that is', async () => {
    const scene = new Scene();
    const { rig } = scene;
    await rig.entry.ready;
    rig.api.snapshot = async () => scene.server.snapshot(scene.ben);
    rig.connect();
    await rig.deliver();
    expect(rig.entry.me.get()).toBeUndefined();
    expect(await rig.stored()).toBe('empty');
    rig.api.snapshot = async () => scene.server.snapshot(scene.anna);
    await rig.clock.advance(10_000);
    expect(rig.entry.me.get()).toMatchObject({ username: 'anna' });

    // The same storage, and a server that claims to go on with somebody else.
    rig.cut();
    const stranger = new SyncRig({ server: scene.server, account: scene.ben, disk: rig.disk });
    await stranger.entry.ready;
    stranger.entry.sync.welcomed({ command: () => true, typing: () => undefined }, stranger.welcome(true));
    await settle();
    expect(await stranger.stored()).toBe(digestOfSnapshot(scene.server.snapshot(scene.ben)));
  });

  it('shows what is stored before any server answered (C-6)', async () => {
    const scene = new Scene({ before: 70 });
    const { rig } = scene;
    await rig.catchUp();
    const timeline = rig.entry.timeline(scene.channel);
    await settle();
    scene.say(scene.ben, `<@${scene.anna}> last`);
    await rig.deliver();
    expect(timeline.view.get().messages.at(-1)?.message.text).toContain('last');
    const before = {
      channels: rig.entry.channels.get(),
      accounts: rig.entry.accounts.get(),
      profile: rig.entry.profile.get(),
      me: rig.entry.me.get(),
    };
    const liveUntil = rig.clock.now();
    await rig.die();
    await rig.clock.advance(60_000);
    const { entry } = rig;
    expect({
      channels: entry.channels.get(),
      accounts: entry.accounts.get(),
      profile: entry.profile.get(),
      me: entry.me.get(),
    }).toEqual(before);
    expect(entry.counts.get()).toMatchObject({ known: true, unread: true, mentions: 1 });
    expect(entry.inbox.get()).toMatchObject({
      fresh: false,
      lastAt: liveUntil,
      rows: [{ channelName: 'general', authorName: 'ben', needsYou: true }],
    });
    const stored = entry.timeline(scene.channel);
    await settle();
    expect(stored.view.get()).toMatchObject({ status: 'stored', savedUpTo: liveUntil, error: null });
    expect(stored.view.get().messages).toHaveLength(50);
    expect(stored.view.get().messages.at(-1)?.message.text).toContain('last');
  });

  it('does not know how many are unread where it was never told, and does not say none while it is away (C-7)', async () => {
    const scene = new Scene();
    const { rig } = scene;
    expect(rig.entry.counts.get()).toEqual({ known: false, unread: false, mentions: 0, waiting: 0, parked: 0 });
    await rig.catchUp();
    expect(rig.entry.channels.get()[0]).toMatchObject({ unread: 0 });
    rig.cut();
    expect(rig.entry.channels.get()[0]).toMatchObject({ unread: null });
    await rig.catchUp();
    scene.say(scene.ben, 'one');
    await rig.deliver();
    rig.cut();
    expect(rig.entry.channels.get()[0]).toMatchObject({ unread: 1 });
  });
});
