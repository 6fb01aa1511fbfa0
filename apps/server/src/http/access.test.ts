import { randomBytes } from 'node:crypto';
import {
  ASSISTANT_ROUTES,
  type Command,
  MACHINE_ROUTES,
  type RouteName as AnyRoute,
  ROUTES,
  toBase64Url,
  VOICE_ROUTES,
} from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyedAccount, prekeys, proofBy, SigningKey, TestDevice } from '../testing/keyed-account.ts';
import { type Call, freshId, type SignedInTester, TestServer } from '../testing/test-server.ts';

/** `other` is a member of the server, but of no private channel; the others are in it. */
const WHO = ['nobody', 'other', 'member', 'moderator', 'admin', 'owner'] as const;
type Who = (typeof WHO)[number];

const people = {} as Record<Exclude<Who, 'nobody'>, SignedInTester>;
let server: TestServer;
let channel: string;
let message: string;
let victim: SignedInTester;
/** Two people with keys, in a conversation that nobody else is in. */
let keyed: KeyedAccount;
let direct: string;
let blob: string;

beforeAll(async () => {
  server = await TestServer.start();
  people.owner = await server.register('owner');
  for (const name of ['admin', 'moderator', 'member', 'other'] as const) {
    people[name] = await server.register(name, null);
    if (name === 'admin' || name === 'moderator')
      await must({ kind: 'account.role', account: people[name].account.id, role: name });
  }
  victim = await server.register('victim', null);
  channel = await must({ kind: 'channel.create', name: 'private', topic: '', visibility: 'private', history: 'all' });
  for (const name of ['admin', 'moderator', 'member'] as const)
    await must({ kind: 'channel.add', channel: channel as never, account: people[name].account.id });
  message = await must({ kind: 'message.send', channel: channel as never, text: 'among us', replyTo: null });
  keyed = await KeyedAccount.create(server, 'keyed');
  const peer = await KeyedAccount.create(server, 'peer');
  direct = freshId();
  expect((await server.run(keyed, { kind: 'direct.create', account: peer.id }, direct as never)).status).toBe(200);
  const [token, params] = [keyed.accessToken, { channelId: direct }];
  blob = (await server.ask('putBlob', { token, params, body: randomBytes(10) })).blob;
});
afterAll(() => server[Symbol.asyncDispose]());

/** Done by the owner. @returns the id of what was made */
async function must(command: Command): Promise<string> {
  const id = freshId();
  expect(await server.run(people.owner, command, id)).toMatchObject({ status: 200 });
  return id;
}

const all = (status: number): Record<Who, number> =>
  Object.fromEntries(WHO.map((who) => [who, status])) as Record<Who, number>;
const signedIn: Record<Who, number> = { ...all(200), nobody: 401 };
const inChannel: Record<Who, number> = { ...signedIn, other: 404 };
const admins: Record<Who, number> = { ...all(403), nobody: 401, admin: 200, owner: 200 };

/** A role is no device: what belongs to conversations is done by listed devices alone. E-11. */
const withoutDevice: Record<Who, number> = { ...all(409), nobody: 401 };
const ICON = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d494844520000002000000020', 'hex'), Buffer.alloc(40)]);

/** Those of what an operator can switch off have a matrix of their own, beside them. */
type RouteName = Exclude<
  AnyRoute,
  keyof typeof ASSISTANT_ROUTES | keyof typeof MACHINE_ROUTES | keyof typeof VOICE_ROUTES
>;
const NAMES = (Object.keys(ROUTES) as AnyRoute[]).filter(
  (name): name is RouteName => !(name in ASSISTANT_ROUTES) && !(name in MACHINE_ROUTES) && !(name in VOICE_ROUTES),
);

type Row = { readonly expected: Record<Who, number>; readonly call: (who: Who) => Call | Promise<Call> };
const send = (text: string): Command => ({ kind: 'message.send', channel: channel as never, text, replyTo: null });

/** One row per route. What is not in here may not be in the table either. */
const ROWS: Record<RouteName, Row> = {
  health: { expected: all(200), call: () => ({}) },
  info: { expected: all(200), call: () => ({}) },
  proof: {
    expected: all(200),
    call: () => ({ body: { nonce: toBase64Url(randomBytes(16)), origin: 'https://a.example' } }),
  },
  register: {
    expected: all(200),
    call: (who) => ({
      body: { username: `new-${who}`, password: 'a long password', displayName: 'New', device: 'Test', code: null },
    }),
  },
  signIn: { expected: all(401), call: () => ({ body: { username: 'owner', password: 'a guess', device: 'Test' } }) },
  exchange: { expected: all(410), call: () => ({ body: { code: 'nonsense.nonsense', device: 'Test' } }) },
  refresh: { expected: all(401), call: () => ({ body: { refreshToken: toBase64Url(randomBytes(32)) } }) },
  reset: { expected: all(410), call: () => ({ body: { code: 'nonsense', password: 'a long password' } }) },
  signOut: {
    expected: { ...all(200), nobody: 401 },
    call: async (who) => ({ token: who === 'nobody' ? undefined : (await again(who)).accessToken }),
  },
  changePassword: { expected: all(401), call: () => ({ body: { current: 'a guess', next: 'a long password' } }) },
  sessions: { expected: signedIn, call: () => ({}) },
  // Somebody else's session does not exist, whatever one's role.
  revokeSession: { expected: { ...all(404), nobody: 401 }, call: () => ({ params: { sessionId: victim.sessionId } }) },
  resetLink: { expected: admins, call: () => ({ params: { accountId: victim.account.id } }) },
  invites: { expected: admins, call: () => ({}) },
  createInvite: { expected: admins, call: () => ({ body: { expiresInMs: null, uses: 1 } }) },
  revokeInvite: {
    expected: admins,
    call: async () => ({
      params: {
        inviteId: (
          await server.ask('createInvite', { token: people.owner.accessToken, body: { expiresInMs: null, uses: 1 } })
        ).id,
      },
    }),
  },
  challenge: { expected: all(200), call: () => ({}) },
  keyRegister: {
    expected: all(200),
    call: async (who) => {
      const said = { username: `key-${who}`, password: null, displayName: 'New', device: 'Test', code: null };
      return { body: { ...said, proof: await proofBy(server, new SigningKey()) } };
    },
  },
  keySignIn: {
    expected: all(401),
    call: async () => ({ body: { proof: await proofBy(server, new SigningKey()), device: 'Test' } }),
  },
  addKey: {
    expected: all(401),
    call: async () => ({ body: { proof: await proofBy(server, new SigningKey()), password: 'a guess' } }),
  },
  // With another session's name in what is signed: nobody is bound by it.
  bindDevice: {
    expected: { ...all(400), nobody: 401 },
    call: () => ({ body: new TestDevice().binding(server.running.serverId, victim) }),
  },
  ownDevices: { expected: signedIn, call: () => ({}) },
  // Somebody else's device does not exist, whatever one's role.
  renameDevice: {
    expected: { ...all(404), nobody: 401 },
    call: () => ({ params: { device: '1' }, body: { label: 'Mine' } }),
  },
  publishPrekeys: { expected: withoutDevice, call: () => ({ body: prekeys(1) }) },
  claimPrekeys: { expected: withoutDevice, call: () => ({ body: { account: keyed.id, device: 1 } }) },
  deviceLists: { expected: signedIn, call: () => ({ body: { accounts: [{ account: keyed.id, after: 0 }] } }) },
  toDevice: { expected: withoutDevice, call: () => ({}) },
  ackToDevice: { expected: withoutDevice, call: () => ({ body: { n: 0 } }) },
  sealedMessages: { expected: { ...all(404), nobody: 401 }, call: () => ({ params: { channelId: direct } }) },
  groupChain: { expected: { ...all(404), nobody: 401 }, call: () => ({ params: { channelId: direct } }) },
  putBlob: { expected: withoutDevice, call: () => ({ params: { channelId: direct }, body: randomBytes(10) }) },
  blob: { expected: { ...all(404), nobody: 401 }, call: () => ({ params: { blobId: blob } }) },
  putBackup: { expected: signedIn, call: () => ({ body: randomBytes(10) }) },
  backupInfo: { expected: signedIn, call: () => ({}) },
  backup: { expected: signedIn, call: () => ({}) },
  dropBackup: { expected: signedIn, call: () => ({}) },
  icon: { expected: all(404), call: () => ({ params: { digest: 'A'.repeat(43) } }) },
  setIcon: { expected: admins, call: () => ({ body: ICON }) },
  removeIcon: { expected: admins, call: () => ({}) },
  snapshot: { expected: signedIn, call: () => ({}) },
  messages: { expected: inChannel, call: () => ({ params: { channelId: channel } }) },
  message: { expected: inChannel, call: () => ({ params: { messageId: message } }) },
  members: { expected: inChannel, call: () => ({ params: { channelId: channel } }) },
  command: { expected: inChannel, call: (who) => ({ body: { id: freshId(), command: send(`from ${who}`) } }) },
};

async function again(who: Exclude<Who, 'nobody'>) {
  return (await server.signIn(who)).body;
}

describe('who may call what (T32)', () => {
  it('has a row for every route, and no row without one', () => {
    expect(Object.keys(ROWS).sort()).toEqual(NAMES.toSorted());
  });

  const cases = (Object.keys(ROWS) as RouteName[]).flatMap((route) => WHO.map((who) => [route, who] as const));
  it.each(cases)('%s by %s', async (route, who) => {
    const { expected, call } = ROWS[route];
    const answered = await server.call(route, {
      token: who === 'nobody' ? undefined : people[who].accessToken,
      ...(await call(who)),
    });
    expect([answered.status, answered.code]).toEqual([
      expected[who],
      expected[who] === 200 ? undefined : expect.any(String),
    ]);
  });

  it.each(NAMES.filter((route) => ROUTES[route].auth === 'session'))(
    '%s takes no token that is not one',
    async (route) => {
      const call = await ROWS[route].call('owner');
      for (const token of [toBase64Url(randomBytes(32)), people.owner.refreshToken])
        expect((await server.call(route, { ...call, token })).status).toBe(401);
    },
  );

  it('somebody who was in a private channel and left sees it no more than anybody else', async () => {
    const { other } = people;
    await must({ kind: 'channel.add', channel: channel as never, account: other.account.id });
    expect((await server.call('message', { token: other.accessToken, params: { messageId: message } })).status).toBe(
      200,
    );
    await must({ kind: 'channel.remove', channel: channel as never, account: other.account.id });
    for (const route of ['messages', 'message', 'members', 'command'] as const)
      expect(
        (await server.call(route, { ...(await ROWS[route].call('other')), token: other.accessToken })).status,
        route,
      ).toBe(404);
  });
});
