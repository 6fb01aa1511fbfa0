import { createHash, randomBytes } from 'node:crypto';
import { type Answer, type Command, encodeAskAnswer, machinesItem, type CommandId } from '@skerry/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KeyedAccount, SigningKey, type TestDevice } from '../testing/keyed-account.ts';
import type { SocketClient } from '../testing/socket-client.ts';
import { TestMachine } from '../testing/test-machine.ts';
import { freshId, TestServer } from '../testing/test-server.ts';

let server: TestServer;
let ada: KeyedAccount;
let phone: TestDevice;
let ben: KeyedAccount;
let machine: TestMachine;
let run: CommandId;

beforeAll(async () => {
  server = await TestServer.start({ machines: true });
  ada = await KeyedAccount.create(server, 'ada');
  phone = await ada.addDevice(await ada.signIn('Phone'));
  await ada.setDevices([ada.device, phone]);
  ben = await KeyedAccount.create(server, 'ben');
  machine = await TestMachine.paired(ada);
  run = freshId();
  await machine.run({ kind: 'run.create', meta: 'AA' }, run);
});
afterAll(() => server[Symbol.asyncDispose]());

afterEach(() => server.closeSockets());
const connect: TestServer['connect'] = (...who) => server.connect(...who);
const statesOf = (socket: SocketClient, id: string): string[] =>
  socket.events.flatMap((event) => {
    const item = event.kind === 'machines' ? machinesItem.parse(event.item) : undefined;
    return item?.kind === 'ask' && item.ask.id === id ? [item.ask.state] : [];
  });
const digest = (): string => createHash('sha256').update(randomBytes(8)).digest('base64url');

type Asked = { id: CommandId; digest: string; expiresAt: number; run: CommandId };
const asked = (waitMs: number, of = run): Asked => ({
  id: freshId(),
  digest: digest(),
  expiresAt: Date.now() + waitMs,
  run: of,
});
const opening = ({ id: _id, ...said }: Asked): Command => ({
  kind: 'ask.open',
  ask: 'permission',
  body: 'AAAA',
  ...said,
});
async function opened(waitMs = 60_000, by = machine, of = run): Promise<Asked> {
  const made = asked(waitMs, of);
  expect((await by.run(opening(made), made.id)).status).toBe(200);
  return made;
}

/** Sends commands without waiting for those before. @returns `ok`, or the code of the refusal */
async function pipe(opens: Promise<SocketClient>): Promise<(command: Command, id: CommandId) => Promise<string>> {
  const { socket } = await opens;
  const waiting = new Map<string, (said: string) => void>();
  socket.on('message', (data) => {
    const frame = JSON.parse((data as Buffer).toString('utf8')) as { t: string; id: string; error?: { code: string } };
    if (frame.t === 'ok' || frame.t === 'fail') waiting.get(frame.id)?.(frame.error?.code ?? 'ok');
  });
  return (command, id) =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ t: 'cmd', id, command }));
    });
}

type Signed = Parameters<typeof encodeAskAnswer>[0];
/** An answer of a device. What is given is signed instead of what is true. */
function answer(asked: Asked, by: TestDevice, signed: Partial<Signed> = {}, key: SigningKey = by.key): Command {
  const said = { ask: asked.id, digest: asked.digest, decision: digest(), expiresAt: asked.expiresAt };
  const place = { serverId: server.running.serverId, account: ada.id, machine: machine.number, run: asked.run };
  const bytes = encodeAskAnswer({ ...place, ...said, device: by.number, ...signed });
  return { kind: 'ask.answer', ...said, body: 'BBBB', signature: key.sign(bytes) };
}
const give = (asked: Asked, by: TestDevice) => server.run(by, answer(asked, by));
const askOf = (id: string, who: { accessToken: string } = ada): Promise<Answer<'ask'>> =>
  server.ask('ask', { token: who.accessToken, params: { askId: id } });

describe('an ask (M-10)', () => {
  it('is answered once: who comes later is told whose answer counts, and all devices see it', async () => {
    const [seesIt, machineSees] = [await connect(phone), await connect(machine)];
    const made = await opened();
    const command = answer(made, ada.device);
    const id = freshId();
    const first = await server.run(ada, command, id);
    expect(first.status).toBe(200);
    // The same bytes again are the same answer; another is late, of the same device as well.
    expect((await server.run(ada, command, id)).body).toEqual(first.body);
    expect((await give(made, ada.device)).code).toBe('ask_closed');
    const late = await give(made, phone);
    expect([late.status, late.code]).toEqual([409, 'ask_closed']);
    expect((late.body as unknown as { error: { message: string } }).error.message).toMatch(
      /^This was answered on Test at /,
    );
    await Promise.all([seesIt.marked(first.body.seq), machineSees.marked(first.body.seq)]);
    expect(statesOf(seesIt, made.id)).toEqual(['open', 'answered']);
    expect(statesOf(machineSees, made.id)).toEqual(['open', 'answered']);
    const {
      kind: _kind,
      ask: _ask,
      digest: _digest,
      expiresAt: _expiresAt,
      ...kept
    } = command as Command & { kind: 'ask.answer' };
    expect(await askOf(made.id)).toMatchObject({ answer: { device: 1, ...kept }, takenAt: null });
    expect((await machine.run({ kind: 'ask.taken', ask: made.id })).status).toBe(200);
    expect((await machine.run({ kind: 'ask.taken', ask: made.id })).body).toEqual({ seq: 0, n: 0 });
    expect((await askOf(made.id)).takenAt).toBeGreaterThan(0);
  });

  it('has exactly one winner in a thousand races of two devices, and it is the one that was told so', async () => {
    const runs = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const id = freshId();
        await machine.run({ kind: 'run.create', meta: 'AA' }, id);
        return id;
      }),
    );
    const [asking, first, second] = await Promise.all([connect(machine), connect(ada), connect(phone)].map(pipe));
    if (asking === undefined || first === undefined || second === undefined) throw new Error('three sockets');
    const winners = new Map<string, number | undefined>();
    let checked = 0;
    for (let races = 0; races < 1_000; races += 10) {
      const asks = Array.from({ length: 10 }, (_, i) => asked(600_000, runs[i % 4]));
      await Promise.all(asks.map((one) => asking(opening(one), one.id)));
      const tries = asks.flatMap((one) => [
        { one, by: ada.device, send: first },
        { one, by: phone, send: second },
      ]);
      // In an order of its own each time; both sockets are written to before either answers.
      const order = tries.map((each) => ({ each, at: randomBytes(4).readUInt32BE() })).sort((a, b) => a.at - b.at);
      const told = await Promise.all(
        order.map(async ({ each: { one, by, send } }) => ({ one, by, said: await send(answer(one, by), freshId()) })),
      );
      for (const one of asks) {
        const of = told.filter((each) => each.one === one);
        expect(of.map(({ said }) => said).sort()).toEqual(['ask_closed', 'ok']);
        winners.set(one.id, of.find(({ said }) => said === 'ok')?.by.number);
      }
      if (races % 200 !== 190) continue;
      const { asks: kept } = await server.ask('machines', { token: machine.accessToken });
      for (const { id, state, answer: won } of kept)
        if (state === 'answered' && winners.has(id)) expect(won?.device).toBe(winners.get(id));
      checked += kept.filter(({ id, state }) => state === 'answered' && winners.has(id)).length;
    }
    expect(checked).toBe(1_000);
  }, 60_000);

  it('takes no answer that was signed for anything else, or by anybody else (M-11, T18, T19)', async () => {
    const made = await opened();
    const wrong: Partial<Signed>[] = [
      { serverId: freshId() },
      { account: ben.id },
      { machine: 99 },
      { run: freshId() },
      { ask: freshId() },
      { digest: digest() },
      { decision: digest() },
      { expiresAt: made.expiresAt + 1 },
      { device: phone.number },
    ];
    for (const signed of wrong)
      expect([signed, (await server.run(ada, answer(made, ada.device, signed))).code]).toEqual([signed, 'bad_request']);
    expect((await server.run(ada, answer(made, ada.device, {}, new SigningKey()))).code).toBe('bad_request');
    expect((await server.run(ada, answer(made, ada.device, {}, phone.key))).code).toBe('bad_request');
    // An answer to another ask, sent for this one.
    const other = await opened();
    const good = answer(other, ada.device) as Command & { kind: 'ask.answer' };
    expect((await server.run(ada, { ...good, ask: made.id })).code).toBe('bad_request');
    expect((await server.run(ada, { ...good, ask: made.id, digest: made.digest })).code).toBe('bad_request');
    expect(await askOf(made.id)).toMatchObject({ state: 'open', answer: null });
    expect((await give(made, phone)).status).toBe(200);
  });

  it('is answered by a listed device of its person, and by no machine', async () => {
    const made = await opened();
    expect((await machine.run(answer(made, ada.device))).code).toBe('forbidden');
    const unlisted = await ada.addDevice();
    ada.devices.pop();
    expect((await server.run(unlisted, answer(made, unlisted))).code).toBe('no_device');
    expect((await server.run(ben, answer(made, ben.device))).code).toBe('not_found');
    expect((await server.call('ask', { token: ben.accessToken, params: { askId: made.id } })).code).toBe('not_found');
    expect((await server.run(ben, { kind: 'ask.expire', ask: made.id })).code).toBe('not_found');
  });

  it('expires by itself within a second of its time, for every device, and takes no answer after', async () => {
    const socket = await connect(phone);
    const made = await opened(1_200);
    expect((await server.run(ada, { kind: 'ask.expire', ask: made.id })).code).toBe('bad_request');
    await socket.until(() => statesOf(socket, made.id).includes('expired'), 4_000);
    expect(Date.now() - made.expiresAt).toBeLessThan(1_500);
    const late = await give(made, ada.device);
    expect([late.code, (await askOf(made.id)).answer]).toEqual(['ask_closed', null]);
    expect((await server.run(ada, { kind: 'ask.expire', ask: made.id })).body).toEqual({ seq: 0, n: 0 });
    expect((await machine.run({ kind: 'ask.cancel', ask: made.id })).code).toBe('ask_closed');
  });

  it('that was due while the server was down expires when it comes back', async () => {
    await using lone = await TestServer.start({ machines: true });
    const cat = await KeyedAccount.create(lone, 'cat');
    const box = await TestMachine.paired(cat);
    const id = freshId();
    await box.run({ kind: 'run.create', meta: 'AA' }, id);
    const ask = freshId();
    const said = { kind: 'ask.open', run: id, ask: 'question', digest: digest(), body: '' } as const;
    await box.run({ ...said, expiresAt: Date.now() + 1_100 }, ask);
    await lone.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await lone.start();
    const state = async () => (await lone.ask('ask', { token: cat.accessToken, params: { askId: ask } })).state;
    await expect.poll(state, { timeout: 3_000 }).toBe('expired');
  });

  it('is cancelled by its machine when the agent no longer waits, and every device hears of it', async () => {
    const socket = await connect(phone);
    const made = await opened();
    const cancelled = await machine.run({ kind: 'ask.cancel', ask: made.id });
    await socket.marked(cancelled.body.seq);
    expect(statesOf(socket, made.id)).toEqual(['open', 'cancelled']);
    expect((await machine.run({ kind: 'ask.cancel', ask: made.id })).body).toEqual({ seq: 0, n: 0 });
    expect((await give(made, ada.device)).code).toBe('ask_closed');
    expect((await machine.run({ kind: 'ask.taken', ask: made.id })).code).toBe('not_found');
    expect((await server.run(ada, { kind: 'ask.cancel', ask: made.id })).code).toBe('no_device');
  });

  it('waits from a second to thirty days, of a run that is its machine’s', async () => {
    const said = { kind: 'ask.open', run, ask: 'question', digest: digest(), body: '' } as const;
    for (const expiresAt of [0, Date.now() - 1, Date.now() + 31 * 24 * 3_600_000])
      expect((await machine.run({ ...said, expiresAt })).code).toBe('bad_request');
    expect((await machine.run({ ...said, run: freshId(), expiresAt: Date.now() + 60_000 })).code).toBe('not_found');
  });

  it('is one of sixty-four at most that a run may have open', async () => {
    const full = freshId();
    await machine.run({ kind: 'run.create', meta: 'AA' }, full);
    await Promise.all(Array.from({ length: 64 }, () => opened(600_000, machine, full)));
    const said = { kind: 'ask.open', run: full, ask: 'question', digest: digest(), body: '' } as const;
    expect((await machine.run({ ...said, expiresAt: Date.now() + 60_000 })).code).toBe('limit_reached');
  });
});
