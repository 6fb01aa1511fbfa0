import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AgentCall, AgentReply } from '@skerry/protocol/agents';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readRunLog } from '../runs/run-log.ts';
import { AgentCalls } from './agent-calls.ts';
import { FolderPicker } from './folder-picker.ts';
import { OpJournal, type OpPlan } from './op-journal.ts';
import { RunHost } from './run-host.ts';

/** The least that speaks the protocol: it ends each turn at once. */
const MUTE = `
const rl = require('node:readline').createInterface({ input: process.stdin });
const say = (id, result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
rl.on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (method === 'initialize') say(id, { protocolVersion: 1, agentCapabilities: {} });
  else if (method === 'session/new') say(id, { sessionId: 's' });
  else if (method === 'session/prompt') say(id, { stopReason: 'end_turn' });
});`;

const top = realpathSync(mkdtempSync(path.join(tmpdir(), 'skerry-calls-')));
const root = path.join(top, 'root');
mkdirSync(root);
let number = 0;
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});
afterAll(() => rmSync(top, { recursive: true }));

async function rig(folder = path.join(top, String(++number))) {
  const runs = path.join(folder, 'runs');
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  const clock = { now: 1_700_000_000_000 };
  const host = new RunHost({ runs, now: () => clock.now });
  const journal = await OpJournal.open(path.join(folder, 'ops.jsonl'), () => clock.now);
  open.push(journal, host);
  const relayed = new Map<string, string>();
  const calls = new AgentCalls({
    journal,
    host,
    picker: new FolderPicker(root),
    agents: [
      { name: 'mute', argv: [process.execPath, '-e', MUTE] },
      { name: 'broken', argv: [process.execPath, '-e', 'console.error("no licence"); process.exit(1)'] },
    ],
    runs,
    now: () => clock.now,
    startMs: 20_000,
    relay: async ({ local, run }: OpPlan) => void relayed.set(run, local),
    localOf: (run) => relayed.get(run),
    lastFolder: () => null,
    used: () => undefined,
  });
  const call = (wish: AgentCall['wish'], { op = randomUUID(), at = clock.now } = {}): Promise<AgentReply> =>
    calls.handle({ v: 1, op, at, wish }, 1);
  const prompts = async (local: string) =>
    (await readRunLog(path.join(runs, local, 'log.jsonl'))).flatMap(({ entry }) =>
      entry.kind === 'prompt' ? [entry.text] : [],
    );
  return { folder, runs, clock, host, journal, relayed, call, prompts };
}

const start = { do: 'start', agent: 'mute', folder: root, mode: null, prompt: 'hello' } as const;
const runOf = (reply: AgentReply): string => (reply.did === 'started' ? reply.run : '');

describe('a call', () => {
  it('is done once, however often it comes at the same time, later, or when it is old by then (M-15)', async () => {
    const { call, runs, clock, relayed, prompts } = await rig();
    const op = randomUUID();
    const replies = await Promise.all([call(start, { op }), call(start, { op }), call(start, { op })]);
    const [first] = replies;
    const run = runOf(first);
    expect(replies).toEqual([1, 2, 3].map(() => ({ v: 1, did: 'started', run })));
    const said = randomUUID();
    const prompt = { do: 'prompt', run, text: 'more' } as const;
    await Promise.all([call(prompt, { op: said }), call(prompt, { op: said })]);
    const at = clock.now;
    clock.now += 24 * 3_600_000;
    expect(await call(start, { op, at })).toEqual(first);
    expect(await call(prompt, { op: said, at })).toEqual({ v: 1, did: 'yes' });
    expect(await call(prompt, { at })).toMatchObject({ did: 'no', problem: 'stale' });
    expect(await call(prompt, { at: clock.now + 11 * 60_000 })).toMatchObject({ did: 'no', problem: 'stale' });
    expect(readdirSync(runs)).toHaveLength(1);
    expect(await prompts(relayed.get(run) ?? '')).toEqual(['hello', 'more']);
  });

  it('that was cut off by a death is found done by what is in the log, and else is done then (M-15)', async () => {
    const first = await rig();
    const op = randomUUID();
    const run = runOf(await first.call(start, { op }));
    const local = first.relayed.get(run) ?? '';
    const said = randomUUID();
    await first.call({ do: 'prompt', run, text: 'more' }, { op: said });
    await first.host[Symbol.asyncDispose]();
    // As a death leaves it: begun in the journal, done in the log, and no reply.
    const second = await rig(path.join(top, `${number}-after`));
    rmSync(second.runs, { recursive: true });
    mkdirSync(path.dirname(second.runs), { recursive: true });
    cpSync(first.runs, second.runs, { recursive: true });
    const [unsaid, unstarted] = [randomUUID(), randomUUID()];
    await second.journal.begin(op, { local, run });
    await second.journal.begin(unsaid, { local: 'aaaaaaaa', run: randomUUID() });
    await second.journal.begin(unstarted, { local: 'bbbbbbbb', run: 'the-run' });
    expect(await second.call(start, { op })).toEqual({ v: 1, did: 'started', run });
    expect(second.host.count).toBe(0);
    expect(second.relayed.get(run)).toBe(local);
    expect(await second.prompts(local)).toEqual(['hello', 'more']);
    expect(await second.call({ do: 'prompt', run, text: 'more' }, { op: unsaid })).toMatchObject({
      problem: 'not_running',
    });
    await second.journal.begin(said, { local: 'cccccccc', run: randomUUID() });
    await second.call({ do: 'resume', run });
    expect(await second.call({ do: 'prompt', run, text: 'more' }, { op: said })).toEqual({ v: 1, did: 'yes' });
    expect(await second.prompts(local)).toEqual(['hello', 'more']);
    expect(await second.call(start, { op: unstarted })).toEqual({ v: 1, did: 'started', run: 'the-run' });
    expect(second.relayed.get('the-run')).toBe('bbbbbbbb');
  });

  it('is refused with its reason, and nothing is started', async () => {
    const { call, runs, host } = await rig();
    const none = randomUUID();
    for (const [wish, problem] of [
      [{ ...start, agent: '/bin/sh' }, 'no_such_agent'],
      [{ ...start, folder: top }, 'outside'],
      [{ ...start, folder: `${root}\u0000` }, 'no_such_folder'],
      [{ do: 'prompt', run: none, text: 'x' }, 'no_such_run'],
      [{ do: 'prompt', run: none, text: ' \n' }, 'bad_call'],
      [{ do: 'cancel', run: none }, 'no_such_run'],
      [{ do: 'mode', run: none, mode: 'x' }, 'no_such_run'],
      [{ do: 'end', run: none }, 'no_such_run'],
      [{ do: 'resume', run: none }, 'no_such_run'],
      [{ do: 'folders', path: '/etc' }, 'outside'],
    ] as const)
      expect(await call(wish), JSON.stringify(wish)).toMatchObject({ did: 'no', problem });
    expect(readdirSync(runs)).toEqual([]);
    expect(await call({ ...start, agent: 'broken' })).toMatchObject({
      problem: 'agent_failed',
      say: expect.stringContaining('no licence') as unknown,
    });
    expect(host.count).toBe(0);
  });

  it('ends, takes up and goes on; the ninth agent at once is one too many', async () => {
    const { call, host } = await rig();
    const runs = (await Promise.all(Array.from({ length: 8 }, () => call({ ...start, prompt: null })))).map(runOf);
    expect(new Set(runs).size).toBe(8);
    expect(await call(start)).toMatchObject({ problem: 'too_many_runs' });
    const [run = ''] = runs;
    expect(await call({ do: 'mode', run, mode: 'x' })).toMatchObject({ problem: 'no_such_mode' });
    expect(await call({ do: 'end', run })).toMatchObject({ did: 'yes' });
    expect(await call({ do: 'end', run })).toMatchObject({ problem: 'not_running' });
    expect(await call({ do: 'prompt', run, text: 'x' })).toMatchObject({ problem: 'not_running' });
    expect(await call({ do: 'resume', run })).toMatchObject({ did: 'yes' });
    expect(await call({ do: 'prompt', run, text: 'x' })).toMatchObject({ did: 'yes' });
    expect(host.count).toBe(8);
  });
});
