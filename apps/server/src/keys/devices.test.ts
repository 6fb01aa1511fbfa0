import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { curveKey, KeyedAccount, SigningKey, TestDevice } from '../testing/keyed-account.ts';
import { SocketClient } from '../testing/socket-client.ts';
import { TestServer } from '../testing/test-server.ts';

let server: TestServer;
let ada: KeyedAccount;
let ben: KeyedAccount;

beforeAll(async () => {
  server = await TestServer.start();
  ada = await KeyedAccount.create(server, 'ada');
  ben = await KeyedAccount.create(server, 'ben');
});
afterAll(() => server[Symbol.asyncDispose]());

const bind = (session: { accessToken: string }, body: ReturnType<TestDevice['binding']>) =>
  server.call('bindDevice', { token: session.accessToken, body });
const own = async (token: string) => (await server.ask('ownDevices', { token })).devices;

describe('a device (E-2)', () => {
  it('gets the next number of its account, and the same one for the same key', async () => {
    const { serverId } = server.running;
    const first = await ada.addDevice();
    const second = await ada.addDevice();
    expect([first.number, second.number]).toEqual([2, 3]);
    expect(ben.device.number).toBe(1);
    const later = await ada.signIn();
    expect((await bind(later, first.binding(serverId, later))).body).toEqual({ device: 2 });
    const named = await ada.signIn();
    expect((await bind(named, first.binding(serverId, named, 2))).body).toEqual({ device: 2 });
    expect((await bind(named, first.binding(serverId, named))).body).toEqual({ device: 2 });
  });

  it('ends the session it had before, sockets and all', async () => {
    const device = await ada.addDevice();
    const before = device.session;
    using socket = await SocketClient.open(`${server.running.url.replace('http', 'ws')}/api/socket`);
    await socket.signIn(before.accessToken);
    await device.bind(server, await ada.signIn());
    expect((await server.call('snapshot', { token: before.accessToken })).code).toBe('session_revoked');
    expect(await socket.closed).toMatchObject({ code: 4401 });
    expect((await server.call('snapshot', { token: device.accessToken })).status).toBe(200);
  });

  it('is tied to this session of this account on this server, by its own signature', async () => {
    const { serverId } = server.running;
    const session = await ada.signIn();
    const device = new TestDevice();
    const good = device.binding(serverId, session);
    const wrong = [
      device.binding(serverId, ada.who),
      device.binding('another server', session),
      device.binding(serverId, { ...session, account: ben.who.account }),
      { ...good, signKey: new SigningKey().publicKey },
      { ...good, identityKey: curveKey() },
      { ...good, registrationId: device.registrationId === 1 ? 2 : 1 },
    ];
    for (const body of wrong) expect((await bind(session, body)).code).toBe('bad_request');
    expect((await own(session.accessToken)).some(({ signKey }) => signKey === device.key.publicKey)).toBe(false);
    expect((await bind(session, good)).status).toBe(200);
  });

  it('is nobody else’s, and no number can be chosen', async () => {
    const { serverId } = server.running;
    const session = await ada.signIn();
    const device = new TestDevice();
    expect((await bind(session, device.binding(serverId, session, 77))).code).toBe('no_device');
    expect((await bind(session, device.binding(serverId, session, 1))).code).toBe('no_device');
    // Ben's device, were its key in ada's hands: another account's numbers are not looked at.
    const numbers = (await own(ada.accessToken)).map((d) => d.device);
    const { device: given } = (await bind(session, ben.device.binding(serverId, session))).body;
    expect(given).toBe(Math.max(...numbers) + 1);
  });

  it('keeps the keys it came with', async () => {
    const device = await ada.addDevice();
    const session = await ada.signIn();
    const changed = Object.assign(new TestDevice(), { key: device.key });
    expect((await bind(session, changed.binding(server.running.serverId, session))).code).toBe('no_device');
  });

  it('is one for each session', async () => {
    const session = await ada.signIn();
    await ada.addDevice(session);
    const other = new TestDevice();
    expect((await bind(session, other.binding(server.running.serverId, session))).code).toBe('no_device');
  });

  it('with an identity of another kind of key is refused', async () => {
    const session = await ada.signIn();
    const device = Object.assign(new TestDevice(), { identityKey: `AA${curveKey().slice(2)}` });
    expect((await bind(session, device.binding(server.running.serverId, session))).code).toBe('bad_request');
  });

  it('is shown to its own account alone, with what is known of it', async () => {
    const cat = await KeyedAccount.create(server, 'cat', 3);
    const second = await cat.addDevice();
    const devices = await own(cat.accessToken);
    expect(devices).toMatchObject([
      { device: 1, sessionId: cat.who.sessionId, oneTimeLeft: 3, signedPreKeyId: 1, kyberPreKeyId: 1 },
      { device: 2, sessionId: second.session.sessionId, oneTimeLeft: 0, signedPreKeyId: null, kyberPreKeyId: null },
    ]);
    await server.ask('signOut', { token: second.accessToken, body: {} });
    expect((await own(cat.accessToken))[1]).toMatchObject({ device: 2, sessionId: null });
  });

  it('is renamed by its own account alone', async () => {
    const dan = await KeyedAccount.create(server, 'dan');
    const rename = (token: string, device: string) =>
      server.call('renameDevice', { token, params: { device }, body: { label: 'Kitchen' } });
    expect((await rename(dan.accessToken, '1')).status).toBe(200);
    expect((await own(dan.accessToken)).map(({ label }) => label)).toEqual(['Kitchen']);
    expect((await rename(dan.accessToken, '2')).code).toBe('not_found');
    expect((await rename(dan.accessToken, '0')).code).toBe('bad_request');
    expect((await own(ada.accessToken)).map(({ label }) => label)).not.toContain('Kitchen');
    const { sessions } = await server.ask('sessions', { token: dan.accessToken });
    expect(sessions.map(({ device }) => device)).toEqual(['Kitchen']);
  });
});
