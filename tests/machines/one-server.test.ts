import type { EntryId, FleetMachines, Pairing, Platform, ServerHandle } from '@skerry/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { until } from '../harness/watch.ts';
import { Keyed, ready } from '../sealed/keyed-member.ts';
import { Computer } from './computer.ts';
import { stageOf } from './person-side.ts';

/** Told of every request before it leaves and before its answer is read: wherever the client waits for a server. */
type Gate = (url: string) => Promise<void>;

/** T4: an approval for one server is never sent to another, whatever the person does meanwhile. */
describe('A pairing while the person moves about', () => {
  let harbour: RealServer;
  let lighthouse: RealServer;
  let anna: Keyed;
  let [a, b] = [undefined, undefined] as unknown as [ServerHandle, ServerHandle];
  let machines: FleetMachines;
  let gate: Gate | undefined;

  const gated = (platform: Platform): Platform => ({
    ...platform,
    http: {
      request: async (request) => {
        await gate?.(request.url);
        const answer = await platform.http.request(request);
        await gate?.(request.url);
        return answer;
      },
    },
  });

  beforeAll(async () => {
    [harbour, lighthouse] = await Promise.all([startReal(['--machines', 'on']), startReal(['--machines', 'on'])]);
    await Promise.all([harbour, lighthouse].map(({ origin, setupCode }) => signUp(origin, 'owner', setupCode)));
    // The computer is polled for each second: ten times as often here.
    anna = await Keyed.create({ platform: gated, speed: 20 });
    [a, b] = [await anna.register(harbour.origin, 'anna'), await anna.register(lighthouse.origin, 'anna')];
    machines = await anna.member.client.machines();
  });
  afterAll(async () => {
    gate = undefined;
    await anna?.[Symbol.asyncDispose]();
    await Promise.all([harbour, lighthouse].map((server) => server?.[Symbol.asyncDispose]()));
  });

  const meddling: readonly (readonly [string, () => unknown])[] = [
    ['focus A', () => anna.member.client.focus(a.id)],
    ['focus B', () => anna.member.client.focus(b.id)],
    ['A is primary', () => anna.member.client.setPrimary(a.id)],
    ['B is primary', () => anna.member.client.setPrimary(b.id)],
    ['A is renamed', () => a.update({ label: `Lighthouse ${Math.random()}` })],
    ['B is renamed', () => b.update({ label: `Harbour ${Math.random()}` })],
    ['B is paused', () => b.pause()],
    ['B goes on', () => b.resume()],
    ['A is paused', () => a.pause()],
    ['A goes on', () => a.resume()],
    ['B comes first', () => anna.member.client.move(b.id, 0)],
    ['B is cut', () => anna.member.wire.cut(lighthouse.origin)],
  ];

  /** All that left for a server since then, in one text. */
  const sentTo = (server: RealServer, from: number): string => {
    const { host } = new URL(server.origin);
    const lines = anna.member.wire.lines
      .slice(from)
      .filter(({ way, url }) => way !== 'down' && url.includes(`//${host}/`));
    return JSON.stringify(lines);
  };

  async function pairWith(computer: Computer): Promise<Pairing> {
    await computer.ask();
    const pairing = machines.pair(computer.link, b.id);
    await computer.taken();
    await computer.reveal();
    await stageOf(pairing, 'comparing');
    await pairing.approve();
    return pairing;
  }

  async function settled(): Promise<void> {
    gate = undefined;
    await Promise.all([a.resume(), b.resume()]);
    await Promise.all([anna.member.whenLive(a), anna.member.whenLive(b)]);
  }

  it('only the server of the code hears of it, at every point where the client waits (T4, S2.7, S2.8)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.shuffledSubarray([...meddling.keys()], { minLength: 4, maxLength: 8 }),
        async (scheduler, order) => {
          const from = anna.member.wire.lines.length;
          using computer = await Computer.at(lighthouse.origin);
          gate = (url) => scheduler.schedule(Promise.resolve(), new URL(url).pathname);
          const moves = scheduler.scheduleSequence(
            // A pairing at a server that stays paused waits for it.
            [...order.map((at) => meddling[at]), ['B goes on', () => b.resume()] as const].flatMap((one) =>
              one === undefined ? [] : [{ label: one[0], builder: async () => void (await one[1]()) }],
            ),
          );
          await using pairing = await scheduler.waitFor(pairWith(computer));
          const { kind } = pairing.stage.get();
          await scheduler.waitFor(moves.task);
          gate = undefined;
          await scheduler.waitIdle();
          await settled();
          expect(kind).toBe('approved');
          const [toA, toB] = [sentTo(harbour, from), sentTo(lighthouse, from)];
          // Requests, codes, keys and nonces of this pairing; and nobody's list but B's names the computer.
          for (const secret of ['/api/pairing', computer.key, computer.commit, computer.nonce, computer.boxKey])
            expect(toA).not.toContain(secret);
          expect(toA).not.toContain('devices.set');
          for (const path of ['/api/pairing/claim', '/api/pairing/approve', 'devices.set']) expect(toB).toContain(path);
          const tokens = (text: string) => new Set(text.match(/Bearer [\w-]+/g));
          for (const token of tokens(toA)) expect(toB).not.toContain(token);
          const { machine } = pairing.stage.get() as { machine: number };
          await machines.remove({ entry: b.id, machine });
        },
      ),
      { numRuns: 12 },
    );
  });

  it('S2.35, S2.36, S2.48: the server of a code that is not known yet is joined first, and then it alone is asked', async () => {
    await using bea = await Keyed.create();
    const known = await bea.register(harbour.origin, 'bea');
    const { client } = bea.member;
    const onBea = await client.machines();
    using computer = await Computer.at(lighthouse.origin);
    await computer.ask();
    const { link } = computer;
    expect(await onBea.entryOf(link)).toBeUndefined();
    const from = bea.member.wire.lines.length;
    const handle = await bea.register(link.address.origin, 'bea');
    await ready(handle);
    const entry = (await onBea.entryOf(link)) as EntryId;
    expect(entry).toBe(handle.id);
    await using pairing = onBea.pair(link, entry);
    await computer.taken();
    await computer.reveal();
    await stageOf(pairing, 'comparing');
    await pairing.approve();
    await stageOf(pairing, 'approved');
    await computer.redeem();
    await until(onBea.view, (view) =>
      view.machines.some(({ entryId, name }) => entryId === entry && name === 'studio'),
    );
    const toA = bea.member.wire.lines
      .slice(from)
      .filter(({ way, url }) => way !== 'down' && url.includes(new URL(harbour.origin).host));
    expect(JSON.stringify(toA)).not.toContain(computer.key);
    expect(onBea.view.get().machines.filter(({ entryId }) => entryId === known.id)).toEqual([]);
  });
});
