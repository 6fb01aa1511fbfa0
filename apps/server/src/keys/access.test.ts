import { randomBytes } from 'node:crypto';
import { type Command, type RouteName } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyedAccount, prekeys, TestDevice } from '../testing/keyed-account.ts';
import { type Call, freshId, TestServer } from '../testing/test-server.ts';

/**
 * `nobody` has no session; `elsewhere` is a listed device of an account that is not in the conversation; the others are
 * sessions of one account that is: without a device, with one that is not listed, with one that was removed, with a listed one.
 */
const WHO = ['nobody', 'elsewhere', 'bare', 'unlisted', 'removed', 'listed'] as const;
type Who = (typeof WHO)[number];

const tokens = {} as Record<Who, string | undefined>;
const sessions = {} as Record<Who, Parameters<TestDevice['binding']>[1]>;
let server: TestServer;
let ada: KeyedAccount;
let ben: KeyedAccount;
let channel: string;
let blob: string;

beforeAll(async () => {
  server = await TestServer.start();
  [ada, ben] = [await KeyedAccount.create(server, 'ada', 50), await KeyedAccount.create(server, 'ben', 50)];
  const cat = await KeyedAccount.create(server, 'cat');
  channel = freshId();
  expect((await server.run(ada, { kind: 'direct.create', account: ben.id }, channel as never)).status).toBe(200);
  const upload = { token: ada.accessToken, params: { channelId: channel }, body: randomBytes(10) };
  blob = (await server.ask('putBlob', upload)).blob;
  const gone = await ada.addDevice();
  await ada.setDevices([ada.device, gone]);
  await ada.setDevices([ada.device]);
  const bare = await ada.signIn();
  const unlisted = await ada.addDevice();
  Object.assign(sessions, {
    elsewhere: cat.device.session,
    bare,
    unlisted: unlisted.session,
    removed: gone.session,
    listed: ada.device.session,
  });
  for (const who of WHO) tokens[who] = who === 'nobody' ? undefined : sessions[who].accessToken;
});
afterAll(() => server[Symbol.asyncDispose]());

type Codes = Record<Who, string | undefined>;
const out = { nobody: 'unauthorized', removed: 'session_revoked' } as const;
const everyone = (code?: string): Codes => ({
  ...out,
  elsewhere: code,
  bare: code,
  unlisted: code,
  listed: code,
});
const ok = everyone();
const listedOnly: Codes = { ...ok, bare: 'no_device', unlisted: 'no_device' };
const command = (made: Command): Call => ({ body: { id: freshId(), command: made } });

type Row = { readonly codes: Codes; readonly call: (who: Who) => Call };
/** What asks for a key, a device or a conversation. */
const ROWS: Partial<Record<RouteName, Row>> = {
  ownDevices: { codes: ok, call: () => ({}) },
  // Everybody has a device 1 here; each one renames their own.
  renameDevice: { codes: ok, call: (who) => ({ params: { device: '1' }, body: { label: `of ${who}` } }) },
  publishPrekeys: { codes: { ...ok, bare: 'no_device' }, call: () => ({ body: prekeys(1, 1_000) }) },
  claimPrekeys: { codes: listedOnly, call: () => ({ body: { account: ben.id, device: 1 } }) },
  deviceLists: { codes: ok, call: () => ({ body: { accounts: [{ account: ben.id, after: 0 }] } }) },
  putBlob: {
    codes: { ...listedOnly, elsewhere: 'not_found' },
    call: () => ({ params: { channelId: channel }, body: randomBytes(10) }),
  },
  blob: { codes: { ...ok, elsewhere: 'not_found' }, call: () => ({ params: { blobId: blob } }) },
  putBackup: { codes: ok, call: () => ({ body: randomBytes(10) }) },
  backup: { codes: ok, call: () => ({}) },
  backupInfo: { codes: ok, call: () => ({}) },
  // With a list of another account: nobody signs for ada but ada.
  command: {
    codes: everyone('list_refused'),
    call: () => command({ kind: 'devices.set', list: ben.nextList([ben.device]) }),
  },
  // The first of ada's sessions takes the one backup of the account away.
  dropBackup: {
    codes: { ...everyone('not_found'), elsewhere: undefined, bare: undefined },
    call: () => ({}),
  },
  bindDevice: {
    // Of a session that has a device already, another one's key says nothing.
    codes: { ...everyone('no_device'), bare: undefined },
    call: (who) => ({ body: new TestDevice().binding(server.running.serverId, sessions[who] ?? ada.who) }),
  },
};

describe('who may do what with keys and devices (E-11, T32)', () => {
  const cases = (Object.keys(ROWS) as RouteName[]).flatMap((route) => WHO.map((who) => [route, who] as const));
  it.each(cases)('%s by %s', async (route, who) => {
    const row = ROWS[route];
    const answered = await server.call(route, { token: tokens[who], ...row?.call(who) });
    expect([answered.code, answered.status === 200]).toEqual([row?.codes[who], row?.codes[who] === undefined]);
  });

  it("and renamed nobody else's device", async () => {
    const labelOf = async (token: string | undefined) =>
      (await server.ask('ownDevices', { token })).devices.find(({ device }) => device === 1)?.label;
    expect([await labelOf(tokens.elsewhere), await labelOf(tokens.listed), await labelOf(ben.accessToken)]).toEqual([
      'of elsewhere',
      'of listed',
      'Test',
    ]);
  });
});
