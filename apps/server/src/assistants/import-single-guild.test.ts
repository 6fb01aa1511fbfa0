import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDriver } from '../db/driver.ts';
import { Statements } from '../db/statements.ts';
import { importAssistants } from '../operate/import-assistants.ts';
import { startAssistants } from '../testing/assistant-scene.ts';
import { BROKEN_ROWS, writeSingleGuild } from '../testing/single-guild.ts';
import { importSingleGuild } from './import-single-guild.ts';

const NOW = 1_750_000_000_000;

async function scene(extra = '') {
  const server = await startAssistants();
  for (const name of ['ada', 'ben', 'cat', 'dan']) await server.register(name, name === 'ada' ? undefined : null);
  await server.stop();
  const from = path.join(server.data, 'old.db');
  await writeSingleGuild(from, extra);
  const run = () => importAssistants({ data: server.data, from, now: NOW });
  const guildsOf = async (name: string) => {
    const token = (await server.signIn(name)).body.accessToken;
    return {
      guilds: (await server.ask('guilds', { token })).servers,
      groups: (await server.ask('chatGroups', { token })).groups,
    };
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
    expect(await run()).toEqual({ imported: 2, known: 0, withoutGuild: 1, groups: 2, broken: [] });
    expect(await oldColumns()).toEqual(['id', 'username', 'discordToken', 'email']);
    expect(await run()).toEqual({ imported: 0, known: 0, withoutGuild: 0, groups: 0, broken: [] });
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
    expect(ada.groups.map(({ name, serverId }) => [name, serverId])).toEqual(
      expect.arrayContaining([
        ['Tries', ada.guilds[0]?.serverId],
        [null, ada.guilds[0]?.serverId],
      ]),
    );
    expect(await guildsOf('ben')).toEqual({ guilds: [], groups: [] });
    expect((await guildsOf('cat')).guilds).toEqual([
      expect.objectContaining({ botName: 'Assistant', messagesSentCount: 3 }),
    ]);
  });

  it('S3.39: broken rows are reported and keep the old columns; a later run takes what is left', async () => {
    const { server, from, run, oldColumns } = await scene(BROKEN_ROWS);
    await using _ = server;
    const report = await run();
    expect(report).toMatchObject({ imported: 2, broken: [{ id: 'b1' }, { id: 'b2' }, { id: 'b3' }] });
    expect(await oldColumns()).toContain('selectedGuildId');
    const driver = await openDriver(from, 'write');
    driver.exec(
      `DELETE FROM "User" WHERE "id" IN ('b1', 'b2'); UPDATE "User" SET "messagesSentCount" = 5 WHERE "id" = 'b3'`,
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
    ]) {
      driver.exec(trigger);
      expect(() => importSingleGuild(driver, from, NOW)).toThrow();
      expect(count()).toBe(0);
      driver.exec('DROP TRIGGER half');
    }
    driver.close();
    expect(await oldColumns()).toContain('selectedGuildId');
    expect(await run()).toMatchObject({ imported: 2 });
  });
});
