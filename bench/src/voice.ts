import { performance } from 'node:perf_hooks';
import { parts } from '@skerry/server';
import type { Row } from './row.ts';
import { Child } from './shared/child.ts';
import { median } from './shared/median.ts';
import { cpuSeconds } from './shared/process-cost.ts';
import type { Answer, Order } from './voice/engine.ts';

const PEOPLE = [2, 4, 8] as const;
const ROUNDS = 3;
const ROUND_MS = 3_000;
const JOINS = 40;
const GOAL_MS = 300;
/** A frame of Opus at 32 kbit/s. */
const FRAME = 'x'.repeat(80);
const SLOTS = 8;

type Peers = Awaited<ReturnType<typeof parts.loadVoice>>['VoicePeer'];
type Peer = InstanceType<Peers>;
type Person = { readonly peer: Peer; readonly stay: string };

/**
 * What forwarding costs the server's process while everybody in a channel talks, and how long it takes from asking to join
 * until the first sound is heard. The people are WebRTC peers in another process, without audio devices or codecs.
 */
export async function benchVoice(): Promise<readonly Row[]> {
  const { VoicePeer } = await parts.loadVoice();
  await using engine = new Child<Order, Answer>(new URL('./voice/engine.js', import.meta.url), []);
  await engine.next();
  const rows: Row[] = [];
  for (const many of PEOPLE) rows.push(...(await talk(engine, VoicePeer, many)));
  rows.push(...(await joins(engine, VoicePeer)));
  return rows;
}

async function arrive(engine: Child<Order, Answer>, VoicePeer: Peers): Promise<Person> {
  const peer = new VoicePeer();
  const { stay, sdp } = await engine.ask({ kind: 'join', sdp: await peer.offer(SLOTS) });
  await peer.take(sdp);
  await peer.connected();
  return { peer, stay };
}

async function go(engine: Child<Order, Answer>, { peer, stay }: Person): Promise<void> {
  await engine.ask({ kind: 'leave', stay });
  await peer[Symbol.asyncDispose]();
}

async function talk(engine: Child<Order, Answer>, VoicePeer: Peers, many: number): Promise<Row[]> {
  const people: Person[] = [];
  for (let at = 0; at < many; at++) people.push(await arrive(engine, VoicePeer));
  for (const { peer } of people) peer.talk(FRAME);
  const streams = many * (many - 1);
  const [shares, delays, ratios]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const heard = (): number => people.reduce((sum, { peer }) => sum + peer.count(), 0);
    await engine.ask({ kind: 'begin' });
    const said = (): number => people.reduce((sum, { peer }) => sum + peer.said, 0);
    const [from, cpu, before] = [performance.now(), cpuSeconds(engine.pid), { heard: heard(), said: said() }];
    await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
    const seconds = (performance.now() - from) / 1_000;
    shares.push(((cpuSeconds(engine.pid) - cpu) / seconds / streams) * 100);
    ratios.push((heard() - before.heard) / ((said() - before.said) * (many - 1)));
    delays.push((await engine.ask({ kind: 'end' })).delayMs);
  }
  for (const person of people) await go(engine, person);
  const plain = { peer: null, ratio: null, goal: null, reached: null };
  return [
    {
      name: `Voice, ${many} people talk: CPU for each of ${streams} streams`,
      value: median(shares),
      unit: '% of a core',
      ...plain,
    },
    {
      name: `Voice, ${many} people talk: frames that arrive of those that should`,
      value: median(ratios),
      unit: '',
      ...plain,
    },
    { name: `Voice, ${many} people talk: event loop delay p99`, value: median(delays), unit: 'ms', ...plain },
  ];
}

async function joins(engine: Child<Order, Answer>, VoicePeer: Peers): Promise<Row[]> {
  const speaker = await arrive(engine, VoicePeer);
  speaker.peer.talk(FRAME);
  const times: number[] = [];
  for (let join = 0; join < JOINS; join++) {
    const from = performance.now();
    try {
      const person = await arrive(engine, VoicePeer);
      while (person.peer.count() === 0 && performance.now() - from < 5_000)
        await new Promise((resolve) => setTimeout(resolve, 2));
      if (person.peer.count() > 0) times.push(performance.now() - from);
      await go(engine, person);
    } catch {
      // It counts as one that failed.
    }
  }
  await go(engine, speaker);
  const failed = JOINS - times.length;
  return [
    {
      name: `Voice, ${JOINS} joins, ${failed} failed: join to first sound, p50`,
      value: median(times),
      unit: 'ms',
      peer: null,
      ratio: null,
      goal: `≤ ${GOAL_MS} ms, none failed`,
      reached: failed === 0 && median(times) <= GOAL_MS,
    },
  ];
}
