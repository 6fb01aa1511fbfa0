import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDriver } from '../db/driver.ts';
import { Statements } from '../db/statements.ts';
import { importAssistants } from '../operate/import-assistants.ts';
import { startAssistants } from '../testing/assistant-scene.ts';
import { BROKEN_ROWS, OLD_TOKENS, writeSingleGuild } from '../testing/single-guild.ts';
import { discordRest, StandIn } from '../testing/web-stand-ins.ts';
import { importSingleGuild } from './import-single-guild.ts';

const NOW = 1_750_000_000_000;
const NO_BOTS = { bots: [], unfit: [] };
const BOT = { id: '400000000000000001', name: 'Ada bot', guilds: [{ id: '200000000000000001', name: 'Harbour' }] };

let discord: StandIn;
beforeAll(async () => {
  discord = await StandIn.start(discordRest({ [OLD_TOKENS.ada]: BOT }, OLD_TOKENS.ben));
});
afterAll(() => discord[Symbol.asyncDispose]());

async function scene(extra = '') {
  const server = await startAssistants({ discordApi: discord.url });
  for (const name of ['ada', 'ben', 'cat', 'dan']) await server.register(name, name === 'ada' ? undefined : null);
  await server.stop();
  const from = path.join(server.data, 'old.db');
  await writeSingleGuild(from, extra);
  const run = (discordApi = discord.url) => importAssistants({ data: server.data, from, now: NOW, discordApi });
  const guildsOf = async (name: string) => {
    const token = (await server.signIn(name)).body.accessToken;
    const { servers: guilds } = await server.ask('guilds', { token });
    const websites = [];
    for (const { serverId } of guilds)
      websites.push(...(await server.ask('websites', { token, params: { serverId } })).websites.map(({ url }) => url));
    return { guilds, groups: (await server.ask('chatGroups', { token })).groups, websites };
  };
  const oldColumns = async (): Promise<string[]> => {
    const driver = await openDriver(from, 'read');
    const names = new Statements(driver).values<string>(`SELECT name FROM pragma_table_info('User')`);
    driver.close();
    return names;
  };
  return { server, from, run, guildsOf, oldColumns };
}

describe('from one guild to many', () => {
  it('S3.36 to S3.40: texts, switch, figures and groups come along; whoever had no guild gets none; twice is once', async () => {
    const { server, run, guildsOf, oldColumns } = await scene();
    await using _ = server;
    expect(await run()).toEqual({
      imported: 2,
      known: 0,
      withoutGuild: 1,
      groups: 2,
      websites: 2,
      bots: 1,
      botless: [{ id: 'u2', why: 'Discord does not know its token as the token of a bot' }],
      broken: [],
    });
    expect(await oldColumns()).toEqual(['id', 'username', 'discordToken', 'email']);
    expect(await run()).toMatchObject({
      imported: 0,
      known: 0,
      withoutGuild: 0,
      groups: 0,
      websites: 0,
      bots: 0,
      broken: [],
    });
    await server.start();
    const ada = await guildsOf('ada');
    expect(ada.guilds).toEqual([
      expect.objectContaining({
        guildId: '200000000000000001',
        guildName: 'Harbour',
        botActive: true,
        botName: 'Lantern',
        personality: 'Kind.',
        rules: 'No spam.',
        information: 'Opens at seven.',
        messagesSentCount: 42,
        messagesReceivedCount: 100,
        lastMessageSentAt: new Date(1_700_000_000_000).toISOString(),
        lastMessageReceivedAt: null,
      }),
    ]);
    expect(ada.groups.map(({ name, serverId, paneCount }) => [name, serverId, paneCount])).toEqual(
      expect.arrayContaining([
        ['Tries', ada.guilds[0]?.serverId, 2],
        [null, ada.guilds[0]?.serverId, 1],
      ]),
    );
    expect(ada.websites).toEqual(['http://127.0.0.1:9/harbour', 'http://127.0.0.1:9/mill']);
    expect((await guildsOf('cat')).websites).toEqual([]);
    expect(await guildsOf('ben')).toEqual({ guilds: [], groups: [], websites: [] });
    expect((await guildsOf('cat')).guilds).toEqual([
      expect.objectContaining({ botName: 'Assistant', messagesSentCount: 3 }),
    ]);
  });

  it('S3.38, S3.40: websites keep their order, and the newest group comes first', async () => {
    const more = Array.from({ length: 7 }, (_, n) => n);
    const { server, run, guildsOf } = await scene(`
      INSERT INTO "ServerWebsite" VALUES ${more.map((n) => `('x${n}', 's2', 'http://127.0.0.1:9/${n}')`).join(', ')};
      INSERT INTO "ChatConversationGroup" VALUES ${more.map((n) => `('x${n}', 'u3', 'group ${n}', 1)`).join(', ')};`);
    await using _ = server;
    expect(await run()).toMatchObject({ imported: 2, groups: 9, websites: 9 });
    await server.start();
    const { websites, groups } = await guildsOf('cat');
    expect(websites).toEqual(more.map((n) => `http://127.0.0.1:9/${n}`));
    expect(groups.map(({ name }) => name)).toEqual(more.map((n) => `group ${n}`).reverse());
  });

  it('S3.39: broken rows are reported and keep the old columns; a later run takes what is left', async () => {
    const { server, from, run, oldColumns } = await scene(BROKEN_ROWS);
    await using _ = server;
    const report = await run();
    expect(report).toMatchObject({ imported: 2, broken: [{ id: 'b1' }, { id: 'b2' }, { id: 'b3' }, { id: 'b4' }] });
    expect(await oldColumns()).toContain('selectedGuildId');
    const driver = await openDriver(from, 'write');
    driver.exec(
      `DELETE FROM "User" WHERE "id" IN ('b1', 'b2', 'b4'); UPDATE "User" SET "messagesSentCount" = 5 WHERE "id" = 'b3'`,
    );
    driver.close();
    expect(await run()).toMatchObject({ imported: 1, known: 2, broken: [] });
    expect(await oldColumns()).not.toContain('selectedGuildId');
  });

  it('S3.39: what fails half way leaves both databases as they were', async () => {
    const { server, from, run, oldColumns } = await scene();
    await using _ = server;
    const driver = await openDriver(path.join(server.data, 'skerry.db'), 'write');
    const db = new Statements(driver);
    const count = () => db.value<number>('SELECT count(*) FROM user_server_configs');
    // The second row fails, and so does a copy that says something else than what was read.
    for (const trigger of [
      `CREATE TRIGGER half AFTER INSERT ON user_server_configs WHEN NEW.messages_sent_count = 3 BEGIN SELECT RAISE(ABORT, 'no'); END`,
      `CREATE TRIGGER half AFTER INSERT ON user_server_configs BEGIN UPDATE user_server_configs SET messages_sent_count = 41 WHERE id = NEW.id; END`,
      `CREATE TRIGGER half AFTER INSERT ON server_websites BEGIN DELETE FROM server_websites WHERE id = NEW.id; END`,
      `CREATE TRIGGER half AFTER INSERT ON chat_groups BEGIN UPDATE chat_groups SET server_id = NULL WHERE id = NEW.id; END`,
    ]) {
      driver.exec(trigger);
      expect(() => importSingleGuild(driver, { from, now: NOW, bots: NO_BOTS })).toThrow();
      expect(count()).toBe(0);
      driver.exec('DROP TRIGGER half');
    }
    driver.close();
    expect(await oldColumns()).toContain('selectedGuildId');
    expect(await run()).toMatchObject({ imported: 2 });
  });

  it('S3.11, S3.40, T36: the token comes along when Discord knows it as a bot, sealed; else its owner connects it again', async () => {
    const { server, run } = await scene();
    await using _ = server;
    // Nobody listens there: everything else is brought over, and the token by a later run.
    const away = await run('http://127.0.0.1:9');
    expect(away).toMatchObject({ imported: 2, bots: 0, botless: [{ id: 'u1' }, { id: 'u2' }] });
    expect(away.botless[0]?.why).toMatch(/cannot be asked/);
    expect(await run()).toMatchObject({ imported: 0, bots: 1, botless: [{ id: 'u2' }] });
    const asked = discord.asked.length;
    expect(await run()).toMatchObject({ bots: 0, botless: [{ id: 'u2' }] });
    // One that is connected is not asked about again.
    expect(discord.asked.slice(asked)).toEqual(['GET /users/@me']);
    const files = readdirSync(server.data).filter((file) => !file.startsWith('old.db'));
    expect(files).toContain('skerry.db');
    for (const file of files)
      expect(readFileSync(path.join(server.data, file)).includes('canary-old-61'), file).toBe(false);
    await server.start();
    const token = (await server.signIn('ada')).body.accessToken;
    expect((await server.ask('discordBot', { token })).bot).toMatchObject({ botId: BOT.id, botName: 'Ada bot' });
    // It opens: Discord is asked with it.
    expect((await server.ask('discordGuilds', { token })).guilds).toMatchObject([
      { guildName: 'Harbour', added: true },
    ]);
    const ben = (await server.signIn('ben')).body.accessToken;
    expect((await server.ask('discordBot', { token: ben })).bot).toBeNull();
  });
});
