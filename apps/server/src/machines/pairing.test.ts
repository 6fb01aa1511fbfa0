import { createHash, randomBytes } from 'node:crypto';
import {
  encodeDeviceBinding,
  encodePairingCode,
  machinesItem,
  type MachinesItem,
  MACHINE_TIMES,
  ROUTES,
  type RouteName,
} from '@skerry/protocol';
import { matchingCode } from '@skerry/protocol/words';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Conversation } from '../testing/conversations.ts';
import { KeyedAccount, prekeys, SigningKey } from '../testing/keyed-account.ts';
import type { SocketClient } from '../testing/socket-client.ts';
import { Taking, TestMachine } from '../testing/test-machine.ts';
import { freshId, TestServer } from '../testing/test-server.ts';

let now = Date.now();
let server: TestServer;
let ada: KeyedAccount;
let mallory: KeyedAccount;

beforeAll(async () => {
  server = await TestServer.start({ machines: true }, { clock: { now: () => now } });
  ada = await KeyedAccount.create(server, 'ada', 60);
  const second = await ada.addDevice();
  await ada.setDevices([ada.device, second]);
  mallory = await KeyedAccount.create(server, 'mallory');
});
afterAll(() => server[Symbol.asyncDispose]());

afterEach(() => server.closeSockets());
const connect: TestServer['connect'] = (...who) => server.connect(...who);
const itemsOf = (socket: SocketClient): MachinesItem[] =>
  socket.events.flatMap((event) => (event.kind === 'machines' ? [machinesItem.parse(event.item)] : []));
const second = () => {
  const [, found] = ada.devices;
  if (found === undefined) throw new Error('ada has two devices');
  return found;
};
const codeOf = async (name: RouteName, body: unknown, token?: string) =>
  (await server.call(name, { body, ...(token === undefined ? {} : { token }) })).code;

/** A request that ada's first device has taken, with the nonce shown. */
async function revealed() {
  const machine = new TestMachine(server);
  await machine.ask();
  const taking = new Taking(ada, ada.device, machine);
  await taking.claim();
  await machine.reveal();
  return { machine, taking };
}
async function approved() {
  const both = await revealed();
  await both.taking.approve();
  return both;
}

describe('a computer that is paired (M-3 to M-6)', () => {
  it('shows the code that the person sees, and gets a token, a number and a place on the signed list of its own', async () => {
    const other = await connect(second());
    const machine = new TestMachine(server);
    await machine.ask();
    expect((await machine.poll()).state).toBe('waiting');
    const taking = new Taking(ada, ada.device, machine);
    const view = await taking.claim();
    expect(view).toMatchObject({ state: 'claimed', nonce: null, request: machine.request() });
    const { taker } = await machine.poll();
    if (taker === null) throw new Error('nobody took it');
    await machine.reveal();
    const token = ada.device.accessToken;
    const seen = await server.ask('pairing', { token, params: { key: machine.key.publicKey } });
    const { serverId } = server.running;
    const said = { serverId, account: ada.id, key: seen.request.key, boxKey: seen.request.boxKey };
    const { identityKey } = seen.request;
    const code = (from: { nonce: string; takerKey: string; takerNonce: string }) =>
      matchingCode(
        createHash('sha256')
          .update(encodePairingCode({ ...said, identityKey, ...from }))
          .digest(),
      );
    const here = code({ nonce: seen.nonce ?? '', takerKey: ada.device.key.publicKey, takerNonce: taking.nonce });
    const there = code({ nonce: machine.nonce, takerKey: taker.signKey, takerNonce: taker.nonce });
    expect(there).toEqual(here);
    expect(taker).toMatchObject({ account: ada.id, username: 'ada', device: ada.device.number });

    const number = await taking.approve();
    expect((await machine.poll()).approval?.machine).toBe(number);
    expect(await machine.redeem()).toMatchObject({ account: ada.id, device: number, server: serverId });
    await taking.list();

    const { machines } = await server.ask('machines', { token: machine.accessToken });
    expect(machines.find(({ device }) => device === number)).toMatchObject({
      label: 'studio',
      system: 'Debian 12',
      pairedBy: ada.device.number,
      joined: true,
      removed: false,
    });
    const { devices } = await server.ask('ownDevices', { token });
    expect(devices.filter((device) => device.machine === true).map(({ device }) => device)).toContain(number);
    expect((await machine.run({ kind: 'machine.describe', info: 'aGVsbG8' })).status).toBe(200);
    // T5: another device of the person heard of each step.
    await other.until(() => itemsOf(other).some((item) => item.kind === 'machine' && item.machine.info === 'aGVsbG8'));
    expect(itemsOf(other).flatMap((item) => (item.kind === 'pairing' ? [item.pairing.state] : []))).toEqual(
      expect.arrayContaining(['claimed', 'approved']),
    );
  });

  it('asks again with the same bytes for the same, and with others under its key for nothing', async () => {
    const machine = new TestMachine(server);
    await machine.ask();
    const again = await server.call('requestPairing', { body: machine.request() });
    expect(again.status).toBe(200);
    const renamed = { ...machine.request(), label: 'other' };
    expect(await codeOf('requestPairing', renamed)).toBe('bad_request');
    const other = new TestMachine(server);
    const forged = { ...other.request(), key: machine.key.publicKey };
    expect(await codeOf('requestPairing', forged)).toBe('bad_request');
    expect(await codeOf('requestPairing', machine.request({ boxKey: 'A'.repeat(43) }))).toBe('bad_request');
  });

  it('is answered only when it proves that it holds the key of the code, with a nonce that counts once (T6)', async () => {
    const { machine } = await approved();
    const thief = new SigningKey();
    for (const [name, step] of [
      ['pollPairing', 'poll'],
      ['redeemPairing', 'redeem'],
      ['withdrawPairing', 'withdraw'],
    ] as const) {
      const refused = await server.call(name, { body: machine.step(step, { by: thief }) });
      expect([name, refused.status, refused.code]).toEqual([name, 401, 'credentials_wrong']);
      // What was signed for another step, or for another server, is signed for nothing here.
      const other = step === 'poll' ? 'redeem' : 'poll';
      expect(await codeOf(name, machine.step(other))).toBe('credentials_wrong');
      expect(await codeOf(name, machine.step(step, { serverId: freshId() }))).toBe('credentials_wrong');
    }
    const body = machine.step('poll');
    await machine.poll();
    expect(await codeOf('pollPairing', body)).toBe('challenge_invalid');
    expect(await codeOf('pollPairing', machine.step('poll', { nonce: randomBytes(32).toString('base64url') }))).toBe(
      'challenge_invalid',
    );
  });

  it('fetches its token once, and the very same bytes again give the very same answer (T6)', async () => {
    const { machine } = await approved();
    const body = machine.step('redeem');
    const first = await server.call('redeemPairing', { body });
    const again = await server.call('redeemPairing', { body });
    expect([again.status, again.body]).toEqual([200, first.body]);
    const { nonce } = await server.ask('challenge');
    const other = await server.call('redeemPairing', { body: machine.step('redeem', { nonce }) });
    expect([other.status, other.code]).toEqual([410, 'code_invalid']);
    const token = await machine.redeem(body);
    const seen = JSON.stringify([first.body, again.body]) + server.logged.join('\n');
    expect(seen).not.toContain(token.accessToken);
    expect(seen).not.toContain(token.refreshToken);
    expect(seen).toContain('/api/pairing/redeem');
  });

  it('races of ten that fetch the token end in one session', async () => {
    const { machine } = await approved();
    const nonces = await Promise.all(Array.from({ length: 10 }, () => server.ask('challenge')));
    const answers = await Promise.all(
      nonces.map(({ nonce }) => server.call('redeemPairing', { body: machine.step('redeem', { nonce }) })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 410)]);
  });

  it('is over after two minutes, whatever it had come to (T6)', async () => {
    const waiting = new TestMachine(server);
    await waiting.ask();
    const taken = await revealed();
    const yes = await approved();
    const done = await approved();
    const doneBody = done.machine.step('redeem');
    expect((await server.call('redeemPairing', { body: doneBody })).status).toBe(200);
    const before = now;
    now += MACHINE_TIMES.pairingMs + 1_000;
    try {
      const { nonce } = await server.ask('challenge');
      expect(await codeOf('pollPairing', waiting.step('poll', { nonce }))).toBe('code_invalid');
      const late = new Taking(ada, ada.device, waiting);
      const token = ada.device.accessToken;
      expect(await codeOf('claimPairing', late.claimBody(), token)).toBe('code_invalid');
      expect(await codeOf('approvePairing', taken.taking.approvalBody({ expiry: now + 1 }), token)).toBe(
        'code_invalid',
      );
      expect(await codeOf('redeemPairing', yes.machine.step('redeem', { nonce }))).toBe('code_invalid');
      expect(await codeOf('redeemPairing', doneBody)).toBe('code_invalid');
      expect(await codeOf('requestPairing', waiting.request())).toBe('code_invalid');
    } finally {
      now = before;
    }
  });

  it('cannot show another nonce than the one it committed to', async () => {
    const machine = new TestMachine(server);
    await machine.ask();
    await new Taking(ada, ada.device, machine).claim();
    const value = randomBytes(32).toString('base64url');
    expect(await codeOf('revealPairing', machine.step('reveal', { value }))).toBe('bad_request');
    const taken = await server.ask('pairing', {
      token: ada.device.accessToken,
      params: { key: machine.key.publicKey },
    });
    expect(taken.nonce).toBeNull();
  });

  it('takes its request back, and with it a machine that was approved and has no token', async () => {
    const { machine, taking } = await revealed();
    const number = await taking.approve();
    expect(await codeOf('withdrawPairing', machine.step('withdraw'))).toBeUndefined();
    const { nonce } = await server.ask('challenge');
    expect(await codeOf('redeemPairing', machine.step('redeem', { nonce }))).toBe('code_invalid');
    const { machines } = await server.ask('machines', { token: ada.accessToken });
    expect(machines.find(({ device }) => device === number)).toMatchObject({ removed: true, joined: false });
  });
});

describe('a person who pairs a computer', () => {
  it('is the first who took the request, with a device on their list; nobody else gets it', async () => {
    const machine = new TestMachine(server);
    await machine.ask();
    const taking = new Taking(ada, ada.device, machine);
    const unlisted = await ada.addDevice();
    ada.devices.pop();
    expect(await codeOf('claimPairing', taking.claimBody(), unlisted.accessToken)).toBe('no_device');
    expect(await codeOf('claimPairing', taking.claimBody(), mallory.accessToken)).toBe('bad_request');
    const commit = createHash('sha256').update('other').digest('base64url');
    expect(await codeOf('claimPairing', taking.claimBody(commit), ada.accessToken)).toBe('code_invalid');
    expect(await codeOf('claimPairing', taking.claimBody(undefined, freshId()), ada.accessToken)).toBe('bad_request');
    expect(await codeOf('claimPairing', taking.claimBody(), ada.accessToken)).toBeUndefined();
    expect(await codeOf('claimPairing', taking.claimBody(), ada.accessToken)).toBeUndefined();
    for (const other of [new Taking(mallory, mallory.device, machine), new Taking(ada, second(), machine)])
      expect(await codeOf('claimPairing', other.claimBody(), other.device.accessToken)).toBe('code_invalid');
    await machine.reveal();
    const stranger = new Taking(mallory, mallory.device, machine);
    expect(await codeOf('approvePairing', stranger.approvalBody(), mallory.accessToken)).toBe('code_invalid');
    expect(await codeOf('denyPairing', { key: machine.key.publicKey, report: true }, mallory.accessToken)).toBe(
      'code_invalid',
    );
  });

  it('signs for this server, this computer and this meeting, or approves nothing (T4)', async () => {
    const { machine, taking } = await revealed();
    const token = ada.accessToken;
    for (const changes of [
      { serverId: freshId() },
      { account: mallory.id },
      { key: new SigningKey().publicKey },
      { boxKey: new SigningKey().publicKey },
      { nonce: randomBytes(32).toString('base64url') },
      { takerNonce: randomBytes(32).toString('base64url') },
      { sealed: createHash('sha256').update('other').digest('base64url') },
      { device: 99 },
    ])
      expect(await codeOf('approvePairing', taking.approvalBody(changes), token)).toBe('bad_request');
    const late = { ...taking.approvalBody(), expiry: now + MACHINE_TIMES.pairingMs + 1_000 };
    expect(await codeOf('approvePairing', late, token)).toBe('bad_request');
    expect((await machine.poll()).state).toBe('revealed');
    const body = taking.approvalBody();
    const first = await server.ask('approvePairing', { token, body });
    expect(await server.ask('approvePairing', { token, body })).toEqual(first);
    expect(await codeOf('approvePairing', taking.approvalBody({ expiry: now + 5 }), token)).toBe('code_invalid');
  });

  it('approves nothing before the nonce was shown', async () => {
    const machine = new TestMachine(server);
    await machine.ask();
    const taking = new Taking(ada, ada.device, machine);
    await taking.claim();
    expect(await codeOf('approvePairing', taking.approvalBody(), ada.accessToken)).toBe('code_invalid');
  });

  it.each([
    [false, 'denied'],
    [true, 'reported'],
  ] as const)('says no on any of their devices, and all hear of it (report: %s)', async (report, state) => {
    const { machine, taking } = await revealed();
    const other = await connect(ada.device);
    expect(await codeOf('denyPairing', { key: machine.key.publicKey, report }, second().accessToken)).toBeUndefined();
    expect((await machine.poll()).state).toBe('denied');
    expect(await codeOf('approvePairing', taking.approvalBody(), ada.accessToken)).toBe('code_invalid');
    await other.until(() =>
      itemsOf(other).some((item) => item.kind === 'pairing' && item.pairing.key === machine.key.publicKey),
    );
    expect(itemsOf(other).findLast((item) => item.kind === 'pairing')).toMatchObject({ pairing: { state } });
  });
});

describe('a machine (M-2, M-7, M-8)', () => {
  let machine: TestMachine;
  beforeAll(async () => {
    machine = await TestMachine.paired(ada);
  });

  it('is never among the devices that conversations are encrypted for', async () => {
    const list = { devices: [...ada.devices.map(({ listed }) => listed), machine.listed()] };
    const wrong = ada.nextList(ada.devices, ada.key, list);
    const refused = await server.run(ada, { kind: 'devices.set', list: wrong });
    expect(refused.body).toMatchObject({ error: { code: 'list_refused', field: 'list.devices' } });
    const other = ada.nextList([ada.device], ada.key, { machines: [second().listed] });
    const alsoRefused = await server.run(ada, { kind: 'devices.set', list: other });
    expect(alsoRefused.body).toMatchObject({ error: { code: 'list_refused', field: 'list.machines' } });
    // One envelope for each device of both and none for the machine is what the server wants.
    const talk = await Conversation.direct(ada, mallory);
    await talk.say(ada);
    const queue = await server.ask('toDevice', { token: machine.accessToken, query: { after: '0' } });
    expect(queue.items).toEqual([]);
  });

  it('may do its own affairs with its token, and nothing that is its person’s', async () => {
    const allowed = new Set<RouteName>([
      ...(['snapshot', 'command', 'machines', 'runs', 'run', 'runEntries', 'ask', 'ownDevices'] as const),
      ...(['deviceLists', 'claimPrekeys', 'publishPrekeys', 'toDevice', 'ackToDevice', 'signOut'] as const),
    ]);
    for (const [name, route] of Object.entries(ROUTES) as [RouteName, (typeof ROUTES)[RouteName]][]) {
      // What this server has switched off is not found, whoever asks.
      if (route.auth !== 'session' || name === 'signOut' || route.path.startsWith('/api/voice')) continue;
      const params = Object.fromEntries([...route.path.matchAll(/:(\w+)/g)].map(([, field]) => [field ?? '', 'x']));
      const body = 'bodyBytes' in route ? new Uint8Array(1) : {};
      const { status } = await server.call(name, { token: machine.accessToken, params, body });
      expect([name, status === 403]).toEqual([name, !allowed.has(name)]);
    }
    const channel = freshId() as never;
    for (const command of [
      { kind: 'message.send', channel, text: 'hello', replyTo: null },
      { kind: 'profile.update', displayName: 'Somebody' },
      { kind: 'machine.rename', machine: machine.number, label: 'mine' },
      { kind: 'devices.set', list: ada.nextList(ada.devices) },
    ] as const)
      expect([command.kind, (await machine.run(command)).code]).toEqual([command.kind, 'forbidden']);
  });

  it('encrypts for its person’s devices alone', async () => {
    await server.ask('publishPrekeys', { token: ada.accessToken, body: prekeys(5, 500) });
    const claim = (account: string, device: number) => codeOf('claimPrekeys', { account, device }, machine.accessToken);
    expect(await claim(ada.id, ada.device.number)).toBeUndefined();
    expect(await claim(mallory.id, mallory.device.number)).toBe('forbidden');
    const send = (account: KeyedAccount) =>
      machine.run({
        kind: 'envelopes.send',
        envelopes: [{ account: account.id, device: account.device.number, body: 'AQID' }],
      });
    expect((await send(ada)).status).toBe(200);
    expect((await send(mallory)).code).toBe('forbidden');
  });

  it('has its session by being paired, and by nothing else', async () => {
    const session = await ada.signIn();
    const said = { device: null, signKey: machine.key.publicKey, identityKey: machine.identityKey, registrationId: 7 };
    const bytes = encodeDeviceBinding({
      serverId: server.running.serverId,
      account: ada.id,
      session: session.sessionId,
      ...said,
    });
    const body = { ...said, signature: machine.key.sign(bytes) };
    expect(await codeOf('bindDevice', body, session.accessToken)).toBe('no_device');
  });

  it('is named by its person, and goes with the list that no longer names it, at once (I12)', async () => {
    const renamed = await server.run(ada, { kind: 'machine.rename', machine: machine.number, label: 'cellar' });
    expect(renamed.status).toBe(200);
    expect((await server.run(ada, { kind: 'machine.remove', machine: machine.number })).code).toBe('list_refused');
    expect((await server.run(mallory, { kind: 'machine.rename', machine: machine.number, label: 'x' })).code).toBe(
      'not_found',
    );
    const socket = await connect(machine);
    const started = Date.now();
    await ada.setDevices(ada.devices);
    expect((await socket.closed).code).toBe(4401);
    expect(Date.now() - started).toBeLessThan(2_000);
    expect((await server.call('machines', { token: machine.accessToken })).code).toBe('session_revoked');
    const { machines } = await server.ask('machines', { token: ada.accessToken });
    expect(machines.find(({ device }) => device === machine.number)).toMatchObject({ label: 'cellar', removed: true });
  });

  it('that no list names yet is taken away by its person', async () => {
    const { machine: late, taking } = await approved();
    await late.redeem();
    expect((await late.run({ kind: 'machine.describe', info: null })).code).toBe('no_device');
    expect((await server.run(ada, { kind: 'machine.remove', machine: late.number })).status).toBe(200);
    expect((await server.call('machines', { token: late.accessToken })).code).toBe('session_revoked');
    await expect(taking.list()).rejects.toThrow('list_refused');
  });
});

describe('a server whose operator wants no machines', () => {
  it('says so, and one who does says that', async () => {
    expect((await server.ask('info')).capabilities).toContain('machines');
  });

  it('knows none of their addresses and none of their commands', async () => {
    await using plain = await TestServer.start({ machines: false });
    const who = await plain.register('owner');
    const machine = new TestMachine(plain);
    expect((await plain.call('requestPairing', { body: machine.request() })).code).toBe('not_found');
    expect((await plain.call('machines', { token: who.accessToken })).code).toBe('not_found');
    expect((await plain.run(who, { kind: 'run.erase', run: freshId() })).code).toBe('not_found');
    expect((await plain.ask('info')).capabilities).not.toContain('machines');
  });
});
