import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { FleetMachines, ServerHandle } from '@skerry/core';
import { type AskEnd, type MachineLink, openMachine } from '@skerry/core/machine';
import { createNodePlatform } from '@skerry/core/node';
import { createMemoryStorage, MemoryDisk } from '@skerry/core/testing';
import { formatLink, pairingAnswer, parseAddress, parseLink, toBase64Url } from '@skerry/protocol';
import type { AgentCall, RunContent, RunLine } from '@skerry/protocol/agents';
import { parts } from '@skerry/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../harness/raw-client.ts';
import { until } from '../harness/watch.ts';
import { Keyed } from '../sealed/keyed-member.ts';
import { COMMAND, META } from './computer.ts';
import { stageOf } from './person-side.ts';

const STORE = '00000000-0000-4000-8000-000000000002' as Parameters<ReturnType<typeof createMemoryStorage>['state']>[0];
const deviceOf = ({ keys }: ServerHandle): number => keys.devices.get().find(({ isThis }) => isThis)?.device ?? 0;
const salt = (): string => randomBytes(16).toString('base64url');
const line = (text: string): RunLine => ({
  v: 1,
  at: Date.now(),
  cut: false,
  entry: { kind: 'said', as: 'answer', text },
});
const textOf = (content: RunContent | undefined): string | undefined =>
  content?.kind === 'said' ? content.text : undefined;

/** A pair of keys as the core takes it, made by another implementation. */
function pairOf(type: 'ed25519' | 'x25519'): { readonly x: string; readonly d: string } {
  const { privateKey } = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  const { x, d } = privateKey.export({ format: 'jwk' });
  return { x: String(x), d: String(d) };
}

/** The core on both ends, with a real server in between: what one seals the other opens. */
describe('A machine and its person', () => {
  let server: parts.TestServer;
  let anna: Keyed;
  let handle: ServerHandle;
  let machines: FleetMachines;
  let link: MachineLink;
  const ends: AskEnd[] = [];
  const calls: { readonly call: AgentCall; readonly from: number }[] = [];

  beforeAll(async () => {
    server = await parts.TestServer.start({ machines: true });
    await server.ask('register', {
      body: {
        username: 'owner',
        password: 'a long password',
        displayName: 'o',
        device: 'x',
        code: server.running.setupCode,
      },
    });
    anna = await Keyed.create();
    handle = await anna.register(server.running.url, 'anna');
    machines = await anna.member.client.machines();

    const [signing, identity] = [pairOf('ed25519'), pairOf('x25519')];
    const signed = (bytes: Uint8Array): string => {
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: signing.x, d: signing.d };
      return sign(null, bytes, createPrivateKey({ format: 'jwk', key: jwk })).toString('base64url');
    };
    const computer = new parts.TestMachine(server);
    const identityKey = toBase64Url(Buffer.concat([Buffer.of(5), Buffer.from(identity.x, 'base64url')]));
    Object.assign(computer, { key: { publicKey: signing.x, sign: signed }, identityKey });
    const { url: origin, serverId } = server.running;
    const account = handle.me.get()!.id;
    computer.taken(account);
    await computer.ask();
    const at = parseAddress(origin);
    if (!at.ok) throw new Error('no address');
    const code = {
      kind: 'terminal',
      address: at.address,
      key: signing.x,
      commit: computer.commit,
      server: origin,
    } as const;
    const read = parseLink(formatLink(code));
    if (!read.ok) throw new Error('no code');
    await using pairing = machines.pair(read.link, handle.id);
    while ((await computer.poll()).taker === null);
    await computer.reveal();
    await stageOf(pairing, 'comparing');
    await pairing.approve();
    const { approval } = await computer.poll();
    const sealed = computer.open(approval!.sealed, 'answer');
    const answer = pairingAnswer.parse(JSON.parse(sealed));
    await computer.redeem();
    const storage = createMemoryStorage(new MemoryDisk());
    const { key: serverKey } = await server.ask('proof', { body: { nonce: 'n'.repeat(22), origin } });
    link = await openMachine({
      platform: createNodePlatform({ storage, deviceLabel: 'studio' }),
      store: await storage.state(STORE),
      identity: {
        origin,
        serverId,
        serverKey,
        account,
        accountKey: answer.accountKey,
        list: answer.list,
        device: computer.number,
        signing: signing.d,
        identity: identity.d,
        registrationId: 7,
      },
      tokens: { refreshToken: computer.token.refreshToken },
      saveTokens: () => Promise.resolve(),
    });
    link.onAskEnd((end) => {
      ends.push(end);
      return Promise.resolve();
    });
    link.onCall((call, from) => {
      calls.push({ call, from });
      return Promise.resolve({ v: 1, did: 'yes' });
    });
    await until(link.state, ({ kind }) => kind === 'live', 20_000);
    await until(machines.view, (view) => view.machines[0]?.standing === 'ready' && view.machines[0].online === true);
  });
  afterAll(async () => {
    await link?.[Symbol.asyncDispose]();
    await anna?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it('reads what the machine describes, runs and says, as it says it (M-13, M-14)', async () => {
    await link.describe({ v: 1, root: '/people/p', agents: [{ id: 'a', name: 'Tester' }], recent: ['/people/p/x'] });
    await until(machines.view, (view) => view.machines[0]?.info?.root === '/people/p');
    const run = newId();
    await link.createRun(run, META);
    using shown = machines.run(handle.id, run);
    await link.append(
      run,
      [1, 2, 3].map((n) => ({ id: newId(), line: line(`${n}`) })),
    );
    await until(shown.transcript, ({ entries }) => entries.length === 3 && entries.every((one) => one.line !== null));
    await link.append(run, [{ id: newId(), line: line('4') }]);
    await until(shown.transcript, ({ entries }) => entries.length === 4 && entries[3]?.line !== null);
    expect(shown.transcript.get().entries.map((one) => textOf(one.line?.entry))).toEqual(['1', '2', '3', '4']);
    await until(shown.run, (view) => view?.meta?.title === 'Tidy up' && view.machineOnline === true);
    await shown.prompt('go on');
    expect(calls.at(-1)).toMatchObject({ from: 1, call: { wish: { do: 'prompt', run, text: 'go on' } } });
    await link.setRun(run, { state: 'ended' });
    await until(shown.run, (view) => view?.state === 'ended');
  });

  it('asks, and acts on the signed answer of a device once it is given (M-11)', async () => {
    const run = newId();
    await link.createRun(run, META);
    const ask = newId();
    const content = { ...COMMAND, salt: salt() };
    await link.openAsk({ id: ask, run, kind: 'permission', content, expiresAt: Date.now() + 60_000 });
    await until(machines.view, ({ asks }) => asks.some(({ id, content: shown }) => id === ask && shown !== null));
    const view = machines.view.get().asks.find(({ id }) => id === ask)!;
    expect(view).toMatchObject({ kind: 'permission', content, runTitle: 'Tidy up', stale: false });
    await machines.answer(view, { choice: 'yes', text: null });
    const told = (): AskEnd | undefined => ends.find((end) => end.ask === ask);
    while (told() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told()).toMatchObject({ kind: 'answered', run, by: 1, answer: { choice: 'yes', text: null } });
    await link.taken(ask);
    await until(machines.view, ({ closed }) => closed.some(({ id, takenAt }) => id === ask && takenAt !== null));
  });

  it('a device that is let in later is given the keys, and one that leaves makes the machine take new ones', async () => {
    const run = newId();
    await link.createRun(run, META);
    await link.append(run, [{ id: newId(), line: line('before') }]);
    await using phone = await anna.another();
    const there = await phone.signIn(server.running.url, 'anna');
    const onPhone = await phone.member.client.machines();
    await until(onPhone.view, ({ runs }) => runs.find(({ id }) => id === run)?.meta?.title === 'Tidy up', 15_000);
    using read = onPhone.run(there.id, run);
    await until(read.transcript, ({ entries }) => textOf(entries[0]?.line?.entry) === 'before');
    await handle.keys.revoke(deviceOf(there));
    await phone.member.when(there, 'signedOut');
    await until(machines.view, ({ parts: [part] }) => part?.state === 'fresh');
    using shown = machines.run(handle.id, run);
    // With whatever keys the machine has by now.
    await shown.cancel();
    await link.append(run, [{ id: newId(), line: line('after') }]);
    await until(shown.transcript, ({ entries }) => textOf(entries[1]?.line?.entry) === 'after');
    await machines.remove({ entry: handle.id, machine: machines.view.get().machines[0]!.device });
    await until(link.state, ({ kind }) => kind === 'revoked', 15_000);
  });
});
