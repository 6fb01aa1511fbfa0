import { LIMITS, type AccountId } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { settle } from '../testing/manual-clock.ts';
import { Scene } from '../testing/scene.ts';

async function online(scene: Scene): Promise<Scene> {
  await scene.rig.catchUp();
  return scene;
}

describe('presence and typing', () => {
  it('knows who is here only while it is live', async () => {
    const scene = await online(new Scene());
    const { entry } = scene.rig;
    const { sync } = entry;
    sync.presence({ t: 'presence', full: true, accounts: [[scene.ben, 'online'], [scene.anna, 'away']] }); // prettier-ignore
    expect([...entry.presence.get()]).toEqual([[scene.ben, 'online'], [scene.anna, 'away']]); // prettier-ignore
    sync.presence({ t: 'presence', full: false, accounts: [[scene.ben, 'offline']] });
    expect([...entry.presence.get()]).toEqual([[scene.anna, 'away']]);
    sync.presence({ t: 'presence', full: true, accounts: [] });
    expect(entry.presence.get().size).toBe(0);
    sync.presence({ t: 'presence', full: true, accounts: [[scene.ben, 'online']] });
    scene.rig.cut();
    expect(entry.presence.get().size).toBe(0);
    sync.presence({ t: 'presence', full: true, accounts: [[scene.ben, 'online']] });
    expect(entry.presence.get().size).toBe(0);
  });

  it('shows who types until a message of theirs comes or six seconds pass', async () => {
    const scene = await online(new Scene());
    const { entry, clock } = scene.rig;
    const typing = entry.typing(scene.channel);
    const heard = (account: AccountId, channel = scene.channel): void =>
      entry.sync.typing({ t: 'typing', channel, account });
    heard(scene.ben);
    expect(typing.get()).toEqual([scene.ben]);
    await clock.advance(4_000);
    heard(scene.ben);
    await clock.advance(4_000);
    expect(typing.get()).toEqual([scene.ben]);
    await clock.advance(2_000);
    expect(typing.get()).toEqual([]);
    heard(scene.ben);
    scene.say(scene.ben, 'done typing');
    await scene.rig.deliver();
    expect(typing.get()).toEqual([]);
    heard(scene.anna);
    heard('nobody' as AccountId);
    heard(scene.ben, 'nowhere' as typeof scene.channel);
    expect(typing.get()).toEqual([]);
    heard(scene.ben);
    scene.rig.cut();
    expect(typing.get()).toEqual([]);
    expect(clock.waiting).toBe(0);
  });

  it('tells the others at most every three seconds, and only where one is heard', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    const told: string[] = [];
    rig.cut();
    rig.entry.typed(scene.channel);
    rig.entry.sync.welcomed({ command: () => true, typing: (channel) => told.push(channel) }, rig.welcome(true));
    await settle();
    for (let i = 0; i < 10; i++) {
      rig.entry.typed(scene.channel);
      await rig.clock.advance(1_000);
    }
    expect(told).toHaveLength(4);
    rig.entry.typed('nowhere' as typeof scene.channel);
    expect(told).toHaveLength(4);
  });
});

describe('members', () => {
  it('are asked for once somebody wants to know, and follow who joins and leaves', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    let asked = 0;
    const { members } = rig.api;
    rig.api.members = (channel, signal) => {
      asked += 1;
      return members(channel, signal);
    };
    const cleo = scene.server.account('cleo');
    await rig.deliver();
    expect(asked).toBe(0);
    const list = rig.entry.members(scene.channel);
    expect(list.get()).toBeUndefined();
    await settle();
    expect(list.get()).toEqual([scene.anna, scene.ben]);
    scene.do(cleo, { kind: 'channel.join', channel: scene.channel });
    scene.do(scene.ben, { kind: 'channel.leave', channel: scene.channel });
    await rig.deliver();
    expect(list.get()).toEqual([scene.anna, cleo]);
    expect(asked).toBe(1);
  });

  it('are right although people come while the list is on its way, and are asked for again after a reset', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    const cleo = scene.server.account('cleo');
    const dora = scene.server.account('dora');
    rig.isSlow = true;
    const list = rig.entry.members(scene.channel);
    scene.do(cleo, { kind: 'channel.join', channel: scene.channel });
    await rig.deliver();
    await rig.release();
    expect(list.get()).toEqual([scene.anna, scene.ben, cleo]);
    rig.isSlow = false;
    rig.cut();
    scene.do(dora, { kind: 'channel.join', channel: scene.channel });
    scene.do(scene.ben, { kind: 'channel.leave', channel: scene.channel });
    scene.server.keptFrom = scene.server.head.seq + 1;
    await rig.catchUp();
    expect(list.get()).toEqual([scene.anna, cleo, dora]);
  });
});

describe('unread and inbox', () => {
  it('counts what others wrote after the marker, down to nothing when all is read (L-12)', async () => {
    const scene = await online(new Scene({ before: 3 }));
    const other = scene.create(scene.ben, 'other');
    scene.do(scene.anna, { kind: 'channel.join', channel: other });
    scene.say(scene.ben, `<@${scene.anna}> see`, { channel: other });
    scene.say(scene.anna, 'mine does not count', { channel: other });
    await scene.rig.deliver();
    const { entry } = scene.rig;
    const unread = (): unknown =>
      entry.channels.get().map(({ channel, unread: sum, mentions }) => [channel.name, sum, mentions]);
    expect(unread()).toEqual([['general', 3, 0], ['other', 1, 1]]); // prettier-ignore
    expect(entry.counts.get()).toMatchObject({ unread: true, mentions: 1 });
    await entry.markAllRead();
    expect(unread()).toEqual([['general', 0, 0], ['other', 0, 0]]); // prettier-ignore
    await scene.rig.deliver();
    expect(unread()).toEqual([['general', 0, 0], ['other', 0, 0]]); // prettier-ignore
    expect(entry.counts.get()).toMatchObject({ unread: false, mentions: 0 });
    expect(scene.server.snapshot(scene.anna).channels.map(({ unread: sum }) => sum)).toEqual([0, 0]);
    scene.say(scene.ben, 'and one more');
    await scene.rig.deliver();
    expect(unread()).toEqual([['general', 1, 0], ['other', 0, 0]]); // prettier-ignore
  });

  it('knows how many are left behind a mark in the middle, before and after the server confirmed it', async () => {
    const scene = await online(new Scene({ before: 10 }));
    const { rig } = scene;
    const timeline = rig.entry.timeline(scene.channel);
    await settle();
    const at = timeline.view.get().messages[3]?.message.n as number;
    timeline.markRead(at);
    const unread = (): unknown => rig.entry.channels.get()[0]?.unread;
    expect(unread()).toBe(6);
    scene.say(scene.ben, 'while it is not sent yet');
    await rig.deliver();
    expect(unread()).toBe(7);
    await rig.clock.advance(1_000);
    await rig.deliver();
    expect(unread()).toBe(7);
    timeline.markRead(at - 2);
    expect(unread()).toBe(7);
    await rig.clock.advance(1_000);
    await rig.deliver();
    expect(rig.sent).toHaveLength(1);
  });

  it('keeps a mark that was set without a server over a restart', async () => {
    const scene = await online(new Scene({ before: 10 }));
    const { rig } = scene;
    rig.cut();
    const timeline = rig.entry.timeline(scene.channel);
    timeline.markRead(1_000);
    await rig.clock.advance(1_000);
    await rig.die();
    expect(rig.entry.channels.get()[0]).toMatchObject({ unread: null });
    expect(rig.entry.counts.get()).toMatchObject({ unread: false });
    await rig.catchUp();
    expect(scene.server.snapshot(scene.anna).channels[0]).toMatchObject({ unread: 0 });
  });

  it('needs the person for what is open, unread and still there', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    const mine = scene.say(scene.anna, 'a question');
    const [a, b] = [scene.say(scene.ben, `<@${scene.anna}> a`), scene.say(scene.ben, 'b', { replyTo: mine })];
    await rig.deliver();
    const rows = (): unknown =>
      rig.entry.inbox
        .get()
        .rows.map(({ item, needsYou, pending }) => [item.message.id, item.reason, needsYou, pending]);
    expect(rows()).toEqual([[b, 'reply', true, null], [a, 'mention', true, null]]); // prettier-ignore
    await rig.entry.setInbox(a, 'later');
    expect(rows()).toEqual([[b, 'reply', true, null], [a, 'mention', false, 'later']]); // prettier-ignore
    scene.do(scene.ben, { kind: 'message.delete', message: b });
    await rig.deliver();
    expect(rows()).toEqual([[b, 'reply', false, null], [a, 'mention', false, null]]); // prettier-ignore
    expect(rig.entry.inbox.get().rows[1]?.item.state).toBe('later');
  });

  it('shows times by this device, never later than they arrived (C-8)', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    scene.server.now = rig.clock.now() + 3_600_000;
    rig.entry.heardTime(scene.server.now);
    scene.say(scene.ben, `<@${scene.anna}> an hour ahead`);
    await rig.deliver();
    const [row] = rig.entry.inbox.get().rows;
    expect(row?.item.message.at).toBeGreaterThan(rig.clock.now() + 3_000_000);
    expect(Math.abs((row?.at ?? 0) - rig.clock.now())).toBeLessThan(1_000);
    scene.server.now += 86_400_000;
    const arrived = rig.clock.now();
    scene.say(scene.ben, `<@${scene.anna}> a day ahead`);
    await rig.deliver();
    await rig.clock.advance(60_000);
    expect(rig.entry.inbox.get().rows[0]?.at).toBe(arrived);
  });
});

describe('what is kept of an entry', () => {
  it('keeps drafts over a restart and a reset, and forgets empty ones', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.entry.setDraft(scene.channel, 'half a sent');
    rig.entry.setDraft(scene.channel, 'half a sentence');
    expect(rig.entry.channels.get()[0]).toMatchObject({ hasDraft: true });
    const { commits } = rig.mortal;
    await rig.clock.advance(300);
    expect(rig.mortal.commits - commits).toBe(1);
    scene.server.keptFrom = 1e9;
    await rig.die();
    await rig.catchUp();
    expect(rig.entry.draft(scene.channel).get()).toBe('half a sentence');
    rig.entry.setDraft(scene.channel, '');
    expect(rig.entry.channels.get()[0]).toMatchObject({ hasDraft: false });
    await rig.clock.advance(300);
    await using state = await rig.mortal.storage.state(rig.entryId);
    expect(await state.count('drafts')).toBe(0);
  });

  it('measures a text as the wire does, in code points', async () => {
    const scene = await online(new Scene());
    const { rig, channel } = scene;
    const send = (text: string): Promise<unknown> => rig.entry.send({ channel, text, replyTo: null });
    await expect(send('😀'.repeat(LIMITS.messageText))).resolves.toBeDefined();
    await expect(send('😀'.repeat(LIMITS.messageText + 1))).rejects.toMatchObject({ code: 'too_large' });
  });

  it('tells what removing it would delete', async () => {
    const scene = await online(new Scene({ before: 20 }));
    const { rig } = scene;
    await scene.texts();
    rig.cut();
    rig.entry.setDraft(scene.channel, 'a draft');
    await rig.entry.send({ channel: scene.channel, text: 'unsent', replyTo: null });
    rig.entry.timeline(scene.channel).markRead(5);
    await rig.clock.advance(1_000);
    expect(await rig.entry.holdings()).toEqual({ messages: 20, bytes: null, drafts: 1, unsent: 1 });
  });

  it('exports what is stored, and writes what was typed when it is closed', async () => {
    const scene = await online(new Scene({ before: 3 }));
    const { rig } = scene;
    await scene.texts();
    rig.cut();
    await rig.entry.send({ channel: scene.channel, text: 'unsent', replyTo: null });
    rig.entry.setDraft(scene.channel, 'typed last');
    const exported = JSON.parse(await rig.entry.export()) as Record<string, unknown>;
    expect(exported).toMatchObject({
      server: { name: 'Model' },
      me: scene.anna,
      drafts: { [scene.channel]: 'typed last' },
      unsent: [{ command: { text: 'unsent' }, parked: null }],
      channels: [
        { channel: { name: 'general' }, messages: [{ text: 'before 1' }, { text: 'before 2' }, { text: 'before 3' }] },
      ],
    });
    await rig.entry[Symbol.asyncDispose]();
    await using state = await rig.mortal.storage.state(rig.entryId);
    expect((await state.get('drafts', scene.channel))?.value).toMatchObject({ text: 'typed last' });
    expect(rig.clock.waiting).toBe(0);
  });

  it('fetches the newest page of lively channels ahead, of the server one looks at first', async () => {
    for (const isFocused of [true, false]) {
      const scene = new Scene({ before: 60, isFocused: () => isFocused });
      const quiet = scene.create(scene.anna, 'quiet');
      const asked: string[] = [];
      const { messages } = scene.rig.api;
      scene.rig.api.messages = (channel, query, signal) => {
        asked.push(channel);
        return messages(channel, query, signal);
      };
      await scene.rig.catchUp();
      expect(asked).toEqual(isFocused ? [scene.channel] : []);
      await scene.rig.clock.advance(15_000);
      expect(asked).toEqual([scene.channel]);
      expect(asked).not.toContain(quiet);
      await scene.rig.die();
      expect(await scene.texts()).toHaveLength(50);
    }
  });

  it('tells its listeners of everything at once and in a state that fits together', async () => {
    const scene = await online(new Scene());
    const { entry } = scene.rig;
    const timeline = entry.timeline(scene.channel);
    await settle();
    const seen: unknown[] = [];
    timeline.view.subscribe(() =>
      seen.push([timeline.view.get().messages.length, entry.channels.get()[0]?.unread, entry.inbox.get().rows.length]),
    );
    scene.say(scene.ben, `<@${scene.anna}> one`);
    await scene.rig.deliver();
    expect(seen).toEqual([[1, 1, 1]]); // prettier-ignore
  });
});
