import { ASSISTANT_ROUTES } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addGuild, seen, snowflake, startAssistants, TestRunner } from '../testing/assistant-scene.ts';
import type { TestServer } from '../testing/test-server.ts';
import { type Call, type SignedInTester } from '../testing/test-server.ts';
import type { AssistantRoute } from './off.ts';

/** `owner` is the person whose guild it is, and a plain member; `moderator` and `admin` have roles on the server. */
const WHO = ['nobody', 'other', 'owner', 'moderator', 'admin', 'runner'] as const;
type Who = (typeof WHO)[number];

let server: TestServer;
let runner: TestRunner;
const people = {} as Record<Exclude<Who, 'nobody' | 'runner'>, SignedInTester>;
let serverId: string;
let guildId: string;
const ids = {} as Record<'websiteId' | 'groupId' | 'conversationId', string>;

beforeAll(async () => {
  server = await startAssistants();
  const root = await server.register('root');
  for (const name of ['owner', 'other', 'moderator', 'admin'] as const) {
    people[name] = await server.register(name, null);
    if (name === 'moderator' || name === 'admin')
      await server.run(root, { kind: 'account.role', account: people[name].account.id, role: name });
  }
  runner = await (await new TestRunner().register(server, root)).signIn(server);
  const guild = await addGuild(server, people.owner, { information: 'Mine alone.' });
  ({ serverId, guildId } = guild);
  // The other one has the same guild, of Discord as well as here, and still nothing of the owner's.
  await server.ask('addGuild', { token: people.other.accessToken, body: { guildId, guildName: 'Same' } });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Things that may be taken away are made anew, by their owner, for each call. */
async function fresh(): Promise<void> {
  const token = people.owner.accessToken;
  const known = await server.ask('websites', { token, params: { serverId } });
  for (const { id } of known.websites)
    await server.ask('removeWebsite', { token, params: { serverId, websiteId: id } });
  const body = { url: 'http://127.0.0.1:9/' };
  ids.websiteId = (await server.ask('addWebsite', { token, params: { serverId }, body })).id;
  for (const { id } of (await server.ask('chatGroups', { token })).groups)
    await server.ask('removeChatGroup', { token, params: { groupId: id } });
  ids.groupId = (await server.ask('addChatGroup', { token, body: { serverId } })).id;
  ids.conversationId = (await server.ask('addConversation', { token, params: { groupId: ids.groupId }, body: {} })).id;
}

type Statuses = Record<Who, number>;
const all = (status: number): Statuses => ({
  ...(Object.fromEntries(WHO.map((who) => [who, status])) as Statuses),
  nobody: 401,
  runner: 401,
});
/** Everybody asks for their own. */
const own = all(200);
/** Somebody else's does not exist, whatever one's role. */
const ofOwner: Statuses = { ...all(404), owner: 200 };
/** Of the guild that both have, each one sees their own. */
const ofBoth: Statuses = { ...ofOwner, other: 200 };
const admins: Statuses = { ...all(403), admin: 200 };
const runners: Statuses = { ...all(401), runner: 200 };

type Row = { readonly expected: Statuses; readonly call: (who: Who) => Call | Promise<Call> };
const inGuild = () => ({ params: { serverId } });
const website = () => ({ params: { serverId, websiteId: ids.websiteId } });
const group = () => ({ params: { groupId: ids.groupId } });
const conversation = () => ({ params: { conversationId: ids.conversationId } });
const model = { endpoint: 'https://m.example/v1', model: 'm', tokensPerDay: null };

/** One row per route of assistants. What is not in here may not be in the table either. */
const ROWS: Record<AssistantRoute, Row> = {
  guilds: { expected: own, call: () => ({}) },
  addGuild: { expected: own, call: () => ({ body: { guildId: snowflake(), guildName: 'New' } }) },
  guild: { expected: ofBoth, call: inGuild },
  updateGuild: { expected: ofBoth, call: () => ({ ...inGuild(), body: { botName: 'Taken' } }) },
  removeGuild: {
    expected: { ...all(404), owner: 200 },
    call: async (who) => {
      if (who !== 'owner') return { params: { serverId: (await addGuild(server, people.owner)).serverId } };
      return { params: { serverId: (await addGuild(server, people.owner)).serverId } };
    },
  },
  guildStats: { expected: ofBoth, call: inGuild },
  guildActions: { expected: ofBoth, call: inGuild },
  websites: { expected: ofBoth, call: inGuild },
  addWebsite: { expected: ofBoth, call: (who) => ({ ...inGuild(), body: { url: `http://127.0.0.1:9/${who}` } }) },
  removeWebsite: { expected: ofOwner, call: website },
  fetchWebsite: { expected: ofOwner, call: website },
  discordStatus: { expected: own, call: () => ({}) },
  // Discord is not there: whoever may ask gets that far.
  connectBot: { expected: all(502), call: () => ({ body: { token: 'x'.repeat(40) } }) },
  disconnectBot: { expected: all(404), call: () => ({}) },
  discordBot: { expected: own, call: () => ({}) },
  discordGuilds: { expected: all(409), call: () => ({}) },
  assistantModel: { expected: own, call: () => ({}) },
  setAssistantModel: { expected: own, call: () => ({ body: model }) },
  removeAssistantModel: { expected: own, call: () => ({}) },
  chatGroups: { expected: ofBoth, call: () => ({ query: { serverId } }) },
  addChatGroup: { expected: ofBoth, call: () => ({ body: { serverId } }) },
  updateChatGroup: { expected: ofOwner, call: () => ({ ...group(), body: { name: 'Renamed' } }) },
  removeChatGroup: { expected: ofOwner, call: group },
  addConversation: { expected: ofOwner, call: () => ({ ...group(), body: {} }) },
  removeConversation: { expected: ofOwner, call: conversation },
  conversation: { expected: ofOwner, call: conversation },
  say: { expected: ofOwner, call: () => ({ ...conversation(), body: { text: 'hi' } }) },
  stopAnswer: { expected: ofOwner, call: conversation },
  runners: { expected: admins, call: () => ({}) },
  addRunner: {
    expected: admins,
    call: () => {
      const { publicKey, boxKey } = new TestRunner();
      return { body: { label: 'New', publicKey, boxKey } };
    },
  },
  removeRunner: {
    expected: admins,
    call: async () => ({ params: { runnerId: (await new TestRunner().register(server, people.admin)).id } }),
  },
  runnerSignIn: {
    expected: { ...all(401), nobody: 401 },
    call: async () => ({ body: await new TestRunner().proof(server) }),
  },
  runnerTokens: { expected: runners, call: () => ({}) },
  runnerAnswer: {
    expected: runners,
    call: () => ({
      body: {
        accountId: people.owner.account.id,
        guildId,
        channelId: snowflake(),
        channelName: 'general',
        messages: [seen('hi')],
      },
    }),
  },
  runnerActions: {
    expected: runners,
    call: () => ({
      body: {
        actions: [
          {
            id: '0190a0b0-0000-7000-8000-0000000000aa',
            accountId: people.owner.account.id,
            guildId,
            at: 1,
            kind: 'received',
            count: 1,
          },
        ],
      },
    }),
  },
};

describe('who may call what of assistants (T32)', () => {
  it('has a row for every route, and no row without one', () => {
    expect(Object.keys(ROWS).sort()).toEqual(Object.keys(ASSISTANT_ROUTES).sort());
  });

  const cases = (Object.keys(ROWS) as AssistantRoute[]).flatMap((route) => WHO.map((who) => [route, who] as const));
  it.each(cases)('%s by %s', async (route, who) => {
    await fresh();
    const { expected, call } = ROWS[route];
    const token = who === 'nobody' ? undefined : who === 'runner' ? runner.token : people[who].accessToken;
    const answered = await server.call(route, { token, ...(await call(who)) });
    expect([answered.status, answered.code]).toEqual([
      expected[who],
      expected[who] === 200 ? undefined : expect.any(String),
    ]);
  });

  it("and nobody read or changed the owner's but the owner (S3.17)", async () => {
    const token = people.owner.accessToken;
    const other = { token: people.other.accessToken, ...inGuild() };
    await server.ask('updateGuild', { ...other, body: { information: 'Of the other.' } });
    expect((await server.ask('guild', { token, ...inGuild() })).information).toBe('Mine alone.');
    expect(JSON.stringify(await server.ask('websites', other))).not.toContain(ids.websiteId);
    // What one of them is told about the guild never has the other's words in it.
    const ask = (accountId: string) => ({
      token: runner.token,
      body: { accountId, guildId, channelId: snowflake(), channelName: 'g', messages: [seen('Whose is it? Mine?')] },
    });
    const answer = await server.ask('runnerAnswer', ask(people.owner.account.id));
    expect(answer.kind === 'answer' && answer.text).toContain('Mine alone.');
    await server.ask('updateGuild', { ...other, body: { botActive: true } });
    const theirs = await server.ask('runnerAnswer', ask(people.other.account.id));
    expect(JSON.stringify(theirs)).not.toContain('Mine alone.');
  });
});
