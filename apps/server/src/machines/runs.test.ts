import { randomBytes, createHash } from 'node:crypto';
import { type Command, MACHINE_LIMITS, machinesItem, type MachinesItem, type Run } from '@skerry/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KeyedAccount } from '../testing/keyed-account.ts';
import type { SocketClient } from '../testing/socket-client.ts';
import { TestMachine } from '../testing/test-machine.ts';
import { freshId, TestServer } from '../testing/test-server.ts';

let server: TestServer;
let ada: KeyedAccount;
let ben: KeyedAccount;
let machine: TestMachine;
let other: TestMachine;
let bens: TestMachine;

beforeAll(async () => {
  server = await TestServer.start({ machines: true });
  ada = await KeyedAccount.create(server, 'ada');
  ben = await KeyedAccount.create(server, 'ben');
  machine = await TestMachine.paired(ada);
  other = await TestMachine.paired(ada);
  bens = await TestMachine.paired(ben);
});
afterAll(() => server[Symbol.asyncDispose]());

afterEach(() => server.closeSockets());
const connect: TestServer['connect'] = (...who) => server.connect(...who);
const itemsOf = (socket: SocketClient): MachinesItem[] =>
  socket.events.flatMap((event) => (event.kind === 'machines' ? [machinesItem.parse(event.item)] : []));
const runsOf = (socket: SocketClient): Run[] =>
  itemsOf(socket).flatMap((item) => (item.kind === 'run' ? [item.run] : []));
const cipher = (bytes = 20): string => randomBytes(bytes).toString('base64url');
const digest = (): string => createHash('sha256').update(randomBytes(8)).digest('base64url');
const entry = (body = cipher()) => ({ id: freshId(), body });
async function newRun(by = machine): Promise<string> {
  const id = freshId();
  expect((await by.run({ kind: 'run.create', meta: cipher() }, id)).status).toBe(200);
  return id;
}
const append = (run: string, entries: { id: string; body: string }[], by = machine, id = freshId()) =>
  by.run({ kind: 'run.append', run, entries }, id);
const page = (run: string, query: Record<string, string>, who: { accessToken: string } = ada) =>
  server.ask('runEntries', { token: who.accessToken, params: { runId: run }, query });

describe('a run (M-9)', () => {
  it('counts its entries from 1 without a gap, keeps each once, and gives them by range', async () => {
    const run = await newRun();
    const all = Array.from({ length: 7 }, () => entry());
    expect((await append(run, all.slice(0, 3))).body).toEqual({ seq: 0, n: 3 });
    // What the machine is not sure of it sends again, with what is new, in one command or another.
    expect((await append(run, all.slice(1, 5))).body).toEqual({ seq: 0, n: 5 });
    const id = freshId();
    const same = [all[4], all[5], all[5], all[6]].flatMap((one) => one ?? []);
    expect((await append(run, same, machine, id)).body).toEqual({ seq: 0, n: 7 });
    expect((await append(run, same, machine, id)).body).toEqual({ seq: 0, n: 7 });
    const whole = await page(run, { after: '0' });
    expect(whole.entries.map(({ n, id: entryId, body }) => ({ n, id: entryId, body }))).toEqual(
      all.map((one, i) => ({ n: i + 1, ...one })),
    );
    expect(whole).toMatchObject({ head: 7, more: false });
    expect((await page(run, { after: '2', limit: '2' })).entries.map(({ n }) => n)).toEqual([3, 4]);
    const last = await page(run, { limit: '3' });
    expect([last.entries.map(({ n }) => n), last.more]).toEqual([[5, 6, 7], true]);
    expect((await page(run, { before: '3' })).entries.map(({ n }) => n)).toEqual([1, 2]);
  });

  it('refuses an entry with the id of another, and then keeps none of that command', async () => {
    const run = await newRun();
    const first = entry();
    await append(run, [first]);
    expect((await append(run, [entry(), { ...first, body: cipher() }])).code).toBe('id_conflict');
    const twice = freshId();
    expect(
      (
        await append(run, [
          { id: twice, body: cipher() },
          { id: twice, body: cipher() },
        ])
      ).code,
    ).toBe('id_conflict');
    expect((await page(run, {})).head).toBe(1);
  });

  it('keeps every entry once though a hundred commands race with the same ones', async () => {
    const run = await newRun();
    const all = Array.from({ length: 40 }, () => entry());
    await Promise.all(Array.from({ length: 100 }, (_, i) => append(run, all.slice(i % 30, (i % 30) + 11))));
    const { entries, head } = await page(run, { after: '0' });
    expect(head).toBe(40);
    expect(entries.map(({ n }) => n)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(new Set(entries.map(({ id }) => id)).size).toBe(40);
  });

  it('tells the person’s devices how it stands, and the log does not grow with each entry', async () => {
    const socket = await connect(ada);
    const run = await newRun();
    for (let i = 0; i < 20; i++) await append(run, [entry()]);
    const set = await machine.run({ kind: 'run.set', run, state: 'idle', meta: null });
    await socket.marked(set.body.seq);
    const told = runsOf(socket).filter(({ id }) => id === run);
    expect(told.at(-1)).toMatchObject({ state: 'idle', head: 20, machine: machine.number });
    expect(told).toHaveLength(2);
    expect((await machine.run({ kind: 'run.set', run, state: 'idle', meta: null })).body).toEqual({ seq: 0, n: 0 });
  });

  it('belongs to its machine and its person: to nobody else it does not exist', async () => {
    const run = await newRun();
    await append(run, [entry()]);
    for (const by of [other, bens]) {
      expect((await append(run, [entry()], by)).code).toBe('not_found');
      expect((await by.run({ kind: 'run.set', run, state: 'ended', meta: null })).code).toBe('not_found');
      const ask = { kind: 'ask.open', run, ask: 'question', digest: digest(), body: '' } as const;
      expect((await by.run({ ...ask, expiresAt: Date.now() + 60_000 })).code).toBe('not_found');
    }
    const stranger = { kind: 'run.append', run, entries: [entry()] } as Command;
    expect((await server.run(ada, stranger)).code).toBe('no_device');
    expect((await server.run(ada, { kind: 'run.create', meta: cipher() })).code).toBe('no_device');
    for (const route of ['run', 'runEntries'] as const)
      expect((await server.call(route, { token: ben.accessToken, params: { runId: run } })).code).toBe('not_found');
    expect((await server.run(ben, { kind: 'run.erase', run })).code).toBe('not_found');
    expect((await server.ask('machines', { token: ben.accessToken })).runs).toEqual([]);
    expect((await bens.run({ kind: 'run.create', meta: cipher() }, run as never)).code).toBe('id_conflict');
  });

  it('is erased by its person, with all that was said and asked; the shell stays', async () => {
    const socket = await connect(ada);
    const run = await newRun();
    await append(run, [entry(), entry()]);
    const ask = freshId();
    const asked = { kind: 'ask.open', run, ask: 'question', digest: digest(), body: cipher() } as const;
    await machine.run({ ...asked, expiresAt: Date.now() + 60_000 }, ask);
    expect((await machine.run({ kind: 'run.erase', run })).code).toBe('forbidden');
    const erased = await server.run(ada, { kind: 'run.erase', run });
    expect(erased.status).toBe(200);
    expect((await server.run(ada, { kind: 'run.erase', run })).body).toEqual({ seq: 0, n: 0 });
    expect((await page(run, {})).entries).toEqual([]);
    expect(await server.ask('run', { token: ada.accessToken, params: { runId: run } })).toMatchObject({
      erased: true,
      meta: null,
      state: 'ended',
      head: 2,
    });
    expect(await server.ask('ask', { token: ada.accessToken, params: { askId: ask } })).toMatchObject({
      state: 'cancelled',
      body: null,
    });
    expect((await append(run, [entry()])).code).toBe('not_found');
    await socket.marked(erased.body.seq);
    expect(runsOf(socket).at(-1)).toMatchObject({ id: run, erased: true });
  });

  it('is over when its machine is taken away, and so is what it asked (M-8)', async () => {
    const late = await TestMachine.paired(ben);
    const run = await newRun(late);
    const ask = freshId();
    const asked = { kind: 'ask.open', run, ask: 'permission', digest: digest(), body: cipher() } as const;
    await late.run({ ...asked, expiresAt: Date.now() + 60_000 }, ask);
    await ben.setDevices(ben.devices, ben.key, { machines: [bens.listed()] });
    const { runs, asks } = await server.ask('machines', { token: ben.accessToken });
    expect(runs.find(({ id }) => id === run)?.state).toBe('failed');
    expect(asks.find(({ id }) => id === ask)?.state).toBe('cancelled');
  });

  it.each([
    ['no entries', () => ({ entries: [] })],
    ['too many', () => ({ entries: Array.from({ length: MACHINE_LIMITS.entriesPerAppend + 1 }, () => entry()) })],
    ['an empty one', () => ({ entries: [entry('')] })],
    ['one too large', () => ({ entries: [entry('A'.repeat(54_615))] })],
    ['text that is not encoded', () => ({ entries: [entry('not encoded!')] })],
    ['an id that is none', () => ({ entries: [{ id: 'x', body: 'AA' }] })],
  ])('refuses %s', async (_what, wrong) => {
    const run = await newRun();
    const command = { kind: 'run.append', run, ...wrong() } as Command;
    const { status, code } = await machine.run(command);
    expect([status, code]).toEqual([400, 'bad_request']);
    expect((await page(run, {})).head).toBe(0);
  });

  it('gives no answer larger than it should be, and every entry in turn', async () => {
    const run = await newRun();
    const large = Array.from({ length: 20 }, () => entry(cipher(40 * 1024)));
    for (let i = 0; i < 20; i += 10) expect((await append(run, large.slice(i, i + 10))).status).toBe(200);
    const seen: string[] = [];
    for (let more = true; more;) {
      const got = await page(run, { after: String(seen.length) });
      expect(JSON.stringify(got).length).toBeLessThan(700 * 1024);
      seen.push(...got.entries.map(({ id }) => id));
      more = got.more;
    }
    expect(seen).toEqual(large.map(({ id }) => id));
  });

  it('that is over is listed with those before it', async () => {
    const runs: string[] = [];
    for (let i = 0; i < 3; i++) {
      const run = await newRun(bens);
      runs.push(run);
      await bens.run({ kind: 'run.set', run, state: 'ended', meta: null });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const token = ben.accessToken;
    const first = await server.ask('runs', { token, query: { limit: '2' } });
    expect([first.runs.map(({ id }) => id), first.more]).toEqual([runs.slice(1).reverse(), true]);
    const before = String(first.runs.at(-1)?.startedAt);
    const next = await server.ask('runs', { token, query: { before, limit: '1' } });
    expect(next.runs.map(({ id }) => id)).toEqual([runs[0]]);
  });
});
