import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { AgentRefusal, type AskView, type EntryId, type FleetMachines, type RunHandle } from '@skerry/core';
import type { RunContent } from '@skerry/protocol/agents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { eventually, until } from '../harness/watch.ts';
import { Keyed, ready } from '../sealed/keyed-member.ts';
import { AgentProgram, online, pairComputer, pidOf } from './agent-program.ts';
import { JsonRun, SKERRY } from './json-run.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-agent-'));
const config = path.join(top, 'config');
const root = path.join(top, 'root');
const boat = path.join(root, 'boat');
const CANARY = 'canary-of-the-hull';
let servers: SpawnedServer[] = [];
let ada: Keyed;
let machines: FleetMachines;
const entries: EntryId[] = [];
const numbers: number[] = [];
let daemon: AgentProgram;

beforeAll(async () => {
  mkdirSync(path.join(boat, '.git'), { recursive: true });
  const args = ['--client', 'none', '--machines', 'on'];
  servers = await Promise.all([SpawnedServer.start({ args }), SpawnedServer.start({ args })]);
  ada = await Keyed.create();
  for (const { origin, setupCode: code } of servers) {
    const as = { kind: 'registerByKey', username: 'ada', displayName: 'Ada', code, password: null } as const;
    const handle = await ada.member.join(origin, 'ada', { credentials: as });
    await ready(handle);
    entries.push(handle.id);
  }
  machines = await ada.member.client.machines();
  for (const [at, entry] of entries.entries())
    numbers.push(await pairComputer(machines, { entry, origin: servers[at]!.origin, config, label: 'studio' }));
  daemon = new AgentProgram({ config, root });
}, 60_000);
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await ada?.[Symbol.asyncDispose]();
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  rmSync(top, { recursive: true });
});

const place = (at: number) => ({ entry: entries[at]!, machine: numbers[at]! });
const contents = (run: RunHandle): readonly RunContent[] =>
  run.transcript.get().entries.flatMap(({ line }) => (line === null ? [] : [line.entry]));

async function told(run: RunHandle, fits: (all: readonly RunContent[]) => boolean): Promise<readonly RunContent[]> {
  await until(run.transcript, () => fits(contents(run)), 15_000);
  return contents(run);
}

async function asked(run: string): Promise<AskView> {
  // It is there before the run's key is.
  const fits = (one: AskView) => one.run === run && one.content !== null;
  const { asks } = await until(machines.view, (view) => view.asks.some(fits), 15_000);
  return asks.find(fits)!;
}

const logOf = (local: string): string => readFileSync(path.join(config, 'runs', local, 'log.jsonl'), 'utf8');
const turns = (all: readonly RunContent[]) => all.filter(({ kind }) => kind === 'turn').length;

describe('skerry agent', () => {
  it('is connected with each server, and says there what can be started (S2.25, M-13)', async () => {
    for (const [at, entry] of entries.entries()) {
      const { info, standing, name } = await online(machines, entry, numbers[at]!);
      expect(standing).toBe('ready');
      expect(name).toBe('studio');
      expect(info).toMatchObject({ root, agents: expect.arrayContaining([{ id: 'plain', name: 'plain' }]) as unknown });
    }
    expect(daemon.err).toBe('');
  });

  it('starts a run on the server that is called while the other is gone, changes a file after one approval, and the server has none of the text (S2.49)', async () => {
    await servers[0]?.kill();
    const listed = await machines.folders(place(1), null);
    expect(listed).toMatchObject({ path: root, parent: null, folders: [{ name: 'boat', repository: true }] });
    const prompt = `write hull.txt ${CANARY}`;
    const id = await machines.start(place(1), { agent: 'plain', folder: boat, mode: null, prompt });
    using run = machines.run(entries[1]!, id);
    const ask = await asked(id);
    expect(ask.entryId).toBe(entries[1]);
    expect(ask.content).toMatchObject({
      kind: 'permission',
      cut: false,
      subject: { kind: 'tool', writes: [{ path: path.join(boat, 'hull.txt'), before: null, after: CANARY }] },
    });
    expect(existsSync(path.join(boat, 'hull.txt'))).toBe(false);
    await machines.answer(ask, { choice: 'yes', text: null });
    const all = await told(run, (now) => turns(now) === 1);
    expect(readFileSync(path.join(boat, 'hull.txt'), 'utf8')).toBe(CANARY);
    expect(all.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['begun', 'prompt', 'asked', 'answered', 'wrote', 'said', 'turn']),
    );
    expect(all.find(({ kind }) => kind === 'answered')).toMatchObject({ ask: ask.id, choice: 'yes', by: 1 });
    const { closed } = await until(machines.view, (view) =>
      view.closed.some((one) => one.id === ask.id && one.takenAt !== null),
    );
    expect(closed.find((one) => one.id === ask.id)).toMatchObject({ state: 'answered', answer: { isThis: true } });
    await until(run.run, (now) => now?.state === 'idle' && now.meta?.title === prompt);
    for (const { data } of servers) {
      const files = readdirSync(data).filter((name) => /\.db(?:-wal)?$/.test(name));
      expect(files.length).toBeGreaterThan(0);
      for (const name of files) expect(readFileSync(path.join(data, name)).includes(CANARY), name).toBe(false);
    }
    await run.end();
    await until(run.run, (now) => now?.state === 'ended');
    await servers[0]?.start();
  });

  it('refuses what it must not do, each with its reason, and starts nothing', async () => {
    await online(machines, entries[0]!, numbers[0]!);
    const start = (change: object) =>
      machines
        .start(place(0), { agent: 'plain', folder: boat, mode: null, prompt: null, ...change })
        .catch((error: unknown) => (error instanceof AgentRefusal ? error.problem : error));
    expect(await start({ folder: top })).toBe('outside');
    expect(await start({ folder: path.join(boat, '../..') })).toBe('outside');
    expect(await start({ folder: path.join(boat, 'nowhere') })).toBe('no_such_folder');
    expect(await start({ agent: '/bin/sh' })).toBe('no_such_agent');
    expect(await start({ agent: 'plain\u0007' })).toBe('no_such_agent');
    expect(machines.view.get().runs.filter(({ entryId }) => entryId === entries[0])).toEqual([]);
  });

  it('goes on after a kill -9 in the middle: the run is cut, what was asked is over, and it can be taken up (T19, M-9)', async () => {
    const id = await machines.start(place(0), { agent: 'plain', folder: boat, mode: 'ask', prompt: 'count 5' });
    using run = machines.run(entries[0]!, id);
    await told(run, (now) => turns(now) === 1);
    await run.prompt('write never.txt x');
    const ask = await asked(id);
    await daemon.kill();
    daemon = new AgentProgram({ config, root });
    const all = await told(run, (now) => now.some((one) => one.kind === 'ended' && one.why === 'cut'));
    expect(all.findLast(({ kind }) => kind === 'answered')).toMatchObject({ ask: ask.id, choice: null, by: null });
    await until(run.run, (now) => now?.state === 'ended' && now.asks === 0);
    await until(machines.view, ({ closed }) => closed.some((one) => one.id === ask.id && one.state === 'cancelled'));
    expect(existsSync(path.join(boat, 'never.txt'))).toBe(false);
    await online(machines, entries[0]!, numbers[0]!);
    expect(await run.prompt('too late').catch((error: unknown) => error)).toMatchObject({ problem: 'not_running' });
    await run.resume();
    await told(run, (now) => now.some((one) => one.kind === 'begun' && one.start === 'loaded'));
    await run.prompt('heard');
    const heard = await told(run, (now) => turns(now) === 2);
    const said = heard.map((one) => (one.kind === 'said' ? one.text : '')).join('');
    expect(said).toContain('count 5|write never.txt x|heard');
    // Each entry of the log once, in the order of the log.
    const local = readdirSync(path.join(config, 'runs')).find((name) => logOf(name).includes('write never.txt x'));
    const kept = logOf(local ?? '')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    const got = run.transcript.get().entries.map(({ id: entry }) => entry);
    expect(got).toEqual(kept.filter((entry) => got.includes(entry)));
    expect(new Set(got).size).toBe(got.length);
    await run.end();
  });

  it('takes what an agent asks by MCP to its own server alone, and the first answer back; time-outs and answers here show there (S1.22, S1.29)', async () => {
    const args = [SKERRY, 'mcp', '--config', config, '--server', servers[1]!.origin];
    const client = new Client({ name: 'a-test', version: '1' });
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' }));
    const ask = async (question: string, more: object = {}) =>
      (
        (await client.callTool({ name: 'ask_question', arguments: { question, project_folder: boat, ...more } })) as {
          structuredContent?: unknown;
        }
      ).structuredContent;
    const shown = async (text: string): Promise<AskView> => {
      const fits = ({ content }: AskView) => content !== null && content.kind !== 'permission' && content.text === text;
      const { asks } = await until(machines.view, (view) => view.asks.some(fits));
      return asks.find(fits)!;
    };
    const first = ask('Which port?', { choices: ['4400', '4401'], agent_name: 'Mate' });
    const question = await shown('Which port?');
    expect(question).toMatchObject({ entryId: entries[1], kind: 'question', content: { agent: 'Mate', folder: boat } });
    await machines.answer(question, { choice: '4401', text: 'as ever' });
    expect(await first).toMatchObject({ ask_id: question.id, state: 'answered', choice: '4401', text: 'as ever' });
    await until(machines.view, ({ closed }) => closed.some((one) => one.id === question.id && one.takenAt !== null));

    const second = ask('And now?');
    const here = await shown('And now?');
    spawnSync(process.execPath, [SKERRY, 'answer', '--config', config, '--ask', here.id, '--text', 'from here']);
    const at = Date.now();
    await until(machines.view, ({ closed }) => closed.some((one) => one.id === here.id && one.state === 'cancelled'));
    expect(Date.now() - at).toBeLessThan(1_000);
    expect(await second).toMatchObject({ state: 'answered', text: 'from here' });
    // Later ones of the same project and agent are in the same run.
    const third = ask('Anybody?', { timeout_seconds: 3 });
    const late = await shown('Anybody?');
    expect(late.run).toBe(here.run);
    expect(await third).toMatchObject({ state: 'expired' });
    await until(machines.view, ({ closed }) => closed.some((one) => one.id === late.id && one.state === 'expired'));
    expect(Date.now()).toBeLessThan(late.expiresAt + 1_000);
    expect(machines.view.get().asks.filter(({ entryId }) => entryId === entries[0])).toEqual([]);
    await client.close();
  });

  it('relays a run of a terminal when it is told to, and takes an answer from afar to it', async () => {
    await using own = new JsonRun({ config, flags: ['--folder', boat, '--server', servers[0]!.origin] });
    await own.kind('begun');
    await eventually('it says so', () => own.err.includes('It is relayed by skerry agent'));
    own.say({ prompt: 'write mast.txt pine' });
    const { id } = (await own.kind('asked')).entry['ask'] as { id: string };
    const fits = (one: AskView) => one.id === id && one.content !== null;
    const { asks } = await until(machines.view, (view) => view.asks.some(fits));
    await machines.answer(asks.find(fits)!, { choice: 'yes', text: null });
    expect((await own.kind('answered')).entry).toMatchObject({ ask: id, choice: 'yes', by: 1 });
    await own.kind('turn');
    expect(readFileSync(path.join(boat, 'mast.txt'), 'utf8')).toBe('pine');
    await until(machines.view, ({ closed }) => closed.some((one) => one.id === id && one.takenAt !== null));
    // What is answered here first is over there, and nobody is said to have answered.
    own.say({ prompt: 'write mast.txt oak' });
    const second = (
      (await own.find(({ entry }) => entry.kind === 'asked' && (entry['ask'] as { id: string }).id !== id)).entry[
        'ask'
      ] as { id: string }
    ).id;
    await until(machines.view, (view) => view.asks.some((one) => one.id === second));
    own.say({ answer: { ask: second, choice: 'no' } });
    await until(machines.view, ({ closed }) => closed.some((one) => one.id === second && one.state === 'cancelled'));
    expect(await own.close()).toBe(0);
    const run = machines.view.get().closed.find((one) => one.id === id)?.run;
    await until(machines.view, ({ runs }) => runs.some((one) => one.id === run && one.state === 'ended'));
  });

  it('is in the status, and lets go of a server that is logged out while the other goes on; a second one is refused', async () => {
    const skerry = (...argv: string[]) =>
      spawnSync(process.execPath, [SKERRY, ...argv, '--config', config], { encoding: 'utf8' });
    expect(JSON.parse(skerry('status', '--json').stdout)).toMatchObject({
      daemon: { pid: pidOf(config), servers: [{ state: 'live' }, { state: 'live' }] },
    });
    expect(skerry('agent', '--root', root)).toMatchObject({
      status: 1,
      stderr: `Another skerry agent is running with ${config}.\n`,
    });
    expect(skerry('logout', '--server', servers[0]!.origin).status).toBe(0);
    await eventually('it is gone', () =>
      daemon.events.some(({ event, origin }) => event === 'gone' && origin === servers[0]!.origin),
    );
    await until(machines.view, (view) =>
      view.machines.some(({ entryId, online: on }) => entryId === entries[0] && on === false),
    );
    expect(await machines.folders(place(1), boat)).toMatchObject({ path: boat });
    expect(await daemon.kill('SIGTERM')).toBe(0);
    expect(existsSync(path.join(config, 'agent', 'state.json'))).toBe(false);
  });
});
