import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mentionOf } from '@skerry/protocol';
import { signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { eventually, until } from '../harness/watch.ts';
import { canReach, idOf, isIn, Keyed, lines, messages, ready, say, texts } from './keyed-member.ts';

describe('Encrypted conversations on a real server', () => {
  let server: RealServer;
  beforeAll(async () => {
    server = await startReal();
    await signUp(server.origin, 'owner', server.setupCode);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('two people with two devices each read what is said, on all four (E-5)', async () => {
    await using anna1 = await Keyed.create();
    await using ben1 = await Keyed.create();
    const a1 = await anna1.register(server.origin, 'anna');
    const b1 = await ben1.register(server.origin, 'ben');
    await using anna2 = await anna1.another();
    await using ben2 = await ben1.another();
    const a2 = await anna2.signIn(server.origin, 'anna');
    const b2 = await ben2.signIn(server.origin, 'ben');
    const [anna, ben] = [idOf(a1), idOf(b1)];
    await canReach(a1, ben, 2);
    const channel = await a1.sealed.startDirect(ben);
    expect(await a1.sealed.startDirect(ben)).toBe(channel);
    await say(a1, channel, 'hello ben');
    for (const handle of [b1, b2, a2]) await texts(handle, channel, ['hello ben']);
    await say(b2, channel, 'hello anna');
    for (const handle of [a1, a2, b1, b2]) await texts(handle, channel, ['hello ben', 'hello anna']);
    expect(b1.channels.get().find((one) => one.channel.id === channel)).toMatchObject({
      channel: { name: 'anna', sealed: 'direct' },
      peer: anna,
    });
  });

  it('edits, reactions, replies, mentions and erasing reach the other side, and the inbox is made here', async () => {
    await using cleo = await Keyed.create();
    await using dora = await Keyed.create();
    const c = await cleo.register(server.origin, 'cleo');
    const d = await dora.register(server.origin, 'dora');
    await canReach(c, idOf(d));
    const channel = await c.sealed.startDirect(idOf(d));
    const first = await say(c, channel, `look ${mentionOf(idOf(d))}`);
    const second = await say(c, channel, 'second');
    await messages(d, channel, (all) => all.length === 2);
    await until(dora.member.client.inbox, ({ rows }) => rows.length === 2);
    const reasons = dora.member.client.inbox.get().rows.map(({ item }) => item.reason);
    expect([...reasons].sort()).toEqual(['direct', 'mention']);
    expect(dora.member.client.inbox.get().rows[0]).toMatchObject({ channelName: 'cleo', needsYou: true });

    await d.react(second, '👍', true);
    const reply = await d.send({ channel, text: 'a reply', replyTo: first });
    await until(cleo.member.client.inbox, ({ rows }) => rows.some(({ item }) => item.reason === 'reply'));
    await c.edit(second, 'second, edited');
    const seen = await messages(d, channel, (all) => all[1]?.message.text === 'second, edited');
    expect(seen[1]?.message.editedAt).not.toBeNull();
    expect(seen[2]?.message).toMatchObject({ id: reply, replyTo: first });
    await messages(c, channel, (all) => all[1]?.message.reactions[0]?.accounts[0] === idOf(d));
    // Only its author erases it, and then it is gone on both sides.
    await d.delete(second);
    await eventually('the refused erasure is gone from the queue', () => d.view.get().waiting === 0);
    await c.delete(second);
    for (const handle of [c, d]) {
      const [, erased] = await messages(handle, channel, (all) => all[1]?.message.deleted === true);
      expect(erased?.message).toMatchObject({ text: '', reactions: [] });
    }
    await d.setInbox(first, 'done');
    await until(dora.member.client.inbox, ({ rows }) => rows.some(({ item }) => item.state === 'done'));
    using timeline = d.timeline(channel);
    await until(timeline.view, ({ messages: all }) => all.length > 2);
    timeline.markRead(timeline.view.get().messages.at(-1)!.message.n);
    await until(c.sealed.conversation(channel), (view) => (view?.peerReadN ?? 0) > 0);
    await until(d.channels, (all) => all.find((one) => one.channel.id === channel)?.unread === 0);
  });

  it('a group has its name, its members and a new key when somebody goes (E-9)', async () => {
    const people = await Promise.all(['emma', 'finn', 'gina'].map(async () => Keyed.create()));
    const [emma, finn, gina] = people as [Keyed, Keyed, Keyed];
    await using _one = emma;
    await using _two = finn;
    await using _three = gina;
    const e = await emma.register(server.origin, 'emma');
    const f = await finn.register(server.origin, 'finn');
    const g = await gina.register(server.origin, 'gina');
    for (const other of [f, g]) await canReach(e, idOf(other));
    const channel = await e.sealed.createGroup({ name: 'Crew', members: [idOf(f), idOf(g)] });
    for (const handle of [e, f, g])
      await until(handle.channels, (all) =>
        all.some((one) => one.channel.id === channel && one.channel.name === 'Crew'),
      );
    await say(e, channel, 'one');
    await say(f, channel, 'two');
    await say(g, channel, 'three');
    for (const handle of [e, f, g]) await texts(handle, channel, ['one', 'two', 'three']);
    const view = await until(f.sealed.conversation(channel), (now) => now?.members.length === 3);
    expect(view?.members.find(({ founder }) => founder)?.account).toBe(idOf(e));
    await expect(f.sealed.removeMember(channel, idOf(g))).rejects.toMatchObject({ code: 'forbidden' });

    await e.sealed.removeMember(channel, idOf(g));
    await until(g.channels, (all) => all.every((one) => one.channel.id !== channel));
    await say(e, channel, 'without gina');
    await say(f, channel, 'indeed');
    for (const handle of [e, f]) await texts(handle, channel, ['one', 'two', 'three', 'without gina', 'indeed']);
    expect(await lines(f, channel, (kinds) => kinds.includes('removed'))).toBeDefined();

    await f.sealed.addMembers(channel, [idOf(g)]);
    await isIn(g, channel);
    await say(f, channel, 'welcome back');
    await messages(g, channel, (all) => all.some(({ message }) => message.text === 'welcome back'));
    const read = await messages(g, channel, () => true);
    expect(read.map(({ message }) => message.text)).not.toContain('without gina');
    await until(g.channels, (all) => all.some((one) => one.channel.id === channel && one.channel.name === 'Crew'));
    await e.sealed.leaveGroup(channel);
    await until(
      f.sealed.conversation(channel),
      (now) => now?.members.find(({ founder }) => founder)?.account === idOf(f),
    );
  });

  it('files are uploaded encrypted, and opened only as they were sent', async () => {
    await using hugo = await Keyed.create();
    await using iris = await Keyed.create();
    const h = await hugo.register(server.origin, 'hugo');
    const i = await iris.register(server.origin, 'iris');
    await canReach(h, idOf(i));
    const channel = await h.sealed.startDirect(idOf(i));
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
    const upload = h.sealed.attach(channel, { name: 'photo.png', type: 'image/png', bytes });
    const steps: string[] = [];
    upload.state.subscribe(() => steps.push(upload.state.get().kind));
    await until(upload.state, ({ kind }) => kind === 'ready');
    expect(steps).toContain('uploading');
    const id = await h.sealed.send({ channel, text: '', replyTo: null, uploads: [upload.id] });
    const [got] = await messages(i, channel, (all) => all.length === 1);
    const file = got?.sealed?.attachments[0];
    expect(file).toMatchObject({ name: 'photo.png', type: 'image/png', size: 100_000 });
    expect(Buffer.from(await i.sealed.open(id, file!.blob)).equals(Buffer.from(bytes))).toBe(true);
    const cancelled = h.sealed.attach(channel, { name: 'x', type: '', bytes: new Uint8Array(10) });
    cancelled.cancel();
    expect(cancelled.state.get().kind).toBe('cancelled');
    await expect(h.sealed.send({ channel, text: 'x', replyTo: null, uploads: [cancelled.id] })).rejects.toMatchObject({
      code: 'bad_request',
    });
    expect(() => h.sealed.attach(channel, { name: 'x', type: '', bytes: new Uint8Array(26 * 1024 * 1024) })).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
  });

  it('everything is there after a restart without a server, drafts and unsent ones too, and search finds it', async () => {
    const jana = await Keyed.create();
    await using karl = await Keyed.create();
    const j = await jana.register(server.origin, 'jana');
    const k = await karl.register(server.origin, 'karl');
    await canReach(j, idOf(k));
    const channel = await j.sealed.startDirect(idOf(k));
    for (let n = 0; n < 5; n++) await say(j, channel, `number ${n} of the ocean`);
    j.setDraft(channel, 'not yet sent');
    await eventually('the draft counts', () => j.channels.get().some((one) => one.hasDraft));
    jana.member.wire.sever();
    const unsent = await j.send({ channel, text: 'said offline', replyTo: null });
    const again = new Keyed(await jana.member.restart());
    again.member.wire.sever();
    const j2 = again.member.at(server.origin);
    await until(j2.sealed.state, (state) => state === 'ready');
    using timeline = j2.timeline(channel);
    const view = await until(timeline.view, (now) => now.messages.length >= 5 && now.pending.length === 1);
    expect(view.pending[0]).toMatchObject({ id: unsent, text: 'said offline' });
    expect(j2.draft(channel).get()).toBe('not yet sent');
    const found = await j2.sealed.search(channel, 'OCEAN 3');
    expect(found.messages.map(({ text }) => text)).toEqual(['number 3 of the ocean']);
    expect(found.next).toBeNull();
    await using third = new Keyed(await again.member.restart());
    await ready(third.member.at(server.origin));
    await messages(k, channel, (all) => all.at(-1)?.message.text === 'said offline');
    expect((await messages(k, channel, () => true)).length).toBe(6);
  });

  it('a device that was taken off reads nothing that comes later, and a new one says since when it reads (E-10)', async () => {
    await using lena1 = await Keyed.create();
    await using max = await Keyed.create();
    const l1 = await lena1.register(server.origin, 'lena');
    const m = await max.register(server.origin, 'max');
    await canReach(m, idOf(l1));
    const channel = await m.sealed.startDirect(idOf(l1));
    await say(m, channel, 'before');
    await texts(l1, channel, ['before']);
    await using lena2 = await lena1.another();
    const l2 = await lena2.signIn(server.origin, 'lena');
    await canReach(m, idOf(l1), 2);
    await say(m, channel, 'for both');
    await texts(l2, channel, ['for both']);
    expect(await lines(l2, channel, (kinds) => kinds.length > 0)).toHaveLength(1);
    await l1.keys.reload();
    await until(l1.keys.devices, (all) => all.length === 2);
    await l1.keys.revoke(2);
    await canReach(m, idOf(l1), 3);
    await say(m, channel, 'for one');
    await texts(l1, channel, ['before', 'for both', 'for one']);
    await until(l2.state, ({ kind }) => kind === 'signedOut');
    using timeline = l2.timeline(channel);
    expect(timeline.view.get().messages.map(({ message }) => message.text)).not.toContain('for one');
  });
});
