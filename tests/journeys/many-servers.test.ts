import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerHandle } from '@skerry/core';
import { mentionOf, type ChannelId, type Command, type SkerryError } from '@skerry/protocol';
import { general, Member, sendAndSee, shows } from '../harness/member.ts';
import { call, callLoosely, newId, passwordOf, signUp } from '../harness/raw-client.ts';
import { startReal, type RealServer } from '../harness/real-server.ts';
import { eventually, until } from '../harness/watch.ts';

/** What a list of servers is for, between two real ones. Each test leaves both signed in and live. */
describe('A list of two servers', () => {
  let harbour: RealServer;
  let lighthouse: RealServer;
  let bert: { harbour: string; lighthouse: string };
  let anna: Member;
  let a: ServerHandle;
  let b: ServerHandle;
  let channelA: ChannelId;
  let channelB: ChannelId;

  beforeAll(async () => {
    [harbour, lighthouse] = await Promise.all([startReal(['--name', 'Harbour']), startReal(['--name', 'Lighthouse'])]);
    bert = {
      harbour: (await signUp(harbour.origin, 'bert', harbour.setupCode)).accessToken,
      lighthouse: (await signUp(lighthouse.origin, 'bert', lighthouse.setupCode)).accessToken,
    };
    anna = await Member.start();
    a = await anna.join(harbour.origin, 'anna');
    b = await anna.join(lighthouse.origin, 'anna', { password: 'another one for the lighthouse' });
    [channelA, channelB] = [await general(a), await general(b)];
    await sendAndSee(a, channelA, 'in the harbour');
    await sendAndSee(b, channelB, 'at the lighthouse');
  });
  afterAll(async () => {
    await anna?.[Symbol.asyncDispose]();
    await harbour?.[Symbol.asyncDispose]();
    await lighthouse?.[Symbol.asyncDispose]();
  });

  const at = (origin: string): string[] => [origin, origin.replace('http', 'ws')];
  /** What left for a server since then, as text; signs of life aside. */
  const leftFor = (origin: string, since: number): string[] =>
    anna.wire.lines
      .slice(since)
      .filter((line) => line.way !== 'down' && at(origin).some((start) => line.url.startsWith(start)))
      .map((line) => JSON.stringify(line))
      .filter((text) => !text.includes('\\"t\\":\\"ping\\"'));
  /** Secrets of one entry, by name. */
  const secretsOf = (handle: ServerHandle): string =>
    JSON.stringify([...anna.disk.secrets].filter(([name]) => name.includes(handle.id)));
  const storedOf = (handle: ServerHandle): string =>
    JSON.stringify(
      [...anna.disk.databases].flatMap(([name, database]) => (name.includes(handle.id) ? [database.dump()] : [])),
    );

  it('S0.7, S2.11: holds of each its id, address, name, account and times, and no secret', () => {
    const entries = anna.client.servers.get().map(({ entry }) => entry);
    expect(entries.map(({ addresses, name }) => [addresses.map(({ origin }) => origin), name])).toEqual([
      [[harbour.origin], 'Harbour'],
      [[lighthouse.origin], 'Lighthouse'],
    ]);
    for (const [index, entry] of entries.entries()) {
      const handle = [a, b][index];
      expect(entry.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(entry.account).toEqual({ id: handle?.me.get()?.id, username: 'anna', displayName: 'anna' });
      expect(entry).toMatchObject({ label: null, iconUrl: null });
      expect(Math.abs(Date.now() - entry.addedAt)).toBeLessThan(60_000);
      expect(entry.lastLiveAt).toBeGreaterThanOrEqual(entry.addedAt);
    }
    expect(anna.disk.registry).toContain(entries[0]?.id);
    expect(anna.disk.registry).not.toMatch(/token|password|refresh/i);
    expect(anna.disk.registry).not.toContain(passwordOf('anna'));
  });

  it('S0.2: turning from one to the other asks nothing of either, and shows what is there', async () => {
    anna.client.focus(a.id);
    await shows(a, channelA, (texts) => texts.includes('in the harbour'));
    const since = anna.wire.lines.length;
    for (const [handle, channel, text] of [
      [b, channelB, 'at the lighthouse'],
      [a, channelA, 'in the harbour'],
      [b, channelB, 'at the lighthouse'],
    ] as const) {
      anna.client.focus(handle.id);
      expect(anna.client.focused.get()).toBe(handle.id);
      expect(handle.state.get().kind).toBe('live');
      expect(await shows(handle, channel, (texts) => texts.length > 0)).toContain(text);
    }
    // Whatever a turn set off has left by now.
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const { origin } of [harbour, lighthouse])
      expect(leftFor(origin, since).filter((text) => !text.includes('/messages'))).toEqual([]);
    // One sign-in each was all that was ever asked of the person.
    for (const { origin } of [harbour, lighthouse])
      expect(leftFor(origin, 0).filter((text) => text.includes('password'))).toHaveLength(1);
  });

  it('S0.6: knows an account of one server as nobody on the other, where the same name is somebody else', async () => {
    await expect(
      call(lighthouse.origin, 'signIn', {
        body: { username: 'anna', password: passwordOf('anna'), device: 'Journey' },
      }),
    ).rejects.toMatchObject({ code: 'credentials_wrong' } satisfies Partial<SkerryError>);
    expect((await callLoosely(lighthouse.origin, 'snapshot', { token: bert.harbour })).status).toBe(401);
    expect(a.me.get()?.id).not.toBe(b.me.get()?.id);
    expect(channelA).not.toBe(channelB);
    expect(a.channels.get().map(({ channel }) => channel.id)).not.toContain(channelB);
  });

  it('S0.58: says nothing to a server that would tell it of the other', () => {
    const [own, other] = [anna.client.servers.get()[0], anna.client.servers.get()[1]];
    const tells = (one: typeof own): string[] => [
      new URL(one?.entry.addresses[0]?.origin ?? '').host,
      one?.entry.serverId ?? '',
      one?.entry.key ?? '',
      one?.entry.id ?? '',
      one?.label ?? '',
    ];
    for (const [origin, told] of [
      [harbour.origin, tells(other)],
      [lighthouse.origin, tells(own)],
    ] as const)
      for (const text of leftFor(origin, 0)) for (const word of told) expect(text).not.toContain(word);
  });

  it('S2.18: keeps what the socket of one brings under that one alone', async () => {
    const command: Command = {
      kind: 'message.send',
      channel: channelB,
      text: `${mentionOf(b.me.get()!.id)} only from the lighthouse`,
      replyTo: null,
    };
    await call(lighthouse.origin, 'command', { token: bert.lighthouse, body: { id: newId(), command } });
    const { rows } = await until(anna.client.inbox, (inbox) => inbox.rows.length === 1);
    expect(rows[0]).toMatchObject({ entryId: b.id, serverLabel: 'Lighthouse', authorName: 'bert' });
    await until(b.view, ({ mentions }) => mentions === 1);
    expect(a.view.get().mentions).toBe(0);
    await eventually('it is stored', () => storedOf(b).includes('only from the lighthouse'));
    expect(storedOf(a)).toContain('in the harbour');
    expect(storedOf(a)).not.toContain('only from the lighthouse');
  });

  it('S0.13, S0.22, S0.23: signs in to one: its sign-in is stored with it, it connects and has its channels; the other stays as it was', async () => {
    await b.signOut('keep');
    expect(secretsOf(b)).toBe('[]');
    const ofA = secretsOf(a);
    const since = anna.wire.lines.length;
    anna.client.focus(b.id);
    expect(b.state.get()).toMatchObject({ kind: 'signedOut', why: 'person' });
    expect(leftFor(lighthouse.origin, since)).toEqual([]);
    await b.signIn({ kind: 'signIn', username: 'anna', password: 'another one for the lighthouse' });
    await anna.whenLive(b);
    expect(secretsOf(b)).toContain('refresh');
    expect(b.me.get()?.username).toBe('anna');
    expect(await general(b)).toBe(channelB);
    expect(secretsOf(a)).toBe(ofA);
    expect(a.history.get().filter(({ what }) => what === 'live')).toHaveLength(1);
    expect(leftFor(harbour.origin, since)).toEqual([]);
  });

  it('S0.11, S1.8: connects at start to what is switched on, and once', async () => {
    await b.pause();
    anna = await anna.restart();
    [a, b] = [anna.at(harbour.origin), anna.at(lighthouse.origin)];
    await anna.whenLive(a);
    expect(b.state.get().kind).toBe('disabled');
    const dials = (): string[] => anna.wire.lines.filter(({ way }) => way === 'dial').map(({ url }) => url);
    const [toA] = dials();
    expect(toA).toBe(`${harbour.origin.replace('http:', 'ws:')}/api/socket`);
    anna.client.retryAll();
    await b.resume();
    await anna.whenLive(b);
    // What is connected is left alone, whoever else is to be connected.
    expect(dials()).toEqual([toA, `${lighthouse.origin.replace('http:', 'ws:')}/api/socket`]);
  });

  it('S0.55, S1.7, S2.12, S2.19, S2.20: is added to, gone through and taken from by the id of an entry, and the others stay what they were', async () => {
    await using third = await startReal(['--name', 'Pier']);
    const views = (): (string | undefined)[] => anna.client.servers.get().map(({ label }) => label);
    const c = await anna.join(third.origin, 'anna', { code: third.setupCode });
    expect(views()).toEqual(['Harbour', 'Lighthouse', 'Pier']);
    expect([a, b, c].map(({ id }) => anna.client.server(id))).toEqual([a, b, c]);
    anna.client.focus(c.id);
    await sendAndSee(c, await general(c), 'on the pier');
    const histories = [a, b].map(({ history }) => history.get());
    await c.remove({ signOutThere: true });
    expect(views()).toEqual(['Harbour', 'Lighthouse']);
    expect(anna.client.server(c.id)).toBeUndefined();
    expect(anna.client.focused.get()).toBeUndefined();
    expect([a, b].map(({ id }) => anna.client.server(id))).toEqual([a, b]);
    expect([a, b].map(({ history }) => history.get())).toEqual(histories);
    for (const [handle, channel] of [
      [a, channelA],
      [b, channelB],
    ] as const) {
      anna.client.focus(handle.id);
      await sendAndSee(handle, channel, 'and still here');
    }
  });
});
