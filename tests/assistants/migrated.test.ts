import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { importAssistants, parseConfig, startServer } from '@skerry/server';
import { describe, expect, it } from 'vitest';
import { Discord } from '../discord/discord.ts';
import { call, signUp } from '../harness/raw-client.ts';
import { RunnerHere } from './runner-here.ts';
import { writeSingleGuild } from './single-guild.ts';
import { serveModel, servePages } from './web.ts';

const SOON = { timeout: 15_000, interval: 30 };

/** From the shape with one guild per person to answers in Discord, with the server and the runner as they are shipped. */
describe('people who had one guild', () => {
  it('go on being answered in it, by the same bot, texts and websites, and their figures go on counting (S3.36 to S3.40)', async () => {
    await using web = await servePages();
    await using model = await serveModel();
    await using discord = await Discord.start();
    const data = await mkdtemp(path.join(tmpdir(), 'skerry-migrated-'));
    const { world } = discord;
    const visitor = world.addPerson('visitor');
    const [annsBot, bensBot] = [world.addBot('anns'), world.addBot('bens')];
    const quay = world.addGuild('Quay', [visitor, annsBot, bensBot]);
    const discordApi = `${discord.api}/v10`;
    const flags = ['--port', '0', '--data', data, '--client', 'none', '--registration', 'open', '--log-level', 'error'];
    const assistants = [
      '--discord-api',
      discordApi,
      '--assistants-model-url',
      `${model.url}/v1`,
      '--assistants-model',
      'm',
    ];
    const environment = { SKERRY_TESTING: '1', SKERRY_ASSISTANTS_LOOPBACK: '1' };
    const start = () => startServer(parseConfig([...flags, '--rate-scale', '1000', ...assistants], environment));
    const tokens = new Map<string, string>();
    {
      await using before = await start();
      tokens.set('admin', (await signUp(before.url, 'admin', before.setupCode)).accessToken);
      for (const name of ['ann', 'ben', 'cat']) tokens.set(name, (await signUp(before.url, name)).accessToken);
    }

    const from = path.join(data, 'old.sqlite');
    const texts = (name: string) => ({
      botName: `mark-${name}-name`,
      personality: `mark-${name}-personality`,
      rules: `mark-${name}-rules`,
      information: `The harbour closes at ten, says mark-${name}-information.`,
    });
    writeSingleGuild(from, [
      {
        username: 'ann',
        token: annsBot.token,
        guild: quay,
        active: true,
        ...texts('ann'),
        sent: 42,
        received: 100,
        website: `${web.url}/ann-website`,
      },
      {
        username: 'ben',
        token: bensBot.token,
        guild: quay,
        active: false,
        ...texts('ben'),
        sent: 7,
        received: 8,
        website: null,
      },
      {
        username: 'cat',
        token: null,
        guild: null,
        active: false,
        ...texts('cat'),
        sent: 0,
        received: 0,
        website: null,
      },
    ]);
    const imported = { imported: 2, withoutGuild: 1, bots: 2, websites: 1, groups: 2, botless: [], broken: [] };
    expect(await importAssistants({ data, from, now: Date.now(), discordApi })).toMatchObject(imported);
    expect(await importAssistants({ data, from, now: Date.now(), discordApi })).toMatchObject({ imported: 0, bots: 0 });
    for (const file of (await readdir(data)).filter((name) => !name.startsWith('old')))
      expect((await readFile(path.join(data, file))).includes(annsBot.token), file).toBe(false);

    await using server = await start();
    const origin = server.url;
    await using runner = await RunnerHere.prepare({ origin, discordApi: discord.api });
    const as = (name: string) => ({ token: tokens.get(name) ?? '' });
    await call(origin, 'addRunner', { body: { label: 'a runner', ...(await runner.begin()) }, ...as('admin') });
    const guildOf = async (name: string) => (await call(origin, 'guilds', as(name))).servers[0];
    const anns = await guildOf('ann');
    const params = { serverId: anns?.serverId ?? '' };
    const [website] = (await call(origin, 'websites', { params, ...as('ann') })).websites;
    const read = { params: { ...params, websiteId: website?.id ?? '' }, ...as('ann') };
    expect(await call(origin, 'fetchWebsite', read)).toMatchObject({ status: 'ready', url: `${web.url}/ann-website` });
    // Nobody connected, added or switched on anything.
    await expect.poll(() => discord.gateway.connections(annsBot.token), SOON).toBe(1);
    await expect.poll(() => quay.members.get(annsBot.id)?.nick, SOON).toBe('mark-ann-name');
    discord.say(quay.general, visitor, `<@${annsBot.id}> <@${bensBot.id}> when does the harbour open?`);
    const said = () => quay.general.messages.filter(({ author }) => author.bot);
    await expect.poll(() => said().length, SOON).toBe(1);
    expect(said()[0]?.author.id).toBe(annsBot.id);
    expect([...new Set(said()[0]?.text.match(/mark-[a-z]+-[a-z]+/g))].sort()).toEqual([
      'mark-ann-information',
      'mark-ann-name',
      'mark-ann-personality',
      'mark-ann-rules',
      'mark-ann-website',
    ]);
    const counts = async (name: string) => {
      const { messagesSentCount, messagesReceivedCount } = (await guildOf(name)) ?? {};
      return [messagesSentCount, messagesReceivedCount];
    };
    await expect.poll(() => counts('ann'), SOON).toEqual([43, 101]);
    expect(await counts('ben')).toEqual([7, 8]);
    expect(await guildOf('cat')).toBeUndefined();
    const { groups } = await call(origin, 'chatGroups', as('ann'));
    expect(groups.map(({ name, serverId }) => [name, serverId])).toEqual([['of ann', params.serverId]]);

    // The other one is switched on as ever, and answers by texts of its own.
    const bens = (await guildOf('ben'))?.serverId ?? '';
    await call(origin, 'updateGuild', { params: { serverId: bens }, body: { botActive: true }, ...as('ben') });
    await expect.poll(() => quay.members.get(bensBot.id)?.nick, SOON).toBe('mark-ben-name');
    discord.say(quay.general, visitor, `<@${bensBot.id}> when does the harbour close?`);
    await expect.poll(() => said().length, SOON).toBe(2);
    expect(said()[1]?.text).toContain('mark-ben-information');
    expect(said()[1]?.text).not.toContain('mark-ann');
    await rm(data, { recursive: true, force: true });
  });
});
