import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ASSISTANT_LIMITS, ASSISTANT_ROUTES, RETIRED_ROUTES } from '@skerry/protocol';
import { openApi } from '@skerry/protocol/openapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addGuild, seen, snowflake, startAssistants, TestRunner } from '../testing/assistant-scene.ts';
import type { TestServer } from '../testing/test-server.ts';
import { type SignedInTester } from '../testing/test-server.ts';
import { discordRest, StandIn } from '../testing/web-stand-ins.ts';

const TOKEN = 'bot-token-of-ada.canary-7f3a91';
const GUILD = '200000000000000001';
const BOT = { id: '400000000000000001', name: 'Ada bot', guilds: [{ id: GUILD, name: 'My Server' }] };

let discord: StandIn;
let server: TestServer;
let ada: SignedInTester;
let ben: SignedInTester;

beforeAll(async () => {
  discord = await StandIn.start(discordRest({ [TOKEN]: BOT }));
  server = await startAssistants({ discordApi: discord.url });
  ada = await server.register('ada');
  ben = await server.register('ben', null);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await discord[Symbol.asyncDispose]();
});

/** Over HTTP as the design document writes it, by method and path. */
async function http(method: string, where: string, { who = ada, body }: { who?: SignedInTester; body?: unknown } = {}) {
  const response = await fetch(`${server.running.url}${where}`, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${who.accessToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = (await response.json()) as Record<string, unknown> & { error?: { code: string; message: string } };
  return { status: response.status, said, location: response.headers.get('location') };
}

describe('the published routes with their published bodies', () => {
  let serverId: string;

  it('S3.16, S3.7: POST /api/servers makes an inactive assistant with empty texts', async () => {
    const { status, said } = await http('POST', '/api/servers', { body: { guildId: GUILD, guildName: 'My Server' } });
    expect(status).toBe(200);
    expect(said).toMatchObject({
      guildId: GUILD,
      guildName: 'My Server',
      botActive: false,
      botName: 'Assistant',
      personality: '',
      rules: '',
      information: '',
    });
    serverId = String(said['serverId']);
    expect(said['id']).not.toBe(serverId);
  });

  it('S3.9, S3.12: the same guild twice is a conflict for one person, and free for another', async () => {
    const body = { guildId: GUILD, guildName: 'My Server' };
    expect(await http('POST', '/api/servers', { body })).toMatchObject({
      status: 409,
      said: { error: { code: 'already_exists' } },
    });
    const { said } = await http('POST', '/api/servers', { who: ben, body: { ...body, guildName: 'As Ben says' } });
    expect(said).toMatchObject({ serverId, guildName: 'As Ben says' });
    expect((await http('GET', `/api/servers/${serverId}`)).said['guildName']).toBe('My Server');
  });

  it('S3.3, S3.4, S3.18, S3.42: PUT changes what it names and nothing else, of nobody else', async () => {
    const body = {
      botName: 'Custom Bot',
      personality: 'Be helpful',
      rules: 'No spam',
      information: 'Product info...',
      botActive: true,
    };
    expect((await http('PUT', `/api/servers/${serverId}`, { body })).said).toMatchObject(body);
    const { said } = await http('PUT', `/api/servers/${serverId}`, { body: { rules: 'Be kind' } });
    expect(said).toMatchObject({ ...body, rules: 'Be kind' });
    expect((await http('GET', `/api/servers/${serverId}`, { who: ben })).said).toMatchObject({
      botName: 'Assistant',
      rules: '',
      botActive: false,
    });
  });

  it('S3.2, S3.15: GET /api/servers lists the own ones with figures and the count of websites', async () => {
    const { said } = await http('GET', '/api/servers');
    expect(said['servers']).toEqual([
      expect.objectContaining({
        serverId,
        guildId: GUILD,
        messagesSentCount: 0,
        messagesReceivedCount: 0,
        lastMessageSentAt: null,
        websiteCount: 0,
      }),
    ]);
  });

  it('S3.5, S3.13, S3.20 to S3.22, S3.44: websites are of one person in one guild', async () => {
    const at = `/api/servers/${serverId}/websites`;
    const body = { url: 'http://127.0.0.1:9/page#part' };
    const { said: made } = await http('POST', at, { body });
    expect(made).toMatchObject({ url: 'http://127.0.0.1:9/page', status: 'waiting' });
    expect((await http('POST', at, { body })).said.error?.code).toBe('already_exists');
    expect((await http('GET', at)).said['websites']).toHaveLength(1);
    expect((await http('GET', at, { who: ben })).said['websites']).toEqual([]);
    expect((await http('DELETE', `${at}/${String(made['id'])}`, { who: ben })).status).toBe(404);
    expect((await http('GET', `/api/servers/${serverId}`)).said['websiteCount']).toBe(1);
    expect((await http('DELETE', `${at}/${String(made['id'])}`)).status).toBe(200);
    expect((await http('GET', at)).said['websites']).toEqual([]);
    for (const url of ['ftp://a.example/', 'javascript:alert(1)', 'http://u:p@a.example/', 'nonsense', ''])
      expect((await http('POST', at, { body: { url } })).said.error?.code, url).toBe('bad_request');
  });

  it('S3.23, S3.49: GET /api/discord/status is flat and counts over all guilds', async () => {
    expect((await http('GET', '/api/discord/status')).said).toEqual({
      connected: false,
      serverCount: 1,
      activeServerCount: 1,
      totalMessagesSent: 0,
      totalMessagesReceived: 0,
    });
  });

  it('S3.25: addresses of before lead to those of now', async () => {
    for (const { method, path: old, location } of RETIRED_ROUTES) {
      const answered = await http(method, old, method === 'POST' ? { body: {} } : {});
      expect([answered.status, answered.location, answered.said.error?.code], `${method} ${old}`).toEqual([
        location === null ? 410 : 308,
        location,
        'gone',
      ]);
      expect(answered.said.error?.message).toContain('/api/servers');
    }
    expect((await http('PUT', '/api/discord/config', { body: {} })).status).toBe(405);
  });

  it('P-6: the document of the interface agrees', async () => {
    const { said } = await http('GET', '/api/openapi.json');
    const { paths } = said as { paths: Record<string, Record<string, unknown>> };
    for (const { method, path: where } of Object.values(ASSISTANT_ROUTES))
      expect(paths[where.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()], `${method} ${where}`).toBeDefined();
    expect(said['paths']).toEqual(openApi({ title: 'Skerry', version: '1' })['paths']);
  });

  it('refuses texts over the limit, unknown fields and names that are none, and changes nothing', async () => {
    const before = (await http('GET', `/api/servers/${serverId}`)).said;
    for (const body of [
      { personality: 'x'.repeat(ASSISTANT_LIMITS.personality + 1) },
      { information: 'x'.repeat(ASSISTANT_LIMITS.information + 1) },
      { rules: 'a\u202eb' },
      { botName: '' },
      { botActive: 'yes' },
      { guildId: GUILD },
      { messagesSentCount: 9 },
    ])
      expect((await http('PUT', `/api/servers/${serverId}`, { body })).said.error?.code).toBe('bad_request');
    expect((await http('GET', `/api/servers/${serverId}`)).said).toEqual(before);
    const most = 'ä'.repeat(ASSISTANT_LIMITS.information);
    expect((await http('PUT', `/api/servers/${serverId}`, { body: { information: most } })).said['information']).toBe(
      most,
    );
  });

  it('S3.14, S3.19: taking a guild away takes its own with it, and leaves conversations without a guild', async () => {
    const token = ada.accessToken;
    const group = await server.ask('addChatGroup', { token, body: { serverId } });
    expect(group).toMatchObject({ serverId, paneCount: 1, conversations: [] });
    const conversation = await server.ask('addConversation', { token, params: { groupId: group.id }, body: {} });
    expect((await server.ask('chatGroups', { token, query: { serverId } })).groups).toHaveLength(1);
    expect((await http('DELETE', `/api/servers/${serverId}`)).status).toBe(200);
    expect((await http('GET', `/api/servers/${serverId}`)).status).toBe(404);
    expect((await http('GET', `/api/servers/${serverId}`, { who: ben })).status).toBe(200);
    const [kept] = (await server.ask('chatGroups', { token })).groups;
    expect(kept).toMatchObject({ serverId: null, conversations: [{ id: conversation.id, serverId: null }] });
    const params = { conversationId: conversation.id };
    expect((await server.call('say', { token, params, body: { text: 'hi' } })).code).toBe('bot_missing');
    // Added again it begins anew.
    expect((await http('POST', '/api/servers', { body: { guildId: GUILD, guildName: 'Again' } })).said).toMatchObject({
      personality: '',
      botActive: false,
    });
  });
});

describe('the bot', () => {
  it('is checked with Discord; what is no token of a bot is refused', async () => {
    const token = ada.accessToken;
    const tries = [
      ['token-of-nobody-00000000', 'bot_refused'],
      ['token-of-a-person-000000', 'bot_refused'],
      ['short', 'bad_request'],
      ['with a space in it, which none has', 'bad_request'],
    ] as const;
    for (const [wrong, code] of tries)
      expect((await server.call('connectBot', { token, body: { token: wrong } })).code).toBe(code);
    expect((await server.ask('discordBot', { token })).bot).toBeNull();
    expect((await server.call('discordGuilds', { token })).code).toBe('bot_missing');
    const bot = await server.ask('connectBot', { token, body: { token: TOKEN } });
    expect(bot).toMatchObject({ botId: BOT.id, botName: 'Ada bot', applicationId: BOT.id, readsMessages: true });
    expect(bot.inviteUrl).toContain(`client_id=${BOT.id}`);
    expect((await server.ask('discordStatus', { token })).connected).toBe(true);
    expect((await server.ask('discordGuilds', { token })).guilds).toEqual([
      { guildId: GUILD, guildName: 'My Server', added: true },
    ]);
    expect((await server.call('connectBot', { token: ben.accessToken, body: { token: TOKEN } })).code).toBe(
      'already_exists',
    );
    const elsewhere = { guildId: snowflake(), guildName: 'Elsewhere' };
    expect((await server.call('addGuild', { token, body: elsewhere })).code).toBe('bot_missing');
  });

  it('Discord that cannot be reached, or answers nonsense, is said; nothing changes', async () => {
    const usual = discord.answer;
    for (const answer of ['{"id":1}', 'nonsense', '[]']) {
      discord.answer = (_request, response) => void response.writeHead(200).end(answer);
      expect((await server.call('connectBot', { token: ben.accessToken, body: { token: TOKEN } })).code).toBe(
        'upstream_failed',
      );
    }
    discord.answer = (_request, response) => void response.writeHead(429, { 'retry-after': '3' }).end('{}');
    const { code, headers } = await server.call('connectBot', { token: ben.accessToken, body: { token: TOKEN } });
    expect([code, headers.get('retry-after')]).toEqual(['upstream_failed', '3']);
    discord.answer = usual;
    expect((await server.ask('discordBot', { token: ben.accessToken })).bot).toBeNull();
  });

  it('revoked at Discord, it is said whenever Discord is asked; nothing is lost, and a new token takes its place (S3.1)', async () => {
    const token = ada.accessToken;
    const usual = discord.answer;
    const before = [await server.ask('guilds', { token }), await server.ask('discordBot', { token })];
    discord.answer = (_request, response) => void response.writeHead(401).end('{"message":"401: Unauthorized"}');
    expect((await server.call('discordGuilds', { token })).code).toBe('bot_refused');
    expect((await server.call('connectBot', { token, body: { token: TOKEN } })).code).toBe('bot_refused');
    expect([await server.ask('guilds', { token }), await server.ask('discordBot', { token })]).toEqual(before);
    discord.answer = usual;
    // One token serves all guilds: connecting again takes its place, and no second one is kept.
    const again = await server.ask('connectBot', { token, body: { token: TOKEN } });
    expect((await server.ask('discordBot', { token })).bot).toEqual(again);
    expect(await server.ask('guilds', { token })).toEqual(before[0]);
  });

  it('takes no list of guilds without an end: pages that never get on are left after the first thousand', async () => {
    const token = ada.accessToken;
    const usual = discord.answer;
    let page = 0;
    discord.answer = (_request, response) => {
      page += 1;
      const guilds = Array.from({ length: 200 }, (_, n) => ({
        id: String(10n ** 16n + BigInt(page * 200 + n)),
        name: 'x',
      }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(guilds));
    };
    expect((await server.ask('discordGuilds', { token })).guilds).toHaveLength(1_000);
    expect(page).toBe(5);
    discord.answer = (_request, response) => void response.writeHead(200).end(`[${' '.repeat(2 * 1024 * 1024)}]`);
    expect((await server.call('discordGuilds', { token })).code).toBe('upstream_failed');
    discord.answer = usual;
    expect((await server.ask('discordGuilds', { token })).guilds).toHaveLength(1);
  });

  it('T36, T37: its token is in no answer, no log line, no file of the database and no backup; its key is read by its owner alone', async () => {
    const token = ada.accessToken;
    const said = [
      await server.ask('discordBot', { token }),
      await server.ask('discordStatus', { token }),
      await server.ask('guilds', { token }),
    ];
    expect(JSON.stringify(said)).not.toContain(TOKEN);
    expect(server.logged.join('')).not.toContain('canary-7f3a91');
    const copy = path.join(server.data, 'copy.db');
    await server.running.backup(copy);
    for (const file of ['skerry.db', 'skerry.db-wal', 'copy.db', 'assistants.key']) {
      const bytes = readFileSync(path.join(server.data, file));
      expect(bytes.includes('canary-7f3a91'), file).toBe(false);
    }
    expect(statSync(path.join(server.data, 'assistants.key')).mode & 0o777).toBe(0o600);
  });
});

describe('runners', () => {
  it('A-3: one that signs this server’s challenge gets a token; a challenge counts once', async () => {
    const runner = await new TestRunner().register(server, ada);
    expect((await server.call('runnerTokens', { token: ada.accessToken })).status).toBe(401);
    const proof = await runner.proof(server);
    const { token, runnerId } = await server.ask('runnerSignIn', { body: proof });
    expect(runnerId).toBe(runner.id);
    expect((await server.call('runnerTokens', { token })).status).toBe(200);
    expect((await server.call('guilds', { token })).status).toBe(401);
    expect((await server.call('runnerSignIn', { body: proof })).code).toBe('challenge_invalid');
    const elsewhere = await runner.proof(server, '0190a0b0-0000-7000-8000-000000000000');
    expect((await server.call('runnerSignIn', { body: elsewhere })).code).toBe('credentials_wrong');
    expect((await server.call('runnerSignIn', { body: await new TestRunner().proof(server) })).code).toBe(
      'credentials_wrong',
    );
    await server.ask('removeRunner', { token: ada.accessToken, params: { runnerId } });
    expect((await server.call('runnerTokens', { token })).status).toBe(401);
  });

  it('takes no key with which everybody would know the secret', async () => {
    const { publicKey } = new TestRunner();
    const body = { label: 'Weak', publicKey, boxKey: 'A'.repeat(43) };
    expect((await server.call('addRunner', { token: ada.accessToken, body })).code).toBe('bad_request');
  });

  it('S3.1, S3.24, A-4: tokens come grouped, sealed to the asking runner, with active and inactive guilds', async () => {
    const runner = await (await new TestRunner().register(server, ada)).signIn(server);
    const other = await (await new TestRunner().register(server, ada)).signIn(server);
    const { tokens } = await server.ask('runnerTokens', { token: runner.token });
    expect(tokens).toHaveLength(1);
    const [group] = tokens;
    if (group === undefined) throw new Error('no token');
    expect(group).toMatchObject({
      userId: ada.account.id,
      botId: BOT.id,
      servers: [{ guildId: GUILD, botActive: false }],
    });
    expect(runner.open(server, group)).toBe(TOKEN);
    expect(() => other.open(server, group)).toThrow();
    expect(() => runner.open(server, { ...group, userId: ben.account.id })).toThrow();
    const again = (await server.ask('runnerTokens', { token: runner.token })).tokens[0];
    expect([again?.tokenId, again?.sealedToken === group.sealedToken]).toEqual([group.tokenId, false]);
  });

  it('S3.28: a question for changes waits, and is answered within two seconds of one', async () => {
    const runner = await (await new TestRunner().register(server, ada)).signIn(server);
    const { version, tokens } = await server.ask('runnerTokens', { token: runner.token });
    const serverId = tokens[0]?.servers[0]?.serverId ?? '';
    let answered = false;
    const waiting = server
      .ask('runnerTokens', { token: runner.token, query: { since: String(version) } })
      .finally(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toBe(false);
    const from = Date.now();
    await server.ask('updateGuild', { token: ada.accessToken, params: { serverId }, body: { botActive: true } });
    const next = await waiting;
    expect(Date.now() - from).toBeLessThan(2_000);
    expect(next.version).not.toBe(version);
    expect(next.tokens[0]?.servers[0]?.botActive).toBe(true);
  });

  it('S3.8, S3.48: what is reported counts once for each id, and is in the log with the messages before it', async () => {
    const runner = await (await new TestRunner().register(server, ada)).signIn(server);
    const [guild] = (await server.ask('guilds', { token: ada.accessToken })).servers;
    if (guild === undefined) throw new Error('no guild');
    const context = [seen('One'), seen('Two?')];
    const base = { accountId: ada.account.id, guildId: GUILD, at: Date.now() };
    const id = (n: number): string => `0190a0b0-0000-7000-8000-00000000000${n}`;
    const sent = { channelId: snowflake(), channelName: 'general', messageId: snowflake(), text: 'Three.', context };
    const actions = [
      { ...base, id: id(1), kind: 'received', count: 7 },
      { ...base, id: id(2), kind: 'sent', ...sent },
      { ...base, id: id(3), kind: 'failed', ...sent, messageId: null },
      { ...base, id: id(4), kind: 'sent', ...sent, guildId: snowflake() },
    ];
    const report = { token: runner.token, body: { actions } };
    expect(await server.ask('runnerActions', report)).toEqual({ taken: 3, known: 0, dropped: 1 });
    expect(await server.ask('runnerActions', report)).toEqual({ taken: 0, known: 4, dropped: 0 });
    const token = ada.accessToken;
    const params = { serverId: guild.serverId };
    expect(await server.ask('guild', { token, params })).toMatchObject({
      messagesSentCount: 1,
      messagesReceivedCount: 7,
    });
    expect(await server.ask('discordStatus', { token })).toMatchObject({
      totalMessagesSent: 1,
      totalMessagesReceived: 7,
    });
    const log = await server.ask('guildActions', { token, params, query: { limit: '1' } });
    expect(log.actions.map(({ kind }) => kind)).toEqual(['failed']);
    const rest = await server.ask('guildActions', { token, params, query: { before: String(log.next) } });
    expect(rest).toMatchObject({ actions: [{ kind: 'sent', text: 'Three.', context }], next: null });
    const { days } = await server.ask('guildStats', { token, params, query: { days: '3' } });
    expect(days.map(({ sent: s, received }) => [s, received])).toEqual([
      [0, 0],
      [0, 0],
      [1, 7],
    ]);
    expect((await server.ask('guild', { token: ben.accessToken, params })).messagesSentCount).toBe(0);
  });

  it('S3.43: an assistant that is off is silent, and so is one that a program spoke to', async () => {
    const runner = await (await new TestRunner().register(server, ada)).signIn(server);
    const guild = await addGuild(server, ben, { information: 'The harbour opens at seven.', botActive: false });
    const ask = (by: 'person' | 'bot' = 'person') => ({
      token: runner.token,
      body: {
        accountId: ben.account.id,
        guildId: guild.guildId,
        channelId: snowflake(),
        channelName: 'general',
        messages: [seen('When does the harbour open?', by)],
      },
    });
    expect(await server.ask('runnerAnswer', ask())).toEqual({ kind: 'silent', reason: 'inactive' });
    const params = { serverId: guild.serverId };
    await server.ask('updateGuild', { token: ben.accessToken, params, body: { botActive: true } });
    expect(await server.ask('runnerAnswer', ask('bot'))).toEqual({ kind: 'silent', reason: 'nothing' });
    const answer = await server.ask('runnerAnswer', ask());
    expect(answer).toMatchObject({ kind: 'answer', engine: 'quotes' });
    expect(answer.kind === 'answer' && answer.text).toContain('> The harbour opens at seven.');
    const stranger = ask();
    expect(
      (await server.call('runnerAnswer', { ...stranger, body: { ...stranger.body, accountId: ada.account.id } })).code,
    ).toBe('not_found');
  });
});

it('a server whose operator switched assistants off has none of their addresses', async () => {
  await using off = await startAssistants({ enabled: false });
  const owner = await off.register('owner');
  expect((await off.ask('info', {})).capabilities).not.toContain('assistants');
  expect((await server.ask('info', {})).capabilities).toContain('assistants');
  for (const { method, path: where } of [...Object.values(ASSISTANT_ROUTES), ...RETIRED_ROUTES]) {
    const response = await fetch(`${off.running.url}${where.replaceAll(/:\w+/g, owner.account.id)}`, {
      method,
      redirect: 'manual',
      headers: { authorization: `Bearer ${owner.accessToken}` },
    });
    expect(response.status, `${method} ${where}`).toBe(404);
  }
});
