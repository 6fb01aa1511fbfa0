import { randomUUID } from 'node:crypto';
import type { AskEnd } from '@skerry/core/machine';
import type { AgentCall, AskContent, RunLine, RunMeta } from '@skerry/protocol/agents';
import { parts } from '@skerry/server';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PairedMachine } from './paired-machine.ts';
import { PersonDevice, salt } from './person-device.ts';

const { KeyedAccount, TestServer } = parts;

let server: parts.TestServer;
let ada: parts.KeyedAccount;
let laptop: PersonDevice;
let phone: PersonDevice;
let studio: PairedMachine;

beforeAll(async () => {
  server = await TestServer.start({ machines: true });
  ada = await KeyedAccount.withKey(server, 'ada');
  laptop = await PersonDevice.create(ada, ada.who);
  phone = await PersonDevice.create(ada);
  await ada.setDevices([laptop.device, phone.device]);
  studio = await PairedMachine.create(ada);
});
afterAll(() => server[Symbol.asyncDispose]());
afterEach(() => server.closeSockets());

const soon = (holds: () => unknown): Promise<unknown> => vi.waitFor(holds, { timeout: 8_000, interval: 20 });
const meta: RunMeta = {
  v: 1,
  kind: 'agent',
  title: 'Fix the parser',
  folder: '/home/ada/parser',
  agent: 'plain',
  branch: 'main',
  mode: null,
  modes: [],
};
const line = (text: string): RunLine => ({
  v: 1,
  at: 1,
  cut: false,
  entry: { kind: 'said', as: 'answer', text },
});
const permission = (): AskContent => ({
  v: 1,
  salt: salt(),
  kind: 'permission',
  folder: '/home/ada/parser',
  subject: { kind: 'command', command: 'rm', args: ['-r', 'build'], cwd: '/home/ada/parser', env: [] },
  choices: [
    { id: 'yes', name: 'Allow', kind: 'allow_once' },
    { id: 'no', name: 'Reject', kind: 'reject_once' },
  ],
  cut: false,
});

/** A link with a run, whose ends and calls are kept. */
async function working(machine = studio, lies?: Parameters<PairedMachine['start']>[0]) {
  const link = await machine.start(lies);
  const ends: AskEnd[] = [];
  const calls: { call: AgentCall; from: number }[] = [];
  link.onAskEnd((end) => {
    ends.push(end);
    return Promise.resolve();
  });
  link.onCall((call, from) => {
    calls.push({ call, from });
    return Promise.resolve({ v: 1, did: 'yes' });
  });
  const run = randomUUID();
  await link.createRun(run, meta);
  const opened = async (waitMs = 60_000): Promise<string> => {
    const id = randomUUID();
    await link.openAsk({ id, run, kind: 'permission', content: permission(), expiresAt: Date.now() + waitMs });
    return id;
  };
  return {
    link,
    ends,
    calls,
    run,
    opened,
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

const entriesOf = async (run: string) =>
  (await server.ask('runEntries', { token: laptop.device.accessToken, params: { runId: run }, query: { after: '0' } }))
    .entries;

describe('the link of a machine', () => {
  it('brings two devices the keys of what it says, which nobody else reads (M-13, M-14)', async () => {
    await using here = await working();
    const { link, run } = here;
    expect(await link.append(run, [{ id: randomUUID(), line: line('first') }])).toBe(1);
    await link.describe({ v: 1, root: '/home/ada', agents: [], recent: [] });
    for (const device of [laptop, phone]) {
      await soon(async () => {
        await device.takeKeys();
        expect([device.keysOf(null), device.keysOf(run)]).toEqual([[1], [1]]);
      });
      const [entry] = await entriesOf(run);
      const machine = studio.number;
      const place = { machine, body: { use: 'entry', run, entry: entry?.id ?? '' } } as const;
      expect(await device.open(entry?.body ?? '', place)).toMatchObject({ entry: { text: 'first' } });
      const elsewhere = { machine, body: { use: 'entry', run, entry: randomUUID() } } as const;
      await expect(device.open(entry?.body ?? '', elsewhere)).rejects.toThrow('no key');
      const { machines, runs } = await server.ask('machines', { token: device.device.accessToken });
      expect(await device.open(machines[0]?.info ?? '', { machine, body: { use: 'info' } })).toMatchObject({
        root: '/home/ada',
      });
      const kept = runs.find(({ id }) => id === run)?.meta ?? '';
      expect(await device.open(kept, { machine, body: { use: 'meta', run } })).toEqual(meta);
    }
  });

  it('keeps an entry once, however often it is sent, also over a restart and under a key that came since (M-9)', async () => {
    const ids = [randomUUID(), randomUUID()];
    const lines = ids.map((id, i) => ({ id, line: line(`line ${i}`) }));
    const run = randomUUID();
    {
      await using here = await working();
      await here.link.createRun(run, meta);
      expect(await here.link.append(run, lines)).toBe(2);
      expect(await here.link.append(run, lines)).toBe(2);
    }
    {
      await using link = await studio.start();
      const third = { id: randomUUID(), line: line('line 2') };
      expect(await link.append(run, [...lines, third])).toBe(3);
      expect(await link.append(run, lines)).toBe(3);
      expect(await link.append(run, [{ id: randomUUID(), line: line('line 3') }])).toBe(4);
    }
    const entries = await entriesOf(run);
    expect(entries.slice(0, 2).map(({ id }) => id)).toEqual(ids);
    expect(entries).toHaveLength(4);
  });
});
