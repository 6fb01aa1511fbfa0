import { performance } from 'node:perf_hooks';
import { waitFor } from '@skerry/core';
import type { ChannelId, SignedIn } from '@skerry/protocol';
import type { AskContent, RunLine, RunMeta } from '@skerry/protocol/agents';
import type { Row } from './row.ts';
import { BothEnds } from './machines/both-ends.ts';
import { Talker } from './machines/messages.ts';
import { median } from './shared/median.ts';
import { newId } from './shared/people.ts';

const ENTRIES = 2_048;
const AT_ONCE = 64;
/** Below what one socket may have unanswered. */
const IN_FLIGHT = 12;
const ASKS = 60;
const ROUNDS = 3;
const TEXT = 'A piece of what an agent says, about as long as these are.';
const META: RunMeta = {
  v: 1,
  kind: 'agent',
  title: 'Bench',
  folder: '/',
  agent: 'bench',
  branch: null,
  mode: null,
  modes: [],
};

/**
 * What a machine says until a person's device has decrypted it, and an ask until the machine may act on its answer, over a
 * real server with both cores and all their cryptography in one process; beside messages in the clear between two bare
 * sockets of the same server.
 */
export async function benchMachines(): Promise<readonly Row[]> {
  let answered: (ask: string) => void = () => undefined;
  await using ends = await BothEnds.open((ask) => answered(ask));
  const { server } = ends;
  const { url } = server.running;
  const people: SignedIn[] = [];
  for (const username of ['one', 'two'])
    people.push(
      await server.ask('register', {
        body: { username, password: 'a long password', displayName: username, device: 'bench', code: null },
      }),
    );
  const [one, two] = people as [SignedIn, SignedIn];
  const { channels } = await server.ask('snapshot', { token: one.accessToken });
  const channel = channels[0]?.channel.id;
  if (channel === undefined) throw new Error('there is no channel');
  using a = await Talker.open(url, one);
  using b = await Talker.open(url, two);
  const figures = { entries: [] as number[], messages: [] as number[], asks: [] as number[], turns: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    figures.messages.push(await messagesPerSecond(a, b, channel));
    figures.entries.push(await entriesPerSecond(ends));
    figures.turns.push(await messageTurn(a, b, channel));
    figures.asks.push(await askTurn(ends, (listener) => (answered = listener)));
  }
  const [entries, messages] = [median(figures.entries), median(figures.messages)];
  const [asks, turns] = [median(figures.asks), median(figures.turns)];
  return [
    {
      name: `Run entries end to end, ${AT_ONCE} in one append`,
      value: entries,
      unit: 'per second',
      peer: { name: `messages between bare sockets, ${IN_FLIGHT} in flight`, value: messages },
      ratio: entries / messages,
      goal: null,
      reached: null,
    },
    {
      name: 'Ask until the machine may act on its answer',
      value: asks,
      unit: 'ms',
      peer: { name: 'message and reply between bare sockets', value: turns },
      ratio: asks / turns,
      goal: null,
      reached: null,
    },
  ];
}

async function entriesPerSecond({ link, machines, entry }: BothEnds): Promise<number> {
  const run = newId();
  await link.createRun(run, META);
  using shown = machines.run(entry, run);
  // What is written before is only looked at from its end.
  await waitFor(shown.transcript, ({ live }) => live);
  const from = performance.now();
  const all = waitFor(shown.transcript, ({ entries }) => entries.length === ENTRIES && entries.at(-1)?.line != null);
  for (let at = 0; at < ENTRIES; at += AT_ONCE) {
    const lines = Array.from({ length: AT_ONCE }, () => {
      const line: RunLine = { v: 1, at: Date.now(), cut: false, entry: { kind: 'said', as: 'answer', text: TEXT } };
      return { id: newId(), line };
    });
    await link.append(run, lines);
  }
  await all;
  return (ENTRIES / (performance.now() - from)) * 1_000;
}

async function messagesPerSecond(a: Talker, b: Talker, channel: ChannelId): Promise<number> {
  const from = performance.now();
  await new Promise<void>((resolve) => {
    let [sent, heard] = [0, 0];
    const more = (): void => {
      while (sent < ENTRIES && sent - heard < IN_FLIGHT) {
        a.say(channel, TEXT);
        sent++;
      }
    };
    b.onMessage = () => {
      heard++;
      if (heard === ENTRIES) resolve();
      else more();
    };
    more();
  });
  b.onMessage = () => undefined;
  return (ENTRIES / (performance.now() - from)) * 1_000;
}

async function askTurn(
  { link, machines, entry }: BothEnds,
  onAnswered: (listener: (ask: string) => void) => void,
): Promise<number> {
  const run = newId();
  await link.createRun(run, META);
  const turns: number[] = [];
  for (let turn = 0; turn < ASKS; turn++) {
    const content: AskContent = {
      v: 1,
      salt: 'AAAAAAAAAAAAAAAAAAAAAA',
      kind: 'question',
      text: 'Go on?',
      choices: ['yes', 'no'],
      folder: '/',
      agent: 'bench',
    };
    const id = newId();
    const done = new Promise<void>((resolve) => onAnswered((ask) => ask === id && resolve()));
    const from = performance.now();
    await link.openAsk({ id, run, kind: 'question', content, expiresAt: Date.now() + 60_000 });
    await waitFor(machines.view, ({ asks }) => asks.some((ask) => ask.id === id && ask.content !== null));
    await machines.answer({ entryId: entry, id }, { choice: 'yes', text: null });
    await done;
    turns.push(performance.now() - from);
    await link.taken(id);
  }
  return median(turns);
}

async function messageTurn(a: Talker, b: Talker, channel: ChannelId): Promise<number> {
  const turns: number[] = [];
  for (let turn = 0; turn < ASKS; turn++) {
    const [asked, replied] = [`asked ${turn}`, `replied ${turn}`];
    b.onMessage = (text) => text === asked && b.say(channel, replied);
    const from = performance.now();
    await new Promise<void>((resolve) => {
      a.onMessage = (text) => text === replied && resolve();
      a.say(channel, asked);
    });
    turns.push(performance.now() - from);
  }
  [a.onMessage, b.onMessage] = [() => undefined, () => undefined];
  return median(turns);
}
