import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { createClient, type EntryId, type FleetMachines, type SkerryClient, waitFor } from '@skerry/core';
import { type MachineLink, openMachine } from '@skerry/core/machine';
import { createNodePlatform } from '@skerry/core/node';
import { createMemoryStorage, MemoryDisk } from '@skerry/core/testing';
import { type AccountId, parseAddress, pairingAnswer, toBase64Url } from '@skerry/protocol';
import { parts } from '@skerry/server';

const STORE = '00000000-0000-4000-8000-000000000001' as EntryId;

/** A person's client and their computer on one real server, paired by the code. */
export class BothEnds implements AsyncDisposable {
  readonly server: parts.TestServer;
  readonly client: SkerryClient;
  readonly machines: FleetMachines;
  readonly entry: EntryId;
  readonly link: MachineLink;

  private constructor(of: Omit<BothEnds, typeof Symbol.asyncDispose>) {
    this.server = of.server;
    this.client = of.client;
    this.machines = of.machines;
    this.entry = of.entry;
    this.link = of.link;
  }

  /** @param onEnd told how each ask ended, as the machine may act on it */
  static async open(onEnd: (ask: string) => void): Promise<BothEnds> {
    const server = await parts.TestServer.start({ machines: true, rateScale: 100_000 });
    const { url: origin, setupCode } = server.running;
    const owner = { username: 'owner', password: 'a long password', displayName: 'Owner', device: 'bench' };
    await server.ask('register', { body: { ...owner, code: setupCode } });
    const storage = createMemoryStorage(new MemoryDisk());
    const client = await createClient(createNodePlatform({ storage, deviceLabel: 'Bench' }), { mode: 'hub' });
    await client.person.create();
    const signal = AbortSignal.timeout(30_000);
    const probed = await client.probe(origin, { allowPlain: true, signal, onStep: () => undefined });
    if (!probed.ok) throw new Error(JSON.stringify(probed));
    const person = {
      kind: 'registerByKey',
      username: 'anna',
      displayName: 'Anna',
      code: null,
      password: null,
    } as const;
    const entry = await client.join(probed.found, person);
    const handle = client.server(entry);
    if (handle === undefined) throw new Error('the server is not there');
    await waitFor(handle.keys.state, ({ kind }) => kind === 'ready', signal);
    await waitFor(handle.me, (me) => me !== undefined, signal);
    const machines = await client.machines();
    const of = { account: handle.me.get()?.id as AccountId, entry, machines };
    const link = await paired(server, of);
    link.onAskEnd((end) => {
      if (end.kind === 'answered') onEnd(end.ask);
      return Promise.resolve();
    });
    await waitFor(link.state, ({ kind }) => kind === 'live', signal);
    await waitFor(machines.view, (view) => view.machines[0]?.standing === 'ready', signal);
    return new BothEnds({ server, client, machines, entry, link });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await this.client[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

async function paired(
  server: parts.TestServer,
  { account, entry, machines }: { account: AccountId; entry: EntryId; machines: FleetMachines },
): Promise<MachineLink> {
  const { url: origin, serverId } = server.running;
  const [signing, identity] = [pairOf('ed25519'), pairOf('x25519')];
  const jwk = { kty: 'OKP', crv: 'Ed25519', ...signing };
  const signed = (bytes: Uint8Array): string =>
    sign(null, bytes, createPrivateKey({ format: 'jwk', key: jwk })).toString('base64url');
  const computer = new parts.TestMachine(server);
  const identityKey = toBase64Url(Buffer.concat([Buffer.of(5), Buffer.from(identity.x, 'base64url')]));
  Object.assign(computer, { key: { publicKey: signing.x, sign: signed }, identityKey });
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
  await using pairing = machines.pair(code, entry);
  while ((await computer.poll()).taker === null);
  await computer.reveal();
  await waitFor(pairing.stage, ({ kind }) => kind === 'comparing');
  await pairing.approve();
  const { approval } = await computer.poll();
  const answer = pairingAnswer.parse(JSON.parse(computer.open(approval?.sealed ?? '', 'answer')));
  await computer.redeem();
  const storage = createMemoryStorage(new MemoryDisk());
  return await openMachine({
    platform: createNodePlatform({ storage, deviceLabel: 'Machine' }),
    store: await storage.state(STORE),
    identity: {
      origin,
      serverId,
      serverKey: (await server.ask('proof', { body: { nonce: 'n'.repeat(22), origin } })).key,
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
}

function pairOf(type: 'ed25519' | 'x25519'): { readonly x: string; readonly d: string } {
  const { privateKey } = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  const { x, d } = privateKey.export({ format: 'jwk' });
  return { x: String(x), d: String(d) };
}
