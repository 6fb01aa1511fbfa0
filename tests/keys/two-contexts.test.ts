import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeysState, PersonState, ServerHandle } from '@skerry/core';
import { Member } from '../harness/member.ts';
import { call, passwordOf, signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { eventually, until } from '../harness/watch.ts';

type Kind<T extends { kind: string }, K extends T['kind']> = Extract<T, { kind: K }>;

const keysOf = <K extends KeysState['kind']>(handle: ServerHandle, kind: K): Promise<Kind<KeysState, K>> =>
  until(handle.keys.state, (state): state is Kind<KeysState, K> => state.kind === kind, 20_000);
const personOf = <K extends PersonState['kind']>(member: Member, kind: K): Promise<Kind<PersonState, K>> =>
  until(member.client.person.state, (state): state is Kind<PersonState, K> => state.kind === kind, 20_000);

/** S4.24 to S4.26: contexts of one person at the same time, against real servers. */
describe('Keys of one person on two servers', () => {
  let harbour: RealServer;
  let lighthouse: RealServer;

  beforeAll(async () => {
    [harbour, lighthouse] = await Promise.all([startReal(), startReal()]);
    await Promise.all([harbour, lighthouse].map((server) => signUp(server.origin, 'owner', server.setupCode)));
  });
  afterAll(async () => {
    await Promise.all([harbour, lighthouse].map((server) => server?.[Symbol.asyncDispose]()));
  });

  const registerByKey = (member: Member, server: RealServer, username: string): Promise<ServerHandle> =>
    member.join(server.origin, username, {
      credentials: { kind: 'registerByKey', username, displayName: username, code: null, password: null },
    });
  const signInByKey = (member: Member, server: RealServer): Promise<ServerHandle> =>
    member.join(server.origin, 'by key', { credentials: { kind: 'signInByKey' } });

  it('S4.7, S4.26, S4.31: come in at once, each with a device, an identity and an account key of its own', async () => {
    await using anna = await Member.start();
    await anna.client.person.create();
    const [a, b] = await Promise.all([registerByKey(anna, harbour, 'anna'), registerByKey(anna, lighthouse, 'anna')]);
    const states = await Promise.all([keysOf(a, 'ready'), keysOf(b, 'ready')]);
    // The same number on both: nothing may be kept by it alone.
    expect(states.map(({ device }) => device)).toEqual([1, 1]);
    const seen = [a, b].map((handle) => handle.keys.devices.get());
    for (const devices of seen) expect(devices).toMatchObject([{ isThis: true, standing: 'listed', signedIn: true }]);

    const bodies = anna.wire.lines.flatMap((line) =>
      line.way === 'http' && line.body !== null
        ? [{ url: line.url, body: JSON.parse(line.body) as Record<string, unknown> }]
        : [],
    );
    const at = (server: RealServer, path: string) =>
      bodies.filter(({ url }) => url === `${server.origin}${path}`).map(({ body }) => body);
    const of = (server: RealServer) => {
      const binding = at(server, '/api/keys/device')[0] as { signKey: string; identityKey: string };
      const { proof } = at(server, '/api/auth/key/register')[0] as { proof: { publicKey: string; origin: string } };
      return { ...binding, accountKey: proof.publicKey, origin: proof.origin };
    };
    const [onA, onB] = [of(harbour), of(lighthouse)];
    for (const key of ['signKey', 'identityKey', 'accountKey', 'origin'] as const) expect(onA[key]).not.toBe(onB[key]);
    expect([onA.origin, onB.origin]).toEqual([harbour.origin, lighthouse.origin]);
    // S4.33: nothing of one server was ever sent to the other.
    const sentTo = (server: RealServer) =>
      JSON.stringify(
        anna.wire.lines.filter((line) => line.way !== 'down' && line.url.includes(new URL(server.origin).host)),
      );
    for (const secret of [onA.signKey, onA.identityKey, onA.accountKey]) {
      expect(sentTo(harbour)).toContain(secret);
      expect(sentTo(lighthouse)).not.toContain(secret);
    }
  });

  it('S4.24: first the sign-in, then the device, then its keys, then what the socket brings', async () => {
    await using bea = await Member.start();
    await bea.client.person.create();
    const handle = await registerByKey(bea, harbour, 'bea');
    await keysOf(handle, 'ready');
    const steps = bea.wire.lines.flatMap((line) => {
      if (line.way === 'dial') return ['dial'];
      if (line.way !== 'http') return [];
      const path = new URL(line.url).pathname;
      return ['/api/auth/key/register', '/api/keys/device', '/api/keys/prekeys', '/api/to-device'].includes(path)
        ? [path]
        : [];
    });
    expect(steps.slice(0, 4)).toEqual(['/api/auth/key/register', '/api/keys/device', 'dial', '/api/keys/prekeys']);
    expect(steps.filter((step) => step === 'dial')).toHaveLength(1);
    const { accessToken } = await call(harbour.origin, 'signIn', {
      body: { username: 'owner', password: passwordOf('owner'), device: 'Test' },
    });
    const { accounts } = await call(harbour.origin, 'deviceLists', {
      token: accessToken,
      body: { accounts: [{ account: handle.me.get()!.id, after: 0 }] },
    });
    expect(accounts[0]?.lists).toMatchObject([{ version: 1, devices: [{ device: 1 }] }]);
  });

  it('S4.25: a restart goes on with the same device, publishes nothing again, and signs no second list', async () => {
    const carla = await Member.start();
    await carla.client.person.create();
    const first = await registerByKey(carla, harbour, 'carla');
    await keysOf(first, 'ready');
    await using again = await carla.restart();
    const handle = again.handle(first.id);
    expect(await keysOf(handle, 'ready')).toEqual({ kind: 'ready', device: 1 });
    await again.whenLive(handle);
    await until(handle.keys.devices, (devices) => devices.length === 1);
    const paths = again.wire.lines.map((line) => (line.way === 'http' ? new URL(line.url).pathname : line.way));
    expect(paths).toContain('/api/keys/lists');
    expect(paths).not.toContain('/api/keys/prekeys');
    expect(paths).not.toContain('/api/keys/device');
    expect(paths).not.toContain('/api/commands');
  });

  it('the words bring a second device in by key; each sees the other, and one taken off is signed out within 2 s (I12, E-10)', async () => {
    await using old = await Member.start();
    await old.client.person.create();
    const [a, b] = await Promise.all([registerByKey(old, harbour, 'dora'), registerByKey(old, lighthouse, 'dora')]);
    await Promise.all([keysOf(a, 'ready'), keysOf(b, 'ready')]);
    await using young = await Member.start();
    const words = await old.client.person.words();
    expect(await young.client.person.enterWords(words.join(' '))).toEqual({ ok: true });
    const [a2, b2] = [await signInByKey(young, harbour), await signInByKey(young, lighthouse)];
    expect([(await keysOf(a2, 'ready')).device, (await keysOf(b2, 'ready')).device]).toEqual([2, 2]);
    expect(a2.me.get()?.id).toBe(a.me.get()?.id);
    await a.keys.reload();
    expect(a.keys.devices.get()).toMatchObject([
      { device: 1, isThis: true, standing: 'listed' },
      { device: 2, isThis: false, standing: 'listed' },
    ]);
    await a.keys.rename(2, 'Her phone');
    expect(a.keys.devices.get()[1]?.label).toBe('Her phone');

    const from = Date.now();
    await a.keys.revoke(2);
    await young.when(a2, 'signedOut', 2_000);
    expect(Date.now() - from).toBeLessThan(4_000);
    expect(a.keys.devices.get().filter(({ standing }) => standing === 'listed')).toMatchObject([{ device: 1 }]);
    // S4.29: on the other server nothing happened.
    expect(b2.state.get().kind).toBe('live');
    expect(b2.keys.state.get()).toEqual({ kind: 'ready', device: 2 });
  });

  it('S4.29: a device that is wiped takes itself off the list, where another one stays on it', async () => {
    await using old = await Member.start();
    await old.client.person.create();
    const a = await registerByKey(old, harbour, 'dina');
    await keysOf(a, 'ready');
    await using young = await Member.start();
    await young.client.person.enterWords((await old.client.person.words()).join(' '));
    const b = await signInByKey(young, harbour);
    await keysOf(b, 'ready');
    await expect(b.keys.revoke(2)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await b.signOut('wipe')).toEqual({ toldServer: true });
    await until(a.keys.devices, (devices) => devices.filter(({ standing }) => standing === 'listed').length === 1);
    // The last one stays listed: for an account without a device nobody could encrypt anything.
    expect(await a.signOut('wipe')).toEqual({ toldServer: true });
    await a.signIn({ kind: 'signInByKey' });
    expect(await keysOf(a, 'ready')).toEqual({ kind: 'ready', device: 3 });
    expect(a.keys.devices.get().map(({ device, standing }) => [device, standing])).toContainEqual([1, 'listed']);
  });

  it('"revoke as stolen" moves the account to its next key, which still signs in', async () => {
    await using old = await Member.start();
    await old.client.person.create();
    const a = await registerByKey(old, harbour, 'emma');
    await keysOf(a, 'ready');
    await using young = await Member.start();
    await young.client.person.enterWords((await old.client.person.words()).join(' '));
    await keysOf(await signInByKey(young, harbour), 'ready');
    await a.keys.revokeAsStolen(2);
    const { accessToken } = await call(harbour.origin, 'signIn', {
      body: { username: 'owner', password: passwordOf('owner'), device: 'Test' },
    });
    const { accounts } = await call(harbour.origin, 'deviceLists', {
      token: accessToken,
      body: { accounts: [{ account: a.me.get()!.id, after: 0 }] },
    });
    const lists = accounts[0]?.lists ?? [];
    expect(lists.map(({ devices }) => devices.map(({ device }) => device))).toEqual([[1], [1, 2], [1]]);
    expect(lists[2]?.succession?.from).toBe(lists[1]?.accountKey);
    expect(lists[2]?.accountKey).not.toBe(lists[1]?.accountKey);
    // A third device knows nothing of it and finds the present key by itself.
    await using third = await Member.start();
    await third.client.person.enterWords((await old.client.person.words()).join(' '));
    expect((await keysOf(await signInByKey(third, harbour), 'ready')).device).toBe(3);
  });

  it('an account made with a password gets its key when asked for it, or with the sign-in', async () => {
    await using fay = await Member.start();
    const a = await fay.join(harbour.origin, 'fay');
    expect(a.keys.state.get()).toEqual({ kind: 'off' });
    await fay.client.person.create();
    expect(await keysOf(a, 'noKey')).toEqual({ kind: 'noKey', device: 1 });
    await expect(a.keys.addKey('not the password')).rejects.toMatchObject({ code: 'credentials_wrong' });
    await a.keys.addKey(passwordOf('fay'));
    await keysOf(a, 'ready');

    await signUp(lighthouse.origin, 'fay', null);
    const b = await fay.join(lighthouse.origin, 'fay', {
      credentials: { kind: 'signIn', username: 'fay', password: passwordOf('fay'), withKey: true },
    });
    await keysOf(b, 'ready');
    await using stranger = await Member.start();
    await stranger.client.person.create();
    await expect(signInByKey(stranger, harbour)).rejects.toMatchObject({ code: 'credentials_wrong' });
    const c = await stranger.join(harbour.origin, 'fay', { signIn: true });
    await keysOf(c, 'otherPerson');
  });

  it('a new device without the words waits, is approved by its own six words, and takes the secret once the person compared', async () => {
    await using old = await Member.start();
    await old.client.person.create();
    const a = await old.join(harbour.origin, 'gina', {
      credentials: {
        kind: 'registerByKey',
        username: 'gina',
        displayName: 'Gina',
        code: null,
        password: passwordOf('gina'),
      },
    });
    await keysOf(a, 'ready');
    await using young = await Member.start();
    const b = await young.join(harbour.origin, 'gina', { signIn: true });
    expect(b.keys.state.get()).toEqual({ kind: 'off' });
    await young.client.person.startLinking();
    const { words, device } = await keysOf(b, 'waiting');
    await a.keys.reload();
    const waiting = a.keys.devices.get().find(({ standing }) => standing === 'wantsIn');
    expect(waiting).toMatchObject({ device, words });
    await expect(a.keys.approve(device, [...words].reverse())).rejects.toMatchObject({ code: 'bad_request' });
    await a.keys.approve(device, words);
    const storageKey = () => JSON.parse(young.disk.secrets.get(JSON.stringify([b.id, 'keys'])) ?? '') as { by: string };
    expect(storageKey().by).toBe('device');
    const offered = await personOf(young, 'offered');
    const { words: mine } = await personOf(old, 'ready');
    expect(offered.words).toEqual(mine);
    await young.client.person.acceptOffered();
    await keysOf(b, 'ready');
    expect(await young.client.person.words()).toEqual(await old.client.person.words());
    await eventually('the storage key is wrapped by the secret', () => storageKey().by === 'person');
    expect(young.client.person.handedServers).toContain(harbour.origin);
    // T37: the secret went to nobody but that device.
    const secrets = [...old.disk.secrets].find(([name]) => name.includes('person/1'))?.[1] ?? '';
    const { master } = JSON.parse(secrets) as { master: string };
    const hex = Buffer.from(master, 'base64url').toString('hex');
    for (const member of [old, young]) {
      const sent = JSON.stringify(member.wire.lines);
      expect(sent).toContain('/api/keys/device');
      for (const form of [master, hex]) expect(sent).not.toContain(form);
    }
  });

  it('a passphrase locks the keys of all servers and nothing else; unlocking opens them again, and a restart locks', async () => {
    const ida = await Member.start();
    await ida.client.person.create();
    const [a, b] = await Promise.all([registerByKey(ida, harbour, 'ida'), registerByKey(ida, lighthouse, 'ida')]);
    await Promise.all([keysOf(a, 'ready'), keysOf(b, 'ready')]);
    await ida.client.person.setPassphrase('three old lanterns');
    await ida.client.person.lock();
    await Promise.all([keysOf(a, 'locked'), keysOf(b, 'locked')]);
    expect([a.state.get().kind, b.state.get().kind]).toEqual(['live', 'live']);
    await expect(a.keys.exportBackup()).rejects.toMatchObject({ code: 'forbidden' });
    expect(await ida.client.person.unlock('three old lanterns')).toBe(true);
    expect(await Promise.all([keysOf(a, 'ready'), keysOf(b, 'ready')])).toMatchObject([{ device: 1 }, { device: 1 }]);
    await using again = await ida.restart();
    const later = again.handle(a.id);
    await again.whenLive(later);
    expect(later.keys.state.get()).toEqual({ kind: 'locked' });
    await expect(later.signIn({ kind: 'signInByKey' })).rejects.toMatchObject({ code: 'forbidden' });
  }, 60_000);

  it('S4.29: signing out with everything wiped makes the device another one; forgetting the words closes what they sealed', async () => {
    await using hana = await Member.start();
    await hana.client.person.create();
    const a = await registerByKey(hana, harbour, 'hana');
    await keysOf(a, 'ready');
    await a.signOut('wipe');
    await a.signIn({ kind: 'signInByKey' });
    expect((await until(a.keys.state, (state) => state.kind === 'ready')) as unknown).toEqual({
      kind: 'ready',
      device: 2,
    });
    const words = await hana.client.person.words();
    await hana.client.person.forget();
    expect((await keysOf(a, 'off')).kind).toBe('off');
    await hana.client.person.create();
    expect(await keysOf(a, 'broken')).toEqual({ kind: 'broken', reason: 'storage' });
    await hana.client.person.forget();
    await hana.client.person.enterWords(words.join(' '));
    expect(await keysOf(a, 'ready')).toEqual({ kind: 'ready', device: 2 });
  });
});
