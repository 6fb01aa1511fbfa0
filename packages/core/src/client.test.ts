import {
  type AccountId,
  type ChannelId,
  type CommandId,
  type MessageId,
  parseLink,
  ROUTES,
  SkerryError,
} from '@skerry/protocol';
import { afterEach, expect, test } from 'vitest';
import { createClient } from './client.ts';
import type { Credentials, ServerHandle, SkerryClient } from './face.ts';
import { createMemoryStorage, MemoryDisk } from './stores/memory-storage.ts';
import { type RegistryStore, StoreBroken, StoreFull, type VaultStore } from './stores/stores.ts';
import { FakeServer, json } from './testing/fake-server.ts';
import { settle } from './testing/manual-clock.ts';
import { memoryPlatform, type MemoryPlatform, MemoryTabs } from './testing/memory-platform.ts';
import type { EntryId, Found, ProbeResult } from './views.ts';

const PASSWORD: Credentials = { kind: 'signIn', username: 'anna', password: 'correct horse' };
const clients: SkerryClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
});

async function hub(platform: MemoryPlatform): Promise<SkerryClient> {
  const client = await createClient(platform, { mode: 'hub' });
  clients.push(client);
  return client;
}

function serverAt(
  platform: MemoryPlatform,
  origin: string,
): FakeServer & { anna: AccountId; bob: AccountId; general: ChannelId } {
  const server = new FakeServer(origin, { now: () => platform.clock.now() });
  platform.network.serve(origin, server);
  const anna = server.person('anna');
  const bob = server.person('bob');
  const general = server.model.id<ChannelId>();
  server.model.run(bob, general as string as CommandId, {
    kind: 'channel.create',
    name: 'general',
    topic: '',
    visibility: 'public',
    history: 'all',
  });
  server.model.run(anna, server.model.id(), { kind: 'channel.join', channel: general });
  return Object.assign(server, { anna, bob, general });
}

const probeOf = (client: SkerryClient, input: string, allowPlain = false): Promise<ProbeResult> =>
  client.probe(input, { allowPlain, signal: new AbortController().signal, onStep: () => undefined });

async function found(client: SkerryClient, origin: string): Promise<Found> {
  const result = await probeOf(client, origin);
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result.found;
}

async function joined(client: SkerryClient, origin: string, credentials = PASSWORD): Promise<ServerHandle> {
  const id = await client.join(await found(client, origin), credentials);
  await settle();
  return handleOf(client, id);
}

function handleOf(client: SkerryClient, id: EntryId): ServerHandle {
  const handle = client.server(id);
  if (handle === undefined) throw new Error('no such server');
  return handle;
}

/** All that a device keeps of one entry, as text. */
async function keptOf(platform: MemoryPlatform, handle: ServerHandle): Promise<string> {
  const secrets = [...platform.disk.secrets].filter(([name]) => name.includes(handle.id));
  return JSON.stringify({ secrets, stored: JSON.parse(await handle.export()) });
}

const stateOf = (handle: ServerHandle): string => handle.state.get().kind;

test('S1.1, S0.3: two servers at once, each with its own sign-in, and a message reaches its own server only', async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example')];
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const onB = await joined(client, b.origin);
  expect([stateOf(onA), stateOf(onB)]).toEqual(['live', 'live']);
  expect(client.fleet.get()).toMatchObject({ connected: 2, total: 2 });

  await onA.send({ channel: a.general, text: 'for a alone', replyTo: null });
  await settle();
  expect(a.model.page(a.bob, a.general, {}).messages.map(({ text }) => text)).toEqual(['for a alone']);
  expect(b.model.page(b.bob, b.general, {}).messages).toEqual([]);
  const toB = platform.network.sent.filter(({ url }) => url.includes('b.example'));
  expect(JSON.stringify(toB)).not.toContain('for a alone');
  const entries = client.servers.get().map(({ entry }) => entry);
  expect(entries.map(({ serverId }) => serverId)).toEqual([a.serverId, b.serverId]);
  expect(JSON.stringify(platform.disk.registry)).not.toMatch(/correct horse/);
});

test('S2.58: after a restart every server is live again without a password', async () => {
  const disk = new MemoryDisk();
  const before = memoryPlatform({ disk });
  const servers = [serverAt(before, 'https://a.example'), serverAt(before, 'https://b.example')];
  const first = await hub(before);
  for (const { origin } of servers) await joined(first, origin);
  await first[Symbol.asyncDispose]();

  const after = memoryPlatform({ disk, clock: before.clock });
  for (const server of servers) after.network.serve(server.origin, server);
  const second = await hub(after);
  await settle();
  expect(second.servers.get().map(({ state }) => state.kind)).toEqual(['live', 'live']);
  expect(JSON.stringify(after.network.sent)).not.toContain('correct horse');
});

test('C-1: with every server gone, what was there is shown from storage', async () => {
  const disk = new MemoryDisk();
  const before = memoryPlatform({ disk });
  const a = serverAt(before, 'https://a.example');
  const first = await hub(before);
  await joined(first, a.origin);
  await first[Symbol.asyncDispose]();

  const after = memoryPlatform({ disk, clock: before.clock });
  const second = await hub(after);
  await settle();
  const [view] = second.servers.get();
  expect(view).toMatchObject({
    known: true,
    state: { kind: 'waiting', cause: { kind: 'unreachable' } },
    label: 'Model',
    host: 'a.example',
  });
  expect(
    handleOf(second, view?.entry.id as EntryId)
      .channels.get()
      .map(({ channel }) => channel.name),
  ).toEqual(['general']);
});

test('S0.56: signing out of A, its session ended, 401 on everything of A: B never notices', async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example')];
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const onB = await joined(client, b.origin);
  const before = {
    history: onB.history.get(),
    sent: platform.network.sent.filter(({ url }) => url.includes('b.example')).length,
    kept: await keptOf(platform, onB),
  };

  a.revokeAll();
  await platform.clock.advance(10_000);
  expect(onA.state.get()).toMatchObject({ kind: 'signedOut', why: 'revoked' });
  await onA.signIn(PASSWORD);
  await settle();
  expect(stateOf(onA)).toBe('live');
  a.lies.http = ({ name }) =>
    name === 'proof' ? undefined : json(401, { error: new SkerryError('unauthorized').toBody() });
  a.expireAccess();
  a.closeAll(4401);
  await platform.clock.advance(10_000);
  expect(onA.state.get()).toMatchObject({ kind: 'signedOut', why: 'expired' });
  await expect(onA.sessions()).rejects.toMatchObject({ code: 'unauthorized' });
  await expect(onA.signIn(PASSWORD)).rejects.toMatchObject({ code: 'unauthorized' });
  delete a.lies.http;
  await onA.signIn(PASSWORD);
  await settle();
  expect(await onA.signOut('keep')).toEqual({ toldServer: true });
  expect(onA.state.get()).toMatchObject({ kind: 'signedOut', why: 'person' });

  expect(onB.history.get()).toBe(before.history);
  expect(await keptOf(platform, onB)).toBe(before.kept);
  const toB = platform.network.sent.filter(({ url }) => url.includes('b.example')).slice(before.sent);
  expect(toB.every((sent) => sent.kind === 'frame' && sent.text.startsWith('{"t":"ping"'))).toBe(true);
  expect(stateOf(onB)).toBe('live');
});

test('S0.14: signing out drops the tokens here and on the server, and keeps or wipes what is stored as the person chose', async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example')];
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const onB = await joined(client, b.origin);
  const names = (): string => JSON.stringify([...platform.disk.secrets.keys()]);
  expect(names()).toContain(onA.id);
  await onA.signOut('keep');
  await settle();
  expect(names()).not.toContain(onA.id);
  expect(onA.channels.get()).toHaveLength(1);
  expect((await onA.holdings()).messages).toBe(0);
  platform.wake('online');
  client.retryAll();
  await platform.clock.advance(600_000);
  expect(stateOf(onA)).toBe('signedOut');

  platform.network.down = true;
  expect(await onB.signOut('wipe')).toEqual({ toldServer: false });
  expect(onB.channels.get()).toEqual([]);
  expect(onB.view.get().known).toBe(false);
  expect(client.servers.get()).toHaveLength(2);
});

test('S1.9, S1.28, S2.56: pausing keeps everything and closes that one only; resuming goes on where it was', async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example')];
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const onB = await joined(client, b.origin);
  await onA.pause();
  await settle();
  expect([stateOf(onA), stateOf(onB)]).toEqual(['disabled', 'live']);
  expect([a.peers.size, b.peers.size]).toEqual([0, 1]);
  expect(onA.channels.get()).toHaveLength(1);
  expect(client.fleet.get()).toMatchObject({ connected: 1, total: 1 });
  await onA.resume();
  await settle();
  expect(stateOf(onA)).toBe('live');
});

test('S0.17, S2.49, T33: removing A deletes all that is stored of A and leaves B byte-equal, though both use the same ids for everything', async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example')];
  expect(a.general).toBe(b.general);
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const onB = await joined(client, b.origin);
  onA.setDraft(a.general, 'draft of a');
  onB.setDraft(b.general, 'draft of b');
  await platform.clock.advance(2_000);
  const before = await keptOf(platform, onB);
  expect(onA.draft(a.general).get()).toBe('draft of a');
  expect(await onA.remove({ signOutThere: true })).toEqual({ toldServer: true });
  await settle();
  expect(client.server(onA.id)).toBeUndefined();
  const everything = JSON.stringify([
    platform.disk.registry,
    [...platform.disk.secrets],
    [...platform.disk.databases.keys()],
  ]);
  expect(everything).not.toContain(onA.id);
  expect(await keptOf(platform, onB)).toBe(before);
  expect(onB.draft(b.general).get()).toBe('draft of b');
  expect([a.peers.size, b.peers.size]).toEqual([0, 1]);
});

test('joining a server once more with the same account leaves one session there, and the entry goes on with it', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const first = await joined(client, a.origin);
  expect(a.liveSessions).toBe(1);
  const again = await joined(client, a.origin);
  await platform.clock.advance(3_000);
  expect(again.id).toBe(first.id);
  expect(a.liveSessions).toBe(1);
  expect(stateOf(again)).toBe('live');
  await again.send({ channel: a.general, text: 'still here', replyTo: null });
  await platform.clock.advance(3_000);
  expect(a.model.page(a.bob, a.general, {}).messages.map(({ text }) => text)).toEqual(['still here']);
});

test('T33: a server whose stored content cannot be deleted is off the list at once, and is deleted by the next start', async () => {
  const platform = memoryPlatform();
  const { storage } = platform;
  const a = serverAt(platform, 'https://a.example');
  const held = { ...platform, storage: { ...storage, destroy: () => Promise.reject(new Error('held open')) } };
  const client = await hub(held);
  const onA = await joined(client, a.origin);
  const { id } = onA;
  const stored = (): string => JSON.stringify([[...platform.disk.secrets], [...platform.disk.databases.keys()]]);
  await onA.remove({ signOutThere: false });
  expect(client.servers.get()).toEqual([]);
  expect([...platform.disk.secrets].filter(([name]) => name.includes(id))).toEqual([]);
  expect(stored()).toContain(id);
  await client[Symbol.asyncDispose]();

  const next = await hub(platform);
  await settle();
  expect(next.servers.get()).toEqual([]);
  expect(stored()).not.toContain(id);
  expect(platform.disk.registry).not.toContain(id);
});

test('a server that the list cannot let go of stays as it was', async () => {
  const platform = memoryPlatform();
  const { storage } = platform;
  const a = serverAt(platform, 'https://a.example');
  let isFull = false;
  const registry = async (): Promise<RegistryStore> => {
    const store = await storage.registry();
    return {
      load: () => store.load(),
      setAside: (text) => store.setAside(text),
      save: (value) => (isFull ? Promise.reject(new StoreFull('full')) : store.save(value)),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  };
  const client = await hub({ ...platform, storage: { ...storage, registry } });
  const onA = await joined(client, a.origin);
  isFull = true;
  await expect(onA.remove({ signOutThere: false })).rejects.toThrow();
  expect(client.server(onA.id)?.state.get().kind).toBe('live');
  isFull = false;
  await onA.remove({ signOutThere: false });
  expect(client.server(onA.id)).toBeUndefined();
});

test('T11: a key the old one vouched for is followed and remembered; another one stops everything until the person accepts that very key', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  a.rotate();
  a.closeAll(1006);
  await platform.clock.advance(3_000);
  expect(stateOf(onA)).toBe('live');
  expect(onA.view.get().entry).toMatchObject({ key: a.key, words: a.words });

  a.rotate({ silently: true });
  const from = platform.network.sent.length;
  a.closeAll(1006);
  await platform.clock.advance(3_000);
  expect(onA.state.get()).toMatchObject({ kind: 'identityChanged', seenKey: a.key, seenWords: a.words });
  await expect(onA.sessions()).rejects.toMatchObject({ problem: 'otherKey' });
  expect(JSON.stringify(platform.network.sent.slice(from))).not.toMatch(/Bearer|refreshToken|"auth"/);
  await expect(onA.acceptIdentity('B'.repeat(43))).rejects.toMatchObject({ code: 'bad_request' });
  expect(stateOf(onA)).toBe('identityChanged');
  await onA.acceptIdentity(a.key);
  await settle();
  expect(stateOf(onA)).toBe('live');
  expect(platform.disk.registry).toContain(a.key);
});

test('another server at the address is never accepted in place of the one that was there', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const impostor = serverAt(platform, 'https://a.example');
  a.closeAll(1006);
  await platform.clock.advance(3_000);
  expect(onA.state.get()).toMatchObject({ kind: 'identityChanged', seenKey: impostor.key });
  await expect(onA.acceptIdentity(impostor.key)).rejects.toMatchObject({ code: 'forbidden' });
  expect(onA.view.get().entry.serverId).toBe(a.serverId);
});

test('nothing is stored of a join that fails, and no password leaves for a server that changed its key since it was looked at', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const seen = await found(client, a.origin);
  await expect(client.join(seen, { ...PASSWORD, password: 'wrong password' })).rejects.toMatchObject({
    code: 'credentials_wrong',
  });
  a.rotate({ silently: true });
  await platform.clock.advance(20_000);
  const from = platform.network.sent.length;
  await expect(client.join(seen, PASSWORD)).rejects.toMatchObject({ problem: 'otherKey' });
  expect(JSON.stringify(platform.network.sent.slice(from))).not.toContain('correct horse');
  expect([platform.disk.registry, platform.disk.secrets.size, platform.disk.databases.size]).toEqual([undefined, 0, 0]);
});

test('the same account on the same server is one entry, whichever way it is added; another account is another entry', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const first = await joined(client, a.origin);
  await first.signOut('keep');
  const again = await joined(client, a.origin);
  expect(again.id).toBe(first.id);
  expect(stateOf(again)).toBe('live');
  const other = await joined(client, a.origin, { kind: 'signIn', username: 'bob', password: 'correct horse' });
  expect(other.id).not.toBe(first.id);
  expect(client.servers.get().map(({ entry }) => entry.account?.username)).toEqual(['anna', 'bob']);
  expect(client.servers.get().map(({ ambiguousName }) => ambiguousName)).toEqual([true, true]);
});

test('an entry stays with its account: signing in there as somebody else is refused and that session ended', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  await onA.signOut('keep');
  const before = platform.network.sent.length;
  await expect(onA.signIn({ kind: 'signIn', username: 'bob', password: 'correct horse' })).rejects.toMatchObject({
    code: 'forbidden',
  });
  expect(stateOf(onA)).toBe('signedOut');
  expect(platform.disk.secrets.size).toBe(0);
  expect(
    platform.network.sent
      .slice(before)
      .map(({ url }) => new URL(url).pathname)
      .at(-1),
  ).toBe('/api/auth/sign-out');
});

test('one live tab: the second opens nothing, takes over when asked, and neither signs out nor sends twice', async () => {
  const tabs = new MemoryTabs();
  const first = memoryPlatform({ tabs });
  const a = serverAt(first, 'https://a.example');
  const one = await hub(first);
  const onA = await joined(one, a.origin);
  const second = memoryPlatform({ tabs, disk: first.disk, clock: first.clock, network: first.network });
  const two = await hub(second);
  expect([one.tab.get(), two.tab.get()]).toEqual(['live', 'elsewhere']);
  expect(two.servers.get()).toEqual([]);
  await expect(two.join(await found(two, a.origin), PASSWORD)).rejects.toMatchObject({ code: 'unavailable' });
  const links: string[] = [];
  one.onLink((link) => links.push(link));
  two.onLink((link) => links.push(`wrong tab: ${link}`));
  two.handOver('skerry://connect/b.example');
  expect(links).toEqual(['skerry://connect/b.example']);

  a.lies.frame = (frame) => frame.t === 'cmd';
  await onA.send({ channel: a.general, text: 'once', replyTo: null });
  await settle();
  delete a.lies.frame;
  await two.useHere();
  await first.clock.advance(5_000);
  expect([one.tab.get(), two.tab.get()]).toEqual(['elsewhere', 'live']);
  expect(two.servers.get()[0]?.state.kind).toBe('live');
  expect(a.peers.size).toBe(1);
  expect(a.model.page(a.bob, a.general, {}).messages.map(({ text }) => text)).toEqual(['once']);
});

test('T44: a locked vault shows as locked, keeps everything, and one unlocking plus a wake-up is enough', async () => {
  const disk = new MemoryDisk();
  const before = memoryPlatform({ disk });
  const a = serverAt(before, 'https://a.example');
  const first = await hub(before);
  await joined(first, a.origin);
  await first[Symbol.asyncDispose]();
  disk.locked = true;
  const secrets = JSON.stringify([...disk.secrets]);
  const after = memoryPlatform({ disk, clock: before.clock, network: before.network });
  const second = await hub(after);
  await settle();
  expect(second.servers.get()[0]).toMatchObject({ state: { kind: 'signedOut', why: 'locked' }, known: true });
  expect(JSON.stringify([...disk.secrets])).toBe(secrets);
  disk.locked = false;
  after.wake('focused');
  await after.clock.advance(3_000);
  expect(second.servers.get()[0]?.state.kind).toBe('live');
});

test('C-8: stores that cannot be opened are said, and the client starts without them', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const broken = (): Promise<never> => Promise.reject(new Error('broken'));
  const client = await hub({ ...platform, storage: { ...platform.storage, registry: broken, vault: broken } });
  expect(client.problems.get().map(({ where, what }) => [where, what])).toEqual([
    ['vault', 'locked'],
    ['registry', 'locked'],
  ]);
  await expect(client.join(await found(client, a.origin), PASSWORD)).rejects.toThrow('The vault cannot be opened');
  for (const problem of client.problems.get()) client.dismissProblem(problem);
  expect(client.problems.get()).toEqual([]);
});

test('S0.45, S2.50: a hosted client has one server, its own; it reads and writes no list, adds nothing, and asks nobody else', async () => {
  const disk = new MemoryDisk();
  const platform = memoryPlatform({ disk });
  const a = serverAt(platform, 'https://a.example');
  serverAt(platform, 'https://b.example');
  disk.registry = 'must not be read';
  const options = { mode: 'hosted', origin: a.origin } as const;
  const client = await createClient(platform, options);
  clients.push(client);
  await settle();
  const [view] = client.servers.get();
  expect(view).toMatchObject({ host: 'a.example', state: { kind: 'signedOut', why: 'never' } });
  const own = await probeOf(client, 'https://b.example');
  expect(own).toMatchObject({ ok: true, found: { origin: a.origin } });
  if (!own.ok) throw new Error('unreachable');
  await expect(client.join(own.found, PASSWORD)).rejects.toMatchObject({ code: 'forbidden' });
  await expect(client.addSignedOut(own.found)).rejects.toMatchObject({ code: 'forbidden' });
  expect(await client.importList('https://b.example')).toEqual([]);

  const handle = handleOf(client, view?.entry.id as EntryId);
  await handle.signIn(PASSWORD);
  await settle();
  expect(stateOf(handle)).toBe('live');
  await expect(handle.remove({ signOutThere: false })).rejects.toMatchObject({ code: 'forbidden' });
  await expect(handle.update({ addresses: [{ origin: 'https://b.example', note: null }] })).rejects.toMatchObject({
    code: 'forbidden',
  });
  expect(stateOf(handle)).toBe('live');
  await client[Symbol.asyncDispose]();

  const again = await createClient(memoryPlatform({ disk, clock: platform.clock, network: platform.network }), options);
  clients.push(again);
  await settle();
  expect(again.servers.get()[0]).toMatchObject({
    state: { kind: 'live' },
    entry: { key: a.key, words: a.words, account: { username: 'anna' } },
  });
  expect(disk.registry).toBe('must not be read');
  expect(platform.network.sent.every(({ url }) => url.includes('a.example'))).toBe(true);
});

test("an invite of one's server is a link that names its key; following it finds the same server, and another one at that address is refused", async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const { link } = await onA.createInvite({ expiresInMs: null, uses: 1 });
  expect(link).toBe(`https://a.example/l/join#invite=invite-code&fp=${a.fingerprint}`);
  expect((await onA.resetLink(a.bob)).link).toBe(`https://a.example/l/reset#code=reset-code&fp=${a.fingerprint}`);
  expect(await probeOf(client, link)).toMatchObject({
    ok: true,
    found: { invite: 'invite-code', matchesLink: true, existing: [onA.id], words: a.words },
  });
  serverAt(platform, 'https://a.example');
  expect(await probeOf(client, link)).toEqual({
    ok: false,
    step: 'identity',
    failure: { kind: 'identity', why: 'otherKey' },
  });
});

test('S0.41: the ladder says which step failed and why, and sends nothing over plain http unless the person allows it', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const failure = async (input: string, allowPlain = false): Promise<unknown> => {
    const result = await probeOf(client, input, allowPlain);
    return result.ok ? 'ok' : [result.step, result.failure];
  };
  expect(await failure('')).toEqual(['address', { kind: 'address', problem: 'empty' }]);
  expect(await failure('https://u@a.example')).toEqual(['address', { kind: 'address', problem: 'has_credentials' }]);
  expect(await failure('https://gone.example')).toEqual(['reachable', { kind: 'unreachable' }]);
  platform.setOnline(false);
  expect(await failure('https://gone.example')).toEqual(['reachable', { kind: 'offline' }]);
  platform.setOnline(true);
  const before = platform.network.sent.length;
  expect(await failure('http://lan.example')).toEqual([
    'secure',
    { kind: 'notEncrypted', origin: 'http://lan.example' },
  ]);
  expect(platform.network.sent).toHaveLength(before);

  a.lies.http = () => ({ status: 200, contentType: 'text/html', text: '<html>' });
  expect(await failure('a.example')).toEqual(['reachable', { kind: 'notSkerry', status: 200 }]);
  a.lies.http = () => json(200, { status: 'ok' });
  expect(await failure('a.example')).toEqual(['reachable', { kind: 'notSkerry', status: 200 }]);
  a.lies.http = () => ({ status: 301, contentType: '', text: '' });
  expect(await failure('a.example')).toEqual(['reachable', { kind: 'redirected' }]);
  a.lies.http = () => json(403, { error: new SkerryError('origin_refused').toBody() });
  expect(await failure('a.example')).toEqual(['reachable', { kind: 'refusedOrigin' }]);
  a.lies.http = () => ({ status: 502, contentType: 'text/html', text: '' });
  expect(await failure('a.example')).toEqual(['reachable', { kind: 'serverError', status: 502 }]);
  delete a.lies.http;
  a.protocol = { min: 7, max: 9 };
  expect(await failure('a.example')).toEqual(['compatible', { kind: 'incompatible', older: 'client' }]);
  a.protocol = { min: 1, max: 1 };
  a.lies.proof = (honest) => ({ ...honest, signature: 'A'.repeat(86) });
  expect(await failure('a.example')).toEqual(['identity', { kind: 'identity', why: 'badSignature' }]);
  delete a.lies.proof;
  expect(await failure('a.example')).toBe('ok');
  expect(JSON.stringify(platform.network.sent)).not.toMatch(/authorization|token|password/i);
  const lan = new FakeServer('http://lan.example', { now: () => 0 });
  platform.network.serve(lan.origin, lan);
  expect(await failure('lan.example')).toEqual(['reachable', { kind: 'unreachable' }]);
  expect(await failure('lan.example', true)).toBe('ok');
});

test("S1.3, C12, T8: own label, else the server's name without what turns a line around, else the host; equal names are pointed out", async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example:8443')];
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  expect(await found(client, b.origin)).toMatchObject({ sameName: true });
  const onB = await joined(client, b.origin);
  expect(client.servers.get().map(({ label, ambiguousName }) => [label, ambiguousName])).toEqual([
    ['Model', true],
    ['Model', true],
  ]);
  await onA.update({ label: 'Family' });
  expect(onA.view.get()).toMatchObject({ label: 'Family', host: 'a.example', ambiguousName: false });
  expect(onB.view.get()).toMatchObject({ host: 'b.example:8443', ambiguousName: false });
});

test('S0.10, S0.11, S0.15, S0.16, T10: an entry moves to another address of the same server, which the next request and the next socket go to, and a host that was encrypted never loses that', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  for (const origin of ['http://a.example', 'https://u@a.example', 'https://new.example/path', 'nonsense']) {
    await expect(onA.update({ addresses: [{ origin, note: null }] })).rejects.toMatchObject({ code: 'bad_request' });
  }
  await expect(onA.update({ addresses: [] })).rejects.toMatchObject({ code: 'bad_request' });
  platform.network.serve('https://new.example', a);
  const before = platform.network.sent.length;
  await onA.update({ addresses: [{ origin: 'https://new.example', note: 'moved' }] });
  await settle();
  expect(stateOf(onA)).toBe('live');
  expect(onA.view.get()).toMatchObject({ host: 'new.example', entry: { serverId: a.serverId } });
  await onA.sessions();
  const after = platform.network.sent.slice(before);
  expect(after.filter(({ kind }) => kind === 'dial').map(({ url }) => url)).toEqual(['wss://new.example/api/socket']);
  expect(after.map(({ url }) => url)).toContain(`https://new.example${ROUTES.sessions.path}`);
  // The old address is told nothing any more: only its open socket is closed.
  expect(after.filter(({ url }) => url.includes('a.example'))).toEqual([]);
});

test('an address that is added to a server that is away is tried at once', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  platform.network.serve(a.origin, undefined);
  a.closeAll(1006);
  await platform.clock.advance(1_200_000);
  expect(stateOf(onA)).toBe('waiting');
  platform.network.serve('https://new.example', a);
  const { addresses } = onA.view.get().entry;
  await onA.update({ addresses: [...addresses, { origin: 'https://new.example', note: null }] });
  await settle();
  expect(stateOf(onA)).toBe('live');
});

test('an address that is added to a server that is live changes nothing', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const since = onA.state.get();
  const { addresses } = onA.view.get().entry;
  await onA.update({ addresses: [...addresses, { origin: 'https://new.example', note: null }] });
  await settle();
  expect(onA.state.get()).toBe(since);
});

test('P-15: where another server answers, the right address or another look leads on, and nothing has to be accepted', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  serverAt(platform, 'https://a.example');
  a.closeAll(1006);
  await platform.clock.advance(3_000);
  expect(stateOf(onA)).toBe('identityChanged');

  platform.network.serve('https://moved.example', a);
  await onA.update({ addresses: [{ origin: 'https://moved.example', note: null }] });
  await settle();
  expect(stateOf(onA)).toBe('live');

  const impostor = serverAt(platform, 'https://moved.example');
  a.closeAll(1006);
  await platform.clock.advance(3_000);
  onA.lookAgain();
  await settle();
  expect(onA.state.get()).toMatchObject({ kind: 'identityChanged', seenKey: impostor.key });
  platform.network.serve('https://moved.example', a);
  onA.lookAgain();
  await settle();
  expect(stateOf(onA)).toBe('live');
});

test('S0.5, S2.43, S1.30: what is connected is counted over enabled servers, what is unread on each, mentions over those that are not muted', async () => {
  const platform = memoryPlatform();
  const servers = ['https://a.example', 'https://b.example', 'https://c.example'].map((origin) =>
    serverAt(platform, origin),
  );
  const client = await hub(platform);
  const handles = [];
  for (const { origin } of servers) handles.push(await joined(client, origin));
  const [a, b] = servers;
  const [onA, onB] = handles;
  if (a === undefined || b === undefined || onA === undefined || onB === undefined) throw new Error('three were made');
  for (const server of [a, b])
    server.model.run(server.bob, server.model.id(), {
      kind: 'message.send',
      channel: server.general,
      text: `hello <@${server.anna}>`,
      replyTo: null,
    });
  await settle();
  expect(client.fleet.get()).toEqual({ connected: 3, total: 3, deviceOnline: true, mentions: 2 });
  expect(client.servers.get().map(({ unread }) => unread)).toEqual([true, true, false]);
  expect(
    client.inbox
      .get()
      .rows.map(({ entryId }) => entryId)
      .toSorted(),
  ).toEqual([onA.id, onB.id].toSorted());
  await onB.update({ muted: true });
  platform.network.serve(b.origin, undefined);
  b.closeAll(1006);
  await settle();
  expect(client.fleet.get()).toEqual({ connected: 2, total: 3, deviceOnline: true, mentions: 1 });
  expect(client.inbox.get().stale.map(({ entryId }) => entryId)).toEqual([onB.id]);
});

test('S2.13, C13: what the person looks at and what is the default are two things, and turning to a server that waits tries it soon', async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example')];
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const onB = await joined(client, b.origin);
  expect(client.primary.get()).toBe(onA.id);
  client.focus(onB.id);
  expect([client.focused.get(), client.primary.get()]).toEqual([onB.id, onA.id]);
  await client.setPrimary(onB.id);
  expect(client.primary.get()).toBe(onB.id);
  platform.network.serve(a.origin, undefined);
  a.closeAll(1006);
  await platform.clock.advance(1_200_000);
  platform.network.serve(a.origin, a);
  client.focus(onA.id);
  await platform.clock.advance(3_000);
  expect(stateOf(onA)).toBe('live');
});

test('S0.8, S0.18: an id that nobody has, or that was removed, is not what one looks at; the list and its default are what is kept', async () => {
  const platform = memoryPlatform();
  const [a, b] = [serverAt(platform, 'https://a.example'), serverAt(platform, 'https://b.example')];
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  const onB = await joined(client, b.origin);
  client.focus(onB.id);
  client.focus('01890000-0000-7000-8000-00000000ffff' as EntryId);
  expect(client.focused.get()).toBeUndefined();
  client.focus(onB.id);
  expect(client.focused.get()).toBe(onB.id);
  await onB.remove({ signOutThere: false });
  await settle();
  expect(client.focused.get()).toBeUndefined();
  // What is kept is the list and its default; what one looked at is a matter of the moment.
  expect(client.primary.get()).toBe(onA.id);
  const kept = JSON.parse(platform.disk.registry ?? '') as { entries: { id: string }[]; primary: string };
  expect([kept.entries.map(({ id }) => id), kept.primary]).toEqual([[onA.id], onA.id]);
});

test('S1.24: five servers cost a socket and a ping now and then each, and what is wrong with one stands at that one', async () => {
  const platform = memoryPlatform();
  const servers = ['a', 'b', 'c', 'd', 'e'].map((name) => serverAt(platform, `https://${name}.example`));
  const client = await hub(platform);
  const handles: ServerHandle[] = [];
  for (const { origin } of servers) handles.push(await joined(client, origin));
  await platform.clock.advance(60_000);
  const timers = platform.clock.waiting;
  const before = platform.network.sent.length;
  const hour = 3_600_000;
  await platform.clock.advance(hour);
  const sent = platform.network.sent.slice(before);
  expect(sent.filter((one) => one.kind !== 'frame' || !one.text.startsWith('{"t":"ping"'))).toEqual([]);
  expect(sent.length).toBeLessThanOrEqual((servers.length * hour) / 20_000);
  expect(servers.map(({ peers }) => peers.size)).toEqual([1, 1, 1, 1, 1]);
  // Nothing piles up, and nothing ticks.
  expect(platform.clock.waiting).toBe(timers);
  expect(timers).toBeLessThanOrEqual(servers.length * 3);

  const [, , third] = servers;
  if (third === undefined) throw new Error('five were made');
  const histories = handles.map(({ history }) => history.get());
  platform.network.serve(third.origin, undefined);
  third.closeAll(1006);
  await platform.clock.advance(hour);
  expect(client.servers.get().map(({ state }) => ('cause' in state ? state.cause.kind : state.kind))).toEqual([
    'live',
    'live',
    'unreachable',
    'live',
    'live',
  ]);
  for (const [index, { history }] of handles.entries())
    if (index === 2) expect(history.get().some(({ cause }) => cause?.kind === 'unreachable')).toBe(true);
    else expect(history.get()).toBe(histories[index]);
});

test('S2.29: each entry has a state of its own, kept by its id', async () => {
  const platform = memoryPlatform();
  const servers = ['a', 'b', 'c', 'd'].map((name) => serverAt(platform, `https://${name}.example`));
  const client = await hub(platform);
  const handles: ServerHandle[] = [];
  for (const { origin } of servers) handles.push(await joined(client, origin));
  const [, b, c, d] = servers;
  await handles[1]?.pause();
  c?.revokeAll();
  if (d !== undefined) platform.network.serve(d.origin, undefined);
  for (const server of [b, c, d]) server?.closeAll(1006);
  await platform.clock.advance(1_500);
  const states = Object.fromEntries(client.servers.get().map(({ entry, state }) => [entry.id, state.kind]));
  expect(states).toEqual(
    Object.fromEntries(handles.map(({ id }, index) => [id, ['live', 'disabled', 'signedOut', 'waiting'][index]])),
  );
  expect(client.fleet.get()).toMatchObject({ connected: 1, total: 3 });
  for (const handle of handles) expect(client.server(handle.id)?.state.get().kind).toBe(states[handle.id]);
});

test('an entry can be added without signing in, and its later sign-in gives it its account', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const id = await client.addSignedOut(await found(client, a.origin));
  expect(await client.addSignedOut(await found(client, a.origin))).toBe(id);
  await settle();
  const onA = handleOf(client, id);
  expect(onA.state.get()).toMatchObject({ kind: 'signedOut', why: 'never' });
  await onA.signIn(PASSWORD);
  await settle();
  expect(stateOf(onA)).toBe('live');
  expect(onA.view.get().entry.account).toMatchObject({ id: a.anna, username: 'anna' });
});

test('C4: an entry without an account does not become a second one of an account that is in the list', async () => {
  const disk = new MemoryDisk();
  const platform = memoryPlatform({ disk });
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const first = await joined(client, a.origin);
  const id = await client.addSignedOut(await found(client, a.origin));
  await settle();
  const second = handleOf(client, id);
  await expect(second.signIn(PASSWORD)).rejects.toMatchObject({ code: 'forbidden' });
  expect(second.view.get().entry.account).toBeNull();
  expect(platform.network.sent.filter(({ url }) => url.endsWith('/api/auth/sign-out'))).toHaveLength(1);
  expect(stateOf(first)).toBe('live');
  // As somebody else it may well be used.
  await second.signIn({ kind: 'signIn', username: 'bob', password: 'correct horse' });
  await settle();
  expect(stateOf(second)).toBe('live');
  expect(client.problems.get()).toEqual([]);
});

test('C-8: what the person asked for and could not be stored is not said to be done', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  let isFull = false;
  const registry = async (): Promise<RegistryStore> => {
    const store = await createMemoryStorage(platform.disk).registry();
    return { ...store, save: (value) => (isFull ? Promise.reject(new StoreFull('full')) : store.save(value)) };
  };
  const client = await hub({ ...platform, storage: { ...platform.storage, registry } });
  const onA = await joined(client, a.origin);
  isFull = true;
  await expect(onA.pause()).rejects.toThrow(StoreFull);
  await expect(onA.update({ muted: true })).rejects.toThrow(StoreFull);
  expect(stateOf(onA)).toBe('live');
  expect(onA.view.get().entry).toMatchObject({ enabled: true, muted: false });
  isFull = false;
  await onA.pause();
  expect(stateOf(onA)).toBe('disabled');
});

test('C19: what waits on a server one signed out of no longer counts as waiting', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  a.model.run(a.bob, a.model.id(), {
    kind: 'message.send',
    channel: a.general,
    text: `hello <@${a.anna}>`,
    replyTo: null,
  });
  await settle();
  expect(onA.view.get()).toMatchObject({ mentions: 1, unread: true });
  await onA.signOut('keep');
  expect(onA.view.get()).toMatchObject({ mentions: 0, unread: false });
  expect(client.fleet.get().mentions).toBe(0);
  await onA.signIn(PASSWORD);
  await settle();
  expect(onA.view.get()).toMatchObject({ mentions: 1, unread: true });
});

test('S0.45: a hosted client whose server was set up anew can begin anew, once the person compared the words', async () => {
  const disk = new MemoryDisk();
  const platform = memoryPlatform({ disk });
  const a = serverAt(platform, 'https://a.example');
  const client = await createClient(platform, { mode: 'hosted', origin: a.origin });
  clients.push(client);
  await settle();
  const handle = handleOf(client, client.servers.get()[0]?.entry.id as EntryId);
  await handle.signIn(PASSWORD);
  await settle();
  const old = [...disk.secrets.values()].join();
  const anew = serverAt(platform, 'https://a.example');
  a.closeAll(1006);
  await platform.clock.advance(3_000);
  expect(handle.state.get()).toMatchObject({ kind: 'identityChanged', seenKey: anew.key });
  const from = platform.network.sent.length;
  await handle.acceptIdentity(anew.key);
  await settle();
  expect(handle.state.get()).toMatchObject({ kind: 'signedOut', why: 'never' });
  expect(handle.view.get().entry).toMatchObject({ serverId: anew.serverId, key: anew.key, account: null });
  expect(handle.channels.get()).toEqual([]);
  expect(JSON.stringify(platform.network.sent.slice(from))).not.toMatch(/Bearer|refreshToken/);
  expect(old).not.toBe('');
  await handle.signIn(PASSWORD);
  await settle();
  expect(stateOf(handle)).toBe('live');
});

test('a hosted client whose vault cannot be read starts all the same, and says so', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const vault = async (): Promise<VaultStore> => ({
    ...(await platform.storage.vault()),
    get: () => Promise.reject(new StoreBroken('cannot be read')),
  });
  const client = await createClient(
    { ...platform, storage: { ...platform.storage, vault } },
    { mode: 'hosted', origin: a.origin },
  );
  clients.push(client);
  expect(client.tab.get()).toBe('live');
  expect(client.servers.get()).toHaveLength(1);
  expect(client.problems.get()).toContainEqual({ where: 'vault', entryId: null, what: 'locked' });
});

test('a command that cannot be queued fails at once when the server is not there', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const onA = await joined(client, a.origin);
  await expect(onA.run({ kind: 'channel.archive', channel: a.general, archived: true })).resolves.toMatchObject({
    n: expect.any(Number),
  });
  a.lies.refuseUpgrade = true;
  a.closeAll(1006);
  await settle();
  await expect(onA.run({ kind: 'channel.archive', channel: a.general, archived: false })).rejects.toMatchObject({
    code: 'unavailable',
  });
});

test('disposing leaves no timer and no socket behind', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  await joined(client, a.origin);
  await client[Symbol.asyncDispose]();
  await settle();
  expect(a.peers.size).toBe(0);
  expect(platform.clock.waiting).toBe(0);
});

test('P-17: a link is about the entry with its key, whatever address it names, and about none with another key', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  serverAt(platform, 'https://b.example');
  const client = await hub(platform);
  const handle = await joined(client, a.origin);
  const { id } = handle;
  const about = await handle.linkTo(
    '01890000-0000-7000-8000-000000000001' as ChannelId,
    '01890000-0000-7000-8000-000000000002' as MessageId,
  );
  const parsed = parseLink(about);
  if (!parsed.ok) throw new Error('the link is none');
  expect(parsed.link).toMatchObject({ kind: 'open', address: { origin: a.origin } });
  expect(await client.entryOfLink(parsed.link)).toBe(id);
  const moved = parseLink(about.replace('a.example', 'other.example'));
  const foreign = parseLink(about.replace(/fp=[^&]+/, `fp=${'A'.repeat(43)}`));
  const elsewhere = parseLink(about.replace('a.example', 'b.example').replace(/&?fp=[^&]+/, ''));
  if (!moved.ok || !foreign.ok || !elsewhere.ok) throw new Error('the link is none');
  expect(await client.entryOfLink(moved.link)).toBe(id);
  expect(await client.entryOfLink(foreign.link)).toBeUndefined();
  expect(await client.entryOfLink(elsewhere.link)).toBeUndefined();
});

test('muting a server for a while ends by itself, also when the time is over at the next start', async () => {
  const platform = memoryPlatform();
  const a = serverAt(platform, 'https://a.example');
  const client = await hub(platform);
  const handle = await joined(client, a.origin);
  const isMuted = (of: SkerryClient): boolean | undefined => of.servers.get()[0]?.entry.muted;
  await handle.update({ muted: true, mutedUntil: platform.clock.now() + 3_600_000 });
  await platform.clock.advance(3_599_000);
  expect(isMuted(client)).toBe(true);
  await platform.clock.advance(2_000);
  await settle();
  expect(isMuted(client)).toBe(false);
  await handle.update({ muted: true, mutedUntil: platform.clock.now() + 3_600_000 });
  await client[Symbol.asyncDispose]();
  await platform.clock.advance(4_000_000);
  const again = await hub(platform);
  await platform.clock.advance(0);
  await settle();
  expect(isMuted(again)).toBe(false);
});
