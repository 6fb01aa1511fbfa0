import path from 'node:path';
import type { DeviceList } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDriver } from '../db/driver.ts';
import { DATABASE_FILE } from '../server/data-files.ts';
import { digestOf, KeyedAccount, prekeys, SigningKey, type TestDevice } from '../testing/keyed-account.ts';
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

let made = 0;
/** A person with two devices, both on the second list. */
async function pair(): Promise<{ person: KeyedAccount; first: TestDevice; second: TestDevice }> {
  const person = await KeyedAccount.create(server, `person${++made}`);
  const second = await person.addDevice();
  await person.setDevices([person.device, second]);
  return { person, first: person.device, second };
}

const set = (person: KeyedAccount, list: DeviceList, by: { accessToken: string } = person) =>
  server.run(by, { kind: 'devices.set', list });
const listsOf = (token: string, ...accounts: { account: string; after: number }[]) =>
  server.ask('deviceLists', { token, body: { accounts } });

describe('a device list (E-3)', () => {
  it('is taken when it follows, told to everyone by its version, and given as it was signed', async () => {
    const { person, first } = await pair();
    using socket = await SocketClient.open(`${server.running.url.replace('http', 'ws')}/api/socket`);
    await socket.signIn(ben.accessToken);
    const result = await person.setDevices([first]);
    await socket.marked(result.seq);
    const event = socket.events.find(({ seq }) => seq === result.seq);
    expect(event).toMatchObject({ kind: 'account', account: { id: person.id, devices: 3, rev: result.n } });
    const { accounts } = await listsOf(ben.accessToken, { account: person.id, after: 2 });
    expect(accounts).toEqual([{ account: person.id, lists: [person.list], more: false }]);
  });

  it('names its account, the next version, the list before and its account key, or is refused', async () => {
    const { person, first, second } = await pair();
    const next = (changes: Partial<DeviceList>) => person.nextList([first, second], person.key, changes);
    const { serverId } = server.running;
    const forged = person.nextList([first, second], new SigningKey(), { succession: null });
    const wrong: DeviceList[] = [
      next({ account: ben.id }),
      next({ version: 2 }),
      next({ version: 4 }),
      next({ previous: null }),
      next({ previous: digestOf(serverId, { ...(person.list as DeviceList), at: 1 }) }),
      next({ signature: person.list?.signature ?? '' }),
      next({ accountKey: ben.key.publicKey }),
      forged,
      { ...next({}), at: 1 },
      { ...next({}), devices: [first.listed] },
    ];
    for (const list of wrong) {
      const answered = await set(person, list);
      expect([answered.code, answered.body]).toEqual(['list_refused', expect.anything()]);
    }
    const { accounts } = await listsOf(ada.accessToken, { account: person.id, after: 0 });
    expect(accounts[0]?.lists.map(({ version }) => version)).toEqual([1, 2]);
    expect((await set(person, next({}))).status).toBe(200);
  });

  it('is one of two that come at once', async () => {
    const { person, first, second } = await pair();
    const both = await Promise.all([
      set(person, person.nextList([first]), first),
      set(person, person.nextList([first, second]), first),
    ]);
    expect(both.map(({ code }) => code).sort()).toEqual(['list_refused', undefined]);
  });

  it('of an account without a key is refused', async () => {
    const eve = await server.register(`plain${++made}`, null);
    const list = ben.nextList([], ben.key, { account: eve.account.id, version: 1, previous: null });
    expect((await server.run(eve, { kind: 'devices.set', list })).code).toBe('list_refused');
  });

  it('names devices of this account alone, each once, in order, with the keys they were bound with', async () => {
    const { person, first, second } = await pair();
    const next = (devices: DeviceList['devices']) => person.nextList([], person.key, { devices });
    const [a, b] = [first.listed, second.listed];
    const wrong = [
      [b, a],
      [a, a],
      [a, { ...b, device: 9 }],
      [a, { ...b, signKey: ben.device.key.publicKey }],
      [a, { ...b, identityKey: ben.device.identityKey }],
      [a, { ...ben.device.listed, device: 2 }],
    ];
    for (const devices of wrong) expect((await set(person, next(devices))).code).toBe('list_refused');
    expect((await set(person, next([a, b]))).status).toBe(200);
  });

  it('may be set from any session of its account: whoever holds the account key signs it', async () => {
    const { person, first } = await pair();
    const session = await person.signIn();
    expect((await set(person, person.nextList([first]), session)).status).toBe(200);
  });

  it('is answered page by page, and always with something of what there is', async () => {
    const { person, first } = await pair();
    for (let i = 0; i < 120; i++) await person.setDevices([first]);
    const page = await listsOf(ada.accessToken, { account: person.id, after: 0 }, { account: ben.id, after: 0 });
    expect(page.accounts[0]).toMatchObject({ more: true });
    expect(page.accounts[0]?.lists.map(({ version }) => version)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(page.accounts[1]).toMatchObject({ more: false, lists: [ben.list] });
    const rest = await listsOf(ada.accessToken, { account: person.id, after: 100 });
    expect(rest.accounts[0]).toMatchObject({ more: false });
    expect(rest.accounts[0]?.lists).toHaveLength(22);
    expect(rest.accounts[0]?.lists.at(-1)).toEqual(person.list);
    const unknown = { account: person.who.sessionId, after: 0 };
    expect((await listsOf(ada.accessToken, unknown)).accounts).toEqual([
      { account: unknown.account, lists: [], more: false },
    ]);
  });
});

describe('another account key (E-4)', () => {
  it('is taken with the old one’s word for it, and from then on enters instead of the old one', async () => {
    const { person, first, second } = await pair();
    const old = person.key;
    const next = new SigningKey();
    await person.setDevices([first, second], next);
    expect(person.list?.succession?.from).toBe(old.publicKey);
    expect((await person.signIn()).account.id).toBe(person.id);
    person.key = old;
    await expect(person.signIn()).rejects.toThrow('credentials_wrong');
    expect((await set(person, person.nextList([first]))).code).toBe('list_refused');
  });

  it('is refused without that word, with another’s, for another version, and where nothing changes', async () => {
    const { person, first } = await pair();
    const next = new SigningKey();
    const good = person.nextList([first], next);
    const stranger = new SigningKey();
    const word = (from: string, signature: string) => ({ ...good, succession: { from, signature } });
    const { succession } = person.nextList([first], next, { version: 4 });
    const wrong = [
      { ...good, succession: null },
      word(stranger.publicKey, stranger.sign(Buffer.from('my word'))),
      word(person.key.publicKey, stranger.sign(Buffer.from('my word'))),
      { ...good, succession },
      { ...person.nextList([first]), succession: good.succession },
    ];
    for (const list of wrong) expect((await set(person, list)).code).toBe('list_refused');
    expect((await set(person, person.nextList([first], ben.key))).code).toBe('key_taken');
    expect((await set(person, good)).status).toBe(200);
  });

  it('does not go back to one that was given up', async () => {
    const { person, first } = await pair();
    const old = person.key;
    await person.setDevices([first], new SigningKey());
    expect((await set(person, person.nextList([first], old))).code).toBe('list_refused');
  });
});

describe('a device that is no longer listed (E-10)', () => {
  it('is signed out and its sockets close, its prekeys and its queue are gone', async () => {
    const { person, first, second } = await pair();
    await server.ask('publishPrekeys', { token: second.accessToken, body: prekeys(5) });
    const file = await openDriver(path.join(server.data, DATABASE_FILE), 'write');
    const rows = (table: string) =>
      file.prepare(`SELECT count(*) FROM ${table} WHERE account_id = ? AND device = 2`).get([person.id])?.[0];
    try {
      file.prepare('UPDATE devices SET queue_head = 7 WHERE account_id = ? AND device = 2').run([person.id]);
      file.prepare("INSERT INTO queue VALUES (?, 2, 7, 'somebody', 1, 0, NULL, 'AA')").run([person.id]);
      expect([rows('prekeys'), rows('queue')]).toEqual([5, 1]);
      using socket = await SocketClient.open(`${server.running.url.replace('http', 'ws')}/api/socket`);
      await socket.signIn(second.accessToken);
      const from = Date.now();
      await person.setDevices([first]);
      expect(await socket.closed).toMatchObject({ code: 4401 });
      expect(Date.now() - from).toBeLessThan(2_000);
      expect([rows('prekeys'), rows('queue')]).toEqual([0, 0]);
      const [state, firstOfQueue, signed] =
        file
          .prepare('SELECT state, queue_first, signed_prekey FROM devices WHERE account_id = ? AND device = 2')
          .get([person.id]) ?? [];
      expect([state, firstOfQueue, signed]).toEqual(['removed', 8, null]);
    } finally {
      file.close();
    }
    expect((await server.call('snapshot', { token: second.accessToken })).code).toBe('session_revoked');
    expect((await server.call('snapshot', { token: first.accessToken })).status).toBe(200);
    const bundle = await server.call('claimPrekeys', {
      token: ada.accessToken,
      body: { account: person.id, device: 2 },
    });
    expect(bundle.code).toBe('not_found');
    const { devices } = await server.ask('ownDevices', { token: first.accessToken });
    expect(devices.map(({ device }) => device)).toEqual([1]);
  });

  it('never comes back: not on a list, not to a session, not by its number', async () => {
    const { person, first, second } = await pair();
    await person.setDevices([first]);
    expect((await set(person, person.nextList([first, second]))).code).toBe('list_refused');
    const session = await person.signIn();
    const body = second.binding(server.running.serverId, session);
    expect((await server.call('bindDevice', { token: session.accessToken, body })).code).toBe('no_device');
    const next = await person.addDevice(session);
    expect(next.number).toBe(3);
  });

  it('may be the one that signs the list', async () => {
    const { person, first, second } = await pair();
    expect((await set(person, person.nextList([first]), second)).status).toBe(200);
    expect((await server.call('snapshot', { token: second.accessToken })).code).toBe('session_revoked');
  });
});
