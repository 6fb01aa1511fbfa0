import { randomBytes } from 'node:crypto';
import { MACHINE_LIMITS, MACHINE_TIMES, type CommandId, type Down } from '@skerry/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KeyedAccount } from '../testing/keyed-account.ts';
import type { SocketClient } from '../testing/socket-client.ts';
import { TestMachine } from '../testing/test-machine.ts';
import { freshId, TestServer } from '../testing/test-server.ts';
import { Live, type Endpoint } from './live.ts';

let server: TestServer;
let ada: KeyedAccount;
let ben: KeyedAccount;
let machine: TestMachine;
let run: CommandId;

beforeAll(async () => {
  server = await TestServer.start({ machines: true });
  ada = await KeyedAccount.create(server, 'ada');
  ben = await KeyedAccount.create(server, 'ben');
  machine = await TestMachine.paired(ada);
  run = freshId();
  await machine.run({ kind: 'run.create', meta: 'AA' }, run);
});
afterAll(() => server[Symbol.asyncDispose]());

afterEach(() => server.closeSockets());
const connect: TestServer['connect'] = (...who) => server.connect(...who);
const failed = (socket: SocketClient, id: string) =>
  socket
    .until((frame) => frame.t === 'fail' && frame.id === id)
    .then((frame) => (frame.t === 'fail' ? frame.error.code : ''));

describe('calls between a person’s devices and their machines (M-12)', () => {
  it('reach the machine that is named, are acknowledged, and are answered in as many parts as it likes', async () => {
    const [phone, box] = [await connect(ada), await connect(machine)];
    await phone.until((frame) => frame.t === 'machines' && frame.machines.some(([, here]) => here));
    const id = freshId();
    phone.send({ t: 'rpc', id, to: machine.number, body: 'cXVlc3Rpb24' });
    expect(await box.next('rpc')).toEqual({ t: 'rpc', id, from: ada.device.number, body: 'cXVlc3Rpb24' });
    await phone.next('rpc_ack');
    box.send({ t: 'rpc_answer', id, to: ada.device.number, body: 'b25l', more: true });
    box.send({ t: 'rpc_answer', id, to: ada.device.number, body: 'dHdv', more: false });
    await phone.until((frame) => frame.t === 'rpc_answer' && !frame.more);
    const answers = phone.frames.filter((frame) => frame.t === 'rpc_answer');
    expect(answers.map((frame) => [frame.from, frame.body, frame.more])).toEqual([
      [machine.number, 'b25l', true],
      [machine.number, 'dHdv', false],
    ]);
    // Nobody waits any more.
    box.send({ t: 'rpc_answer', id, to: ada.device.number, body: 'dHJlZQ', more: false });
    expect(await failed(box, id)).toBe('not_found');
  });

  it('say at once when the machine is not there, or goes before it answered', async () => {
    const phone = await connect(ada);
    const early = freshId();
    phone.send({ t: 'rpc', id: early, to: machine.number, body: '' });
    expect(await failed(phone, early)).toBe('machine_offline');
    const box = await connect(machine);
    const id = freshId();
    phone.send({ t: 'rpc', id, to: machine.number, body: '' });
    await box.next('rpc');
    box[Symbol.dispose]();
    expect(await failed(phone, id)).toBe('machine_offline');
    await phone.until((frame) => frame.t === 'machines' && !frame.full && frame.machines.some(([, here]) => !here));
    expect((await server.ask('machines', { token: ada.accessToken })).online).toEqual([]);
  });

  it('reach nobody else’s machine, and come from no machine and no unbound session', async () => {
    const [stranger, box, unbound] = [await connect(ben), await connect(machine), await connect(await ada.signIn())];
    const ids = [freshId(), freshId(), freshId()] as const;
    stranger.send({ t: 'rpc', id: ids[0], to: machine.number, body: '' });
    box.send({ t: 'rpc', id: ids[1], to: machine.number, body: '' });
    unbound.send({ t: 'rpc', id: ids[2], to: machine.number, body: '' });
    expect(await failed(stranger, ids[0])).toBe('machine_offline');
    expect(await failed(box, ids[1])).toBe('no_device');
    expect(await failed(unbound, ids[2])).toBe('no_device');
    stranger.send({ t: 'rpc_answer', id: ids[0], to: 1, body: '', more: false });
    expect(box.frames.some(({ t }) => t === 'rpc')).toBe(false);
    expect(stranger.frames.some(({ t }) => t === 'machines' || t === 'run_heads')).toBe(false);
  });
});

describe('who is connected and how far runs reach', () => {
  it('is told to whoever comes and to whoever is there, and to no other account', async () => {
    const entry = () => ({ id: freshId(), body: randomBytes(8).toString('base64url') });
    await machine.run({ kind: 'run.append', run, entries: [entry(), entry()] });
    const stranger = await connect(ben);
    const phone = await connect(ada);
    expect((await phone.next('run_heads')).heads).toContainEqual([run, 2]);
    const box = await connect(machine);
    expect(await box.next('run_heads')).toBeDefined();
    await phone.until((frame) => frame.t === 'machines' && frame.machines[0]?.[0] === machine.number);
    expect((await server.ask('machines', { token: ada.accessToken })).online).toEqual([machine.number]);
    await box.run({ kind: 'run.append', run, entries: [entry()] });
    await phone.until((frame) => frame.t === 'run_heads' && frame.heads.some(([id, n]) => id === run && n === 3));
    expect(stranger.frames.some(({ t }) => t === 'machines' || t === 'run_heads')).toBe(false);
  });
});

describe('calls on their own', () => {
  let now = 0;
  let live: Live;
  let said: Record<'phone' | 'box', Down[]>;
  let phone: Endpoint;
  let box: Endpoint;
  beforeEach(() => {
    now = 1_000;
    said = { phone: [], box: [] };
    live = new Live({ now: () => now, later: (act) => act() });
    const account = ada.id;
    phone = { account, device: 1, isMachine: false, send: (frame) => said.phone.push(frame) };
    box = { account, device: 2, isMachine: true, send: (frame) => said.box.push(frame) };
    live.come(phone);
    live.come(box);
  });
  const failures = () => said.phone.flatMap((frame) => (frame.t === 'fail' ? [frame.error.code] : []));

  it('end when nobody answered for half a minute, each part beginning a new one', () => {
    const id = freshId();
    live.call(phone, { id, to: 2, body: '' });
    now += MACHINE_TIMES.rpcMs - 1;
    live.tick(phone, now);
    live.answer(box, { id, to: 1, body: '', more: true });
    now += MACHINE_TIMES.rpcMs - 1;
    live.tick(phone, now);
    expect(failures()).toEqual([]);
    now += 1;
    live.tick(phone, now);
    expect(failures()).toEqual(['timed_out']);
    expect(() => live.answer(box, { id, to: 1, body: '', more: false })).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    );
  });

  it('are limited in number, each id once, and forgotten with their socket', () => {
    const first = freshId();
    live.call(phone, { id: first, to: 2, body: '' });
    expect(() => live.call(phone, { id: first, to: 2, body: '' })).toThrow(
      expect.objectContaining({ code: 'id_conflict' }),
    );
    for (let i = 1; i < MACHINE_LIMITS.rpcWaiting; i++) live.call(phone, { id: freshId(), to: 2, body: '' });
    expect(() => live.call(phone, { id: freshId(), to: 2, body: '' })).toThrow(
      expect.objectContaining({ code: 'rate_limited' }),
    );
    live.leave(phone);
    expect(() => live.answer(box, { id: first, to: 1, body: '', more: false })).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    );
    live.leave(box);
    expect(live.online(ada.id)).toEqual([]);
    expect(failures()).toEqual([]);
  });

  it('a head that was reached while somebody came is not missed', () => {
    live.grown(ada.id, run, 9);
    expect(live.opening(ada.id, [[run, 7]])).toContainEqual({ t: 'run_heads', heads: [[run, 9]] });
    expect(live.opening(ada.id, [[run, 11]])).toContainEqual({ t: 'run_heads', heads: [[run, 11]] });
  });
});
