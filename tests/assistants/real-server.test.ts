import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, type ExpectStatic, it } from 'vitest';
import { Discord } from '../discord/discord.ts';
import type { Bot, Guild } from '../discord/world.ts';
import { call } from '../harness/raw-client.ts';
import type { Assistant } from './backend.ts';
import { RealBackend } from './real-backend.ts';
import { RunnerHere } from './runner-here.ts';
import { RunnerProcess } from './runner-process.ts';
import type { Places, RunnerUnderTest } from './runner-under-test.ts';
import { servePages, serveModel, type Web } from './web.ts';

const SOON = { timeout: 15_000, interval: 30 };

/** A real server, the built runner, and discord.js as it is published; Discord and the model are stand-ins. */
async function set<R extends RunnerUnderTest>(
  expect: ExpectStatic,
  { modelUrl, prepare }: { modelUrl: string | null; prepare(places: Places): Promise<R> },
) {
  const discord = await Discord.start();
  const visitor = discord.world.addPerson('visitor');
  const server = await RealBackend.start({ discordApi: discord.api, modelUrl });
  const runner = await prepare({ origin: server.origin, discordApi: discord.api });
  await server.register(await runner.begin());
  return {
    discord,
    visitor,
    server,
    runner,
    connected: (bot: Bot) => expect.poll(() => discord.gateway.connections(bot.token), SOON).toBe(1),
    ask: (guild: Guild, bot: Bot) => discord.say(guild.general, visitor, `<@${bot.id}> when does the harbour open?`),
    said: (guild: Guild, bot: Bot) =>
      guild.general.messages.filter(({ author }) => author.id === bot.id).map(({ text }) => text),
    async [Symbol.asyncDispose]() {
      await runner[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await discord[Symbol.asyncDispose]();
    },
  };
}

/** Most of each is waiting for programs, so they wait side by side; only pages and the model are shared. */
describe.concurrent.each(['a model', 'no model'] as const)('assistants of a real server with %s', (engine) => {
  let web: Web;
  let model: Web;

  beforeAll(async () => {
    web = await servePages();
    model = await serveModel();
  });
  afterAll(async () => {
    await web[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });

  const modelUrl = () => (engine === 'a model' ? `${model.url}/v1` : null);
  const here = (expect: ExpectStatic) =>
    set(expect, { modelUrl: modelUrl(), prepare: (places) => RunnerHere.prepare(places) });
  const apart = (expect: ExpectStatic) =>
    set(expect, { modelUrl: modelUrl(), prepare: (places) => RunnerProcess.prepare(places) });
  const marks = (texts: readonly string[]) => [...new Set(texts.join(' ').match(/mark-[a-z]+-[a-z]+/g))].sort();
  const texts = (name: string) => ({
    botName: `mark-${name}-name`,
    personality: `mark-${name}-personality`,
    rules: `mark-${name}-rules`,
    information: `The harbour closes at ten, says mark-${name}-information.`,
  });
  /** What must be in an answer of one assistant, and nothing of another. */
  const all = (name: string, site: boolean) =>
    [
      ...(engine === 'a model' ? [`mark-${name}-name`, `mark-${name}-personality`, `mark-${name}-rules`] : []),
      `mark-${name}-information`,
      ...(site ? [`mark-${name}-website`] : []),
    ].sort();

  it('answers two accounts in a shared guild and in their own, each by its own texts and websites; counts, log and sums are right (S3.41 to S3.46, S3.48, S3.49)', async ({
    expect,
  }) => {
    await using scenery = await here(expect);
    const { discord, visitor, server, connected, ask, said } = scenery;
    const [annsBot, bobsBot] = [discord.world.addBot('anns'), discord.world.addBot('bobs')];
    const shared = discord.world.addGuild('Shared', [visitor, annsBot, bobsBot]);
    const annOwn = discord.world.addGuild('Quay', [visitor, annsBot]);
    const bobOwn = discord.world.addGuild('Mill', [visitor, bobsBot]);
    const [ann, bob] = [await server.person('ann'), await server.person('bob')];
    await ann.connectBot(annsBot.token);
    await bob.connectBot(bobsBot.token);
    // S3.41: several guilds for one person; S3.42: each with settings of its own.
    const places: Record<string, Assistant> = {
      annshared: await ann.addGuild(shared),
      annown: await ann.addGuild(annOwn),
      bobshared: await bob.addGuild(shared),
      bobown: await bob.addGuild(bobOwn),
    };
    for (const [name, place] of Object.entries(places)) await place.update(texts(name));
    await ann.addWebsite(shared, `${web.url}/annshared-website`);
    await bob.addWebsite(shared, `${web.url}/bobshared-website`);
    for (const name of ['annshared', 'annown', 'bobshared']) await places[name]?.update({ botActive: true });
    await connected(annsBot);
    await connected(bobsBot);
    await expect.poll(() => shared.members.get(annsBot.id)?.nick, SOON).toBe('mark-annshared-name');

    ask(bobOwn, bobsBot);
    ask(annOwn, annsBot);
    ask(shared, annsBot);
    ask(shared, bobsBot);
    await expect.poll(() => said(shared, annsBot).length, SOON).toBe(1);
    await expect.poll(() => said(shared, bobsBot).length, SOON).toBe(1);
    await expect.poll(() => said(annOwn, annsBot).length, SOON).toBe(1);
    // S3.44, S3.46
    expect(marks(said(shared, annsBot))).toEqual(all('annshared', true));
    expect(marks(said(shared, bobsBot))).toEqual(all('bobshared', true));
    expect(marks(said(annOwn, annsBot))).toEqual(all('annown', false));
    // S3.45
    expect(said(bobOwn, bobsBot)).toEqual([]);
    // S3.48
    await expect.poll(() => places['annshared']?.counts(), SOON).toEqual({ sent: 1, received: 2 });
    await expect.poll(() => places['annown']?.counts(), SOON).toEqual({ sent: 1, received: 1 });
    await expect.poll(() => places['bobshared']?.counts(), SOON).toEqual({ sent: 1, received: 2 });
    expect(await places['bobown']?.counts()).toEqual({ sent: 0, received: 0 });
    const [action] = (await places['annshared']?.actions()) ?? [];
    expect(action?.text).toBe(said(shared, annsBot)[0]);
    expect(action?.context.at(-1)?.text).toContain('when does the harbour open?');
    // S3.49
    expect(await ann.status()).toEqual({
      connected: true,
      serverCount: 2,
      activeServerCount: 2,
      totalMessagesSent: 2,
      totalMessagesReceived: 3,
    });
    expect(await bob.status()).toMatchObject({ serverCount: 2, activeServerCount: 1, totalMessagesSent: 1 });

    // S3.43: off and on, within two seconds, on the same connection.
    await places['annown']?.update({ botActive: false });
    await places['bobown']?.update({ botActive: true });
    await sleep(2_000);
    ask(annOwn, annsBot);
    ask(bobOwn, bobsBot);
    await expect.poll(() => said(bobOwn, bobsBot).length, SOON).toBe(1);
    expect(marks(said(bobOwn, bobsBot))).toEqual(all('bobown', false));
    expect(said(annOwn, annsBot)).toHaveLength(1);
    expect([annsBot, bobsBot].map((bot) => discord.entries(bot).map(({ op }) => op))).toEqual([
      ['identify'],
      ['identify'],
    ]);
  });

  it('loses and doubles nothing when the runner is killed between an answer and its report', async ({ expect }) => {
    await using scenery = await apart(expect);
    const { discord, visitor, server, runner, connected, ask, said } = scenery;
    const bot = discord.world.addBot('anns');
    const guild = discord.world.addGuild('Quay', [visitor, bot]);
    const ann = await server.person('ann');
    await ann.connectBot(bot.token);
    const place = await ann.addGuild(guild);
    await place.update({ ...texts('ann'), botActive: true });
    await connected(bot);
    for (let sent = 1; sent <= 3; sent++) {
      ask(guild, bot);
      await expect.poll(() => said(guild, bot).length, { ...SOON, interval: 2 }).toBe(sent);
      await runner.stop('SIGKILL');
      runner.start();
      await expect.poll(() => discord.entries(bot).length, SOON).toBe(sent + 1);
      await expect.poll(() => place.counts(), SOON).toEqual({ sent, received: sent });
    }
    await sleep(1_500);
    expect(await place.counts()).toEqual({ sent: 3, received: 3 });
    expect((await place.actions()).map(({ messageId }) => messageId).sort()).toEqual(
      discord
        .posted(bot)
        .map(({ id }) => id)
        .sort(),
    );
  });

  it('ties conversations to the guild they were begun in, and frees them when it goes (S3.47)', async ({ expect }) => {
    await using scenery = await here(expect);
    const { discord, visitor, server } = scenery;
    const ann = await server.person('ann');
    const { token } = ann;
    const guilds = [discord.world.addGuild('Quay', [visitor]), discord.world.addGuild('Mill', [visitor])];
    const places = await Promise.all(guilds.map((guild) => ann.addGuild(guild)));
    const groups = [];
    for (const [index, guild] of guilds.entries()) {
      await places[index]?.update(texts(`ann${guild.name.toLowerCase()}`));
      const serverId = ann.serverId(guild);
      const group = await call(server.origin, 'addChatGroup', { body: { serverId, name: guild.name }, token });
      const params = { groupId: group.id };
      const made = await call(server.origin, 'addConversation', { params, body: {}, token });
      expect(made).toMatchObject({ groupId: group.id, serverId });
      const { message } = await call(server.origin, 'say', {
        params: { conversationId: made.id },
        body: { text: 'When does the harbour close?' },
        token,
      });
      expect(marks([message.text])).toEqual(all(`ann${guild.name.toLowerCase()}`, false));
      groups.push({ ...group, serverId });
    }
    const listed = async (query = {}) => (await call(server.origin, 'chatGroups', { query, token })).groups;
    expect((await listed()).map(({ name }) => name).sort()).toEqual(['Mill', 'Quay']);
    expect((await listed({ serverId: groups[1]?.serverId })).map(({ name }) => name)).toEqual(['Mill']);
    await places[1]?.remove();
    const left = await listed();
    expect(left.map(({ name, serverId }) => [name, serverId]).sort()).toEqual([
      ['Mill', null],
      ['Quay', groups[0]?.serverId],
    ]);
    expect(left.find(({ name }) => name === 'Mill')?.conversations).toHaveLength(1);
  });
});
