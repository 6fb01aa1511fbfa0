import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerHandle } from '@skerry/core';
import { mentionOf, type ChannelId, type Command, type SignedIn } from '@skerry/protocol';
import { general, Member, sendAndSee, shows } from '../harness/member.ts';
import { call, newId, signUp } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { eventually, until } from '../harness/watch.ts';

/** S1.17, S1.29, I8: two real servers, each a process of its own, and one person on both. */
describe('A person on two servers', () => {
  let harbour: SpawnedServer;
  let lighthouse: SpawnedServer;
  let bertAt: { harbour: SignedIn; lighthouse: SignedIn };
  let anna: Member;
  let a: ServerHandle;
  let b: ServerHandle;
  let channelA: ChannelId;
  let channelB: ChannelId;

  beforeAll(async () => {
    [harbour, lighthouse] = await Promise.all([
      SpawnedServer.start({ name: 'Harbour', args: ['--client', 'none'] }),
      SpawnedServer.start({ name: 'Lighthouse', args: ['--client', 'none'] }),
    ]);
    bertAt = {
      harbour: await signUp(harbour.origin, 'bert', harbour.setupCode),
      lighthouse: await signUp(lighthouse.origin, 'bert', lighthouse.setupCode),
    };
    // On the real clock: the order in the inbox rests on the measured difference between the clocks.
    anna = await Member.start();
    a = await anna.join(harbour.origin, 'anna');
    b = await anna.join(lighthouse.origin, 'anna');
    channelA = await general(a);
    channelB = await general(b);
  });
  afterAll(async () => {
    await anna?.[Symbol.asyncDispose]();
    await harbour?.[Symbol.asyncDispose]();
    await lighthouse?.[Symbol.asyncDispose]();
  });

  const bertSays = async (where: 'harbour' | 'lighthouse', text: string): Promise<string> => {
    const id = newId();
    const channel = where === 'harbour' ? channelA : channelB;
    const command: Command = { kind: 'message.send', channel, text, replyTo: null };
    const { origin } = where === 'harbour' ? harbour : lighthouse;
    await call(origin, 'command', { token: bertAt[where].accessToken, body: { id, command } });
    return id;
  };
  const textsOn = async (where: 'harbour' | 'lighthouse'): Promise<string[]> => {
    const { origin } = where === 'harbour' ? harbour : lighthouse;
    const params = { channelId: where === 'harbour' ? channelA : channelB };
    const page = await call(origin, 'messages', { token: bertAt[where].accessToken, params, query: { limit: 100 } });
    return page.messages.map((message) => message.text);
  };
  const meOn = (handle: ServerHandle): string => mentionOf(handle.me.get()!.id);

  it('sees what needs her on both in one inbox, newest first, each with its server', async () => {
    await bertSays('harbour', `${meOn(a)} first`);
    await until(anna.client.inbox, (inbox) => inbox.rows.length === 1);
    await bertSays('lighthouse', `${meOn(b)} second`);
    await until(anna.client.inbox, (inbox) => inbox.rows.length === 2);
    await bertSays('harbour', `${meOn(a)} third`);
    const { rows } = await until(anna.client.inbox, (inbox) => inbox.rows.length === 3);
    expect(rows.map((row) => row.serverLabel)).toEqual(['Harbour', 'Lighthouse', 'Harbour']);
    expect(rows.map((row) => row.item.message.text.split(' ').at(-1))).toEqual(['third', 'second', 'first']);
    expect(anna.client.fleet.get()).toMatchObject({ connected: 2, total: 2, mentions: 3 });
  });

  it('answers from the inbox only on the server of the message, whatever she looks at', async () => {
    anna.client.focus(a.id);
    const row = anna.client.inbox.get().rows.find((one) => one.serverLabel === 'Lighthouse')!;
    const before = (await call(harbour.origin, 'snapshot', { token: bertAt.harbour.accessToken })).asOf;
    const handle = anna.handle(row.entryId);
    await handle.send({ channel: row.item.message.channel, text: 'on my way', replyTo: row.item.message.id });
    await eventually('the answer arrived', async () => (await textsOn('lighthouse')).includes('on my way'));
    expect(await textsOn('harbour')).not.toContain('on my way');
    expect((await call(harbour.origin, 'snapshot', { token: bertAt.harbour.accessToken })).asOf).toEqual(before);
    expect(anna.wire.sentTo(harbour.origin).some((frame) => JSON.stringify(frame).includes('on my way'))).toBe(false);
  });

  it('S1.14: does not notice on one that the other stopped, and gets what it missed once and in order', async () => {
    const time = async (): Promise<number[]> => {
      const times: number[] = [];
      for (let i = 0; i < 60; i++) {
        const start = performance.now();
        await sendAndSee(a, channelA, `timed ${i} ${newId()}`);
        times.push(performance.now() - start);
      }
      return times.sort((x, y) => x - y);
    };
    await time();
    const before = await time();
    await lighthouse.stop();
    const waiting = await anna.when(b, 'waiting');
    expect(waiting.kind === 'waiting' && waiting.nextAt > waiting.since).toBe(true);
    const historyOfA = a.history.get().length;
    const during = await time();
    // The middle one, since a machine with other work has a wide tail; the long test looks at the p95.
    expect(median(during)).toBeLessThan(1.5 * median(before) + 20);
    expect(a.state.get().kind).toBe('live');
    expect(a.history.get()).toHaveLength(historyOfA);
    expect(anna.client.inbox.get().stale.map((one) => one.entryId)).toEqual([b.id]);

    await lighthouse.start();
    for (let i = 0; i < 5; i++) await bertSays('lighthouse', `missed ${i}`);
    b.tryNow();
    await anna.whenLive(b);
    const texts = await shows(b, channelB, (all) => all.includes('missed 4'));
    expect(texts.filter((text) => text.startsWith('missed'))).toEqual(
      Array.from({ length: 5 }, (_, i) => `missed ${i}`),
    );
    expect(anna.client.inbox.get().stale).toEqual([]);
  });

  it('S0.1, S2.46: keeps both after a restart, and shows them before either answered', async () => {
    const known = await shows(b, channelB, (all) => all.length > 0);
    await harbour.stop();
    await lighthouse.stop();
    anna = await anna.restart();
    [a, b] = [anna.at(harbour.origin), anna.at(lighthouse.origin)];
    expect(anna.client.servers.get().map((view) => view.label)).toEqual(['Harbour', 'Lighthouse']);
    expect(await shows(b, channelB, (all) => all.length > 0)).toEqual(
      known.slice(-(await shows(b, channelB, () => true)).length),
    );
    await Promise.all([harbour.start(), lighthouse.start()]);
    anna.client.retryAll();
    await Promise.all([anna.whenLive(a), anna.whenLive(b)]);
    await sendAndSee(b, channelB, 'still here');
  });

  it('S2.49: removes one without touching the other', async () => {
    await a.remove({ signOutThere: true });
    expect(anna.client.servers.get().map((view) => view.label)).toEqual(['Lighthouse']);
    expect(anna.client.inbox.get().rows.every((row) => row.serverLabel === 'Lighthouse')).toBe(true);
    await sendAndSee(b, channelB, 'and still here');
  });
});

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}
