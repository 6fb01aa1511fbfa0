import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NewAsk } from '@skerry/core/machine';
import type { RunMeta } from '@skerry/protocol/agents';
import { type RunState, SkerryError } from '@skerry/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import type { Ask, RunEntry } from '../runs/run-entry.ts';
import { openRun } from '../runs/run-store.ts';
import { markRun } from './relay-mark.ts';
import { type Decision, RunRelay, type RunRelayOptions } from './run-relay.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-relay-'));
afterAll(() => rmSync(top, { recursive: true }));
let number = 0;

/** What a server keeps of one run. It may be cut off before or after it did what it was told. */
class Kept {
  readonly entries = new Map<string, string>();
  readonly asks = new Map<string, NewAsk & { state: string }>();
  state: RunState | undefined;
  meta: RunMeta | undefined;
  batches: number[] = [];
  /** Throws when the process is to die. */
  cut: () => void = () => undefined;

  async createRun(_: string, meta: RunMeta): Promise<void> {
    this.cut();
    this.meta ??= meta;
  }
  async setRun(_: string, to: { state?: RunState; meta?: RunMeta }): Promise<void> {
    this.cut();
    this.state = to.state ?? this.state;
    this.meta = to.meta ?? this.meta;
  }
  async append(_: string, lines: readonly { id: string; line: object }[]): Promise<number> {
    this.cut();
    this.batches.push(lines.length);
    for (const { id, line } of lines) {
      const text = JSON.stringify(line);
      if ((this.entries.get(id) ?? text) !== text) throw new SkerryError('id_conflict');
      this.entries.set(id, text);
    }
    this.cut();
    return this.entries.size;
  }
  async openAsk(ask: NewAsk): Promise<void> {
    this.cut();
    if (!this.asks.has(ask.id)) this.asks.set(ask.id, { ...ask, state: 'open' });
    this.cut();
  }
  async cancelAsk(id: string): Promise<'cancelled' | 'closed'> {
    this.cut();
    const ask = this.asks.get(id);
    if (ask?.state !== 'open') return 'closed';
    ask.state = 'cancelled';
    this.cut();
    return 'cancelled';
  }
  async taken(id: string): Promise<void> {
    this.cut();
    this.asks.get(id)!.state = 'taken';
  }
}

class Death extends Error {}

async function rig() {
  const runs = path.join(top, String(++number));
  const opened = await openRun({ runs, resume: null, now: Date.now });
  const mark = markRun(opened.folder, { serverId: 'a-server', agent: 'mate' });
  const link = new Kept();
  const decided: (Decision & { ask: string })[] = [];
  const options: RunRelayOptions = {
    folder: opened.folder,
    mark,
    link,
    hand: async ({ id }, decision) => {
      decided.push({ ...decision, ask: id });
      const { choice, by } = decision;
      await opened.log.append({ kind: 'answered', ask: id, choice, ...(by === undefined ? {} : { by }) });
    },
    patienceMs: 60_000,
    now: Date.now,
    refused: (error) => {
      if (!(error instanceof Death)) throw error;
    },
  };
  const append = (entry: RunEntry) => opened.log.append(entry);
  return { opened, link, options, append, decided };
}

const begun = (folder: string): RunEntry => ({
  kind: 'begun',
  agent: ['mate'],
  folder,
  session: 's',
  start: 'new',
  modes: null,
});
const output = (text: string): RunEntry => ({ kind: 'output', terminal: 't', text });
const ask = (more: Partial<Ask> = {}): Ask => ({
  id: randomUUID(),
  subject: { kind: 'write', path: '/p/a', before: null, after: 'x' },
  digest: '',
  choices: [
    { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
    { optionId: 'no', name: 'No', kind: 'reject_once' },
  ],
  ...more,
});
const answer = (id: string, choice: string | null, text: string | null = null) =>
  ({ ask: id, run: 'r', kind: 'answered', by: 7, at: 1, answer: { v: 1, salt: '', choice, text } }) as const;

describe('a run that is relayed', () => {
  it('is all there, once and in order, however often the relay dies at whatever it does (Shows 4)', async () => {
    const { opened, link, options, append } = await rig();
    await append(begun(opened.folder));
    await append({ kind: 'prompt', text: 'Tidy the hull\nand the mast' });
    let relay = new RunRelay(options);
    const asks: string[] = [];
    let lives = 1;
    for (let turn = 0; turn < 40; turn++) {
      const asking = ask();
      asks.push(asking.id);
      await append({ kind: 'asked', ask: asking });
      for (let at = 0; at < 5; at++) await append(output(`${turn} ${at} ${'x'.repeat(at * 3_000)}`));
      let left = 1 + (turn % 9);
      link.cut = () => {
        if (--left === 0) throw new Death();
      };
      await relay.poke();
      if (left <= 0) {
        // What it held in memory is gone with it.
        relay = new RunRelay(options);
        lives++;
      }
      if (turn % 3 !== 0) await append({ kind: 'answered', ask: asking.id, choice: null });
    }
    link.cut = () => undefined;
    await append({ kind: 'ended', why: 'cut' });
    for (const id of asks) await append({ kind: 'answered', ask: id, choice: null });
    relay = new RunRelay(options);
    await relay.poke();
    expect(lives).toBeGreaterThan(20);
    const log = readFileSync(path.join(opened.folder, 'log.jsonl'), 'utf8').trim().split('\n');
    const ids = log.map((line) => (JSON.parse(line) as { id: string }).id);
    // A long output is two or three entries.
    const got = [...link.entries.keys()];
    expect(got.filter((id) => ids.includes(id))).toEqual(ids);
    expect(got.length - ids.length).toBe(40 * 4);
    expect([...link.asks.values()].filter(({ state }) => state === 'open')).toEqual([]);
    expect(link.state).toBe('ended');
    expect(link.meta).toMatchObject({ title: 'Tidy the hull', agent: 'mate' });
    expect(Math.max(...link.batches)).toBeLessThanOrEqual(64);
    expect(relay.isDone).toBe(true);
    await opened[Symbol.asyncDispose]();
  });

  it('takes an answer to what is open and to nothing else, and says that it was acted on (T19)', async () => {
    const { opened, link, options, append, decided } = await rig();
    const [one, two] = [ask(), ask()];
    await append(begun(opened.folder));
    await append({ kind: 'asked', ask: one });
    await append({ kind: 'asked', ask: two });
    const relay = new RunRelay(options);
    await relay.poke();
    expect(link.asks.get(one.id)).toMatchObject({ kind: 'permission', state: 'open' });
    await relay.hear(answer(randomUUID(), 'yes'));
    await relay.hear(answer(one.id, 'yes'));
    await relay.hear(answer(one.id, 'yes'));
    await relay.hear(answer(two.id, 'maybe'));
    await relay.poke();
    expect(decided).toEqual([
      { ask: one.id, choice: 'yes', by: 7 },
      { ask: two.id, choice: null, by: 7, why: expect.stringContaining('no choice') as unknown },
    ]);
    expect(link.asks.get(one.id)?.state).toBe('taken');
    await opened[Symbol.asyncDispose]();
  });

  it('lets nobody allow from afar what could not be seen whole; a no counts, with its words (M-16, T18)', async () => {
    const { opened, link, options, append, decided } = await rig();
    const subject = { kind: 'command', command: 'sh', args: ['-c', 'x'.repeat(50_000)], env: [], cwd: '/p' } as const;
    const [one, two] = [ask({ subject }), ask({ subject })];
    await append(begun(opened.folder));
    await append({ kind: 'asked', ask: one });
    await append({ kind: 'asked', ask: two });
    const relay = new RunRelay(options);
    await relay.poke();
    expect(link.asks.get(one.id)?.content).toMatchObject({ cut: true });
    await relay.hear(answer(one.id, 'yes'));
    await relay.hear(answer(two.id, 'no', 'never by a shell'));
    expect(decided).toEqual([
      { ask: one.id, choice: null, by: 7, why: expect.stringContaining('too long') as unknown },
      { ask: two.id, choice: 'no', by: 7, words: 'never by a shell' },
    ]);
    await opened[Symbol.asyncDispose]();
  });

  it('says no for whoever does not come, and for an answer that nobody gave', async () => {
    const { opened, options, append, decided } = await rig();
    const [one, two, three] = [ask(), ask(), ask()];
    await append(begun(opened.folder));
    for (const asking of [one, two, three]) await append({ kind: 'asked', ask: asking });
    const clock = { now: Date.now() };
    const relay = new RunRelay({ ...options, now: () => clock.now });
    await relay.poke();
    await relay.hear({ ask: one.id, run: 'r', kind: 'expired' });
    await relay.hear({ ask: two.id, run: 'r', kind: 'unverified', why: 'signature' });
    clock.now += 70_000;
    await relay.poke();
    expect(decided.map(({ ask: id, choice }) => [id, choice])).toEqual([one, two, three].map(({ id }) => [id, null]));
    await opened[Symbol.asyncDispose]();
  });
});
