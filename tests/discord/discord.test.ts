import {
  ChannelType,
  Client,
  Events,
  GatewayIntentBits as Intents,
  type Message as Seen,
  type TextChannel,
} from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Discord } from './discord.ts';
import { shardOf } from './snowflake.ts';
import type { Bot, Guild, User } from './world.ts';

const READING = [Intents.Guilds, Intents.GuildMessages, Intents.MessageContent];

/** The stand-in, met by discord.js as it is published, with two addresses changed. */
describe('the stand-in of Discord', () => {
  let discord: Discord;
  let ann: User;
  let bot: Bot;
  let guild: Guild;
  const clients: Client[] = [];

  beforeEach(async () => {
    discord = await Discord.start({ heartbeatMs: 300 });
    ann = discord.world.addPerson('ann');
    bot = discord.world.addBot('porter');
    guild = discord.world.addGuild('Harbour', [ann, bot]);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.destroy()));
    await discord[Symbol.asyncDispose]();
  });

  async function connect(as: Bot = bot, intents = READING): Promise<{ client: Client; seen: Seen[] }> {
    const client = new Client({ intents, rest: { api: discord.api } });
    clients.push(client);
    client.on(Events.Error, () => undefined);
    const seen: Seen[] = [];
    client.on(Events.MessageCreate, (message) => seen.push(message));
    const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
    await client.login(as.token);
    await ready;
    return { client, seen };
  }
  const channelOf = (client: Client) => client.channels.cache.get(guild.general.id) as TextChannel;

  it('lets a bot in, names it, and shows its guilds with their channels', async () => {
    const { client } = await connect();
    expect(client.user?.id).toBe(bot.id);
    expect(client.guilds.cache.map(({ name }) => name)).toEqual(['Harbour']);
    expect(channelOf(client).type).toBe(ChannelType.GuildText);
    expect(discord.gateway.connections(bot.token)).toBe(1);
  });

  it('delivers messages with their author, mentions and what they answer', async () => {
    const { client, seen } = await connect();
    const own = await channelOf(client).send('here');
    const [posted] = discord.posted(bot);
    discord.say(guild.general, ann, `hello <@${bot.id}>`, posted);
    await expect.poll(() => seen.map(({ content }) => content)).toEqual(['here', `hello <@${bot.id}>`]);
    const heard = seen[1];
    expect(heard?.author.username).toBe('ann');
    expect(heard?.mentions.users.has(bot.id)).toBe(true);
    expect(heard?.mentions.repliedUser?.id).toBe(bot.id);
    expect(heard?.reference?.messageId).toBe(own.id);
  });

  it('hides texts from whom they do not concern without the intent, and refuses the intent to whom it was not given', async () => {
    bot.readsMessages = false;
    const { seen } = await connect(bot, [Intents.Guilds, Intents.GuildMessages]);
    discord.say(guild.general, ann, 'between us');
    discord.say(guild.general, ann, `for you <@${bot.id}>`);
    await expect.poll(() => seen.map(({ content }) => content)).toEqual(['', `for you <@${bot.id}>`]);
    await expect(connect()).rejects.toThrow(/disallowed intents/);
  });

  it('refuses an unknown token at both doors', async () => {
    const stranger = { ...bot, token: `${bot.token}x` };
    await expect(connect(stranger)).rejects.toThrow(/invalid token/i);
    expect(await closeCode({ op: 2, d: { token: stranger.token, intents: 513, properties: {} } })).toBe(4004);
    const asUser = await fetch(`${discord.api}/v10/users/@me`, { headers: { authorization: ann.token } });
    expect(asUser.status).toBe(200);
    const asBot = await fetch(`${discord.api}/v10/users/@me`, { headers: { authorization: `Bot ${ann.token}` } });
    expect(asBot.status).toBe(401);
  });

  it.each([
    ['an unknown operation', { op: 99, d: null }, 4001],
    ['something before identify', { op: 3, d: {} }, 4003],
    ['intents that do not exist', { op: 2, d: { token: 'TOKEN', intents: 2 ** 30 } }, 4013],
    ['a shard that does not exist', { op: 2, d: { token: 'TOKEN', intents: 513, shard: [2, 2] } }, 4010],
  ])('closes on %s', async (_what, payload, code) => {
    expect(await closeCode(JSON.parse(JSON.stringify(payload).replace('TOKEN', bot.token)))).toBe(code);
  });

  it('gives a client that comes back what it missed, in order and once', async () => {
    const { seen } = await connect();
    discord.say(guild.general, ann, 'one');
    await expect.poll(() => seen.length).toBe(1);
    discord.gateway.cut(bot.token);
    discord.say(guild.general, ann, 'two');
    discord.say(guild.general, ann, 'three');
    await expect.poll(() => seen.map(({ content }) => content), { timeout: 5_000 }).toEqual(['one', 'two', 'three']);
    expect(discord.entries(bot).map(({ op }) => op)).toEqual(['identify', 'resume']);
  });

  it('asks to reconnect (op 7), after which nothing is missing', async () => {
    const { seen } = await connect();
    discord.gateway.say(bot.token, { op: 7 });
    discord.say(guild.general, ann, 'meanwhile');
    await expect.poll(() => discord.entries(bot).map(({ op }) => op)).toEqual(['identify', 'resume']);
    discord.say(guild.general, ann, 'afterwards');
    await expect.poll(() => seen.map(({ content }) => content)).toEqual(['meanwhile', 'afterwards']);
  });

  it('brings what was lost on a connection that still stood', async () => {
    const { seen } = await connect();
    for (const session of discord.gateway.sessionsOf(bot.token)) session.isDeaf = true;
    discord.say(guild.general, ann, 'lost');
    expect(seen).toHaveLength(0);
    discord.gateway.cut(bot.token);
    await expect.poll(() => seen.map(({ content }) => content), { timeout: 5_000 }).toEqual(['lost']);
  });

  it('refuses a resume that may be tried again (op 9, true): the session goes on', async () => {
    const { seen } = await connect();
    discord.gateway.refuseResumes = { left: 1, resumable: true };
    discord.gateway.cut(bot.token);
    discord.say(guild.general, ann, 'kept');
    await expect.poll(() => seen.map(({ content }) => content), { timeout: 5_000 }).toEqual(['kept']);
    expect(discord.entries(bot).map(({ op }) => op)).toEqual(['identify', 'refused', 'resume']);
  });

  it('ends a session (op 9, false): the client identifies anew', { timeout: 20_000 }, async () => {
    const { seen } = await connect();
    discord.gateway.refuseResumes = { left: 1, resumable: false };
    discord.gateway.cut(bot.token);
    await expect
      .poll(() => discord.entries(bot).map(({ op }) => op), { timeout: 15_000 })
      .toEqual(['identify', 'refused', 'identify']);
    await expect.poll(() => discord.gateway.connections(bot.token)).toBe(1);
    discord.say(guild.general, ann, 'new');
    await expect.poll(() => seen.at(-1)?.content).toBe('new');
  });

  it('is taken for dead when it no longer answers heartbeats, and resumed when it does', async () => {
    const { seen } = await connect();
    discord.gateway.acknowledges = false;
    await expect.poll(() => discord.entries(bot).map(({ op }) => op), { timeout: 5_000 }).toContain('resume');
    discord.gateway.acknowledges = true;
    discord.say(guild.general, ann, 'alive');
    await expect.poll(() => seen.at(-1)?.content, { timeout: 5_000 }).toBe('alive');
  });

  it('throws a revoked token out for good (4004)', async () => {
    const { client } = await connect();
    const gone = new Promise((resolve) => client.once(Events.ShardDisconnect, ({ code }) => resolve(code)));
    discord.revoke(bot);
    expect(await gone).toBe(4004);
  });

  it('keeps to its buckets, and discord.js waits instead of failing', async () => {
    discord.rest.limits.messages = { limit: 2, windowMs: 400 };
    const { client } = await connect();
    const from = performance.now();
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => channelOf(client).send(text)));
    expect(performance.now() - from).toBeGreaterThan(700);
    expect(discord.posted(bot).map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(discord.rest.limits.refused).toBe(0);
  });

  it('says 429 with the time to wait to whom headers said nothing, for a bucket and for everything', async () => {
    discord.rest.limits.isSilent = true;
    discord.rest.limits.messages = { limit: 1, windowMs: 300 };
    const { client } = await connect();
    await channelOf(client).send('a');
    await channelOf(client).send('b');
    expect(discord.rest.limits.refused).toBe(1);
    discord.rest.limits.global = { limit: 1, windowMs: 300 };
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await channelOf(client).send('c');
    await client.rest.get('/users/@me');
    expect(discord.rest.limits.refused).toBeGreaterThan(1);
    expect(discord.posted(bot).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  it('makes one message of one nonce, whatever breaks in between', async () => {
    const { client } = await connect();
    const once = { content: 'once', nonce: 'n1', enforceNonce: true };
    discord.rest.troubles.push('lostBefore', 'lostAfter', 'error500');
    await expect(channelOf(client).send(once)).rejects.toThrow();
    expect(discord.posted(bot)).toHaveLength(0);
    await expect(channelOf(client).send(once)).rejects.toThrow();
    const sent = await channelOf(client).send(once);
    expect(discord.posted(bot).map(({ id }) => id)).toEqual([sent.id]);
    await channelOf(client).send({ content: 'twice', nonce: 'n2' });
    await channelOf(client).send({ content: 'twice', nonce: 'n2' });
    expect(discord.posted(bot)).toHaveLength(3);
  });

  it('refuses what is empty, too long, unknown or not allowed', async () => {
    const { client } = await connect();
    await expect(channelOf(client).send('x'.repeat(2_001))).rejects.toMatchObject({ code: 50_035 });
    await expect(channelOf(client).send(' ')).rejects.toMatchObject({ code: 50_006 });
    guild.general.isReadOnly = true;
    await expect(channelOf(client).send('x')).rejects.toMatchObject({ code: 50_013 });
    const elsewhere = discord.world.addGuild('Elsewhere', [ann]);
    await expect(client.channels.fetch(elsewhere.general.id)).rejects.toMatchObject({ code: 50_001 });
    await expect(client.channels.fetch('100000000000000001')).rejects.toMatchObject({ code: 10_003 });
  });

  it('gives pages of a channel, the newest first', async () => {
    for (let n = 1; n <= 12; n++) discord.say(guild.general, ann, String(n));
    const { client } = await connect();
    const page = await channelOf(client).messages.fetch({ limit: 3 });
    expect(page.map(({ content }) => content)).toEqual(['12', '11', '10']);
    const older = await channelOf(client).messages.fetch({ limit: 2, before: page.lastKey() ?? '' });
    expect(older.map(({ content }) => content)).toEqual(['9', '8']);
  });

  it('keeps typing, names in a guild, joining and leaving', async () => {
    const { client } = await connect();
    await channelOf(client).sendTyping();
    expect(discord.world.typing.map(({ user }) => user.id)).toEqual([bot.id]);
    await client.guilds.cache.get(guild.id)?.members.editMe({ nick: 'Porter' });
    expect(guild.members.get(bot.id)?.nick).toBe('Porter');
    const second = discord.world.addGuild('Second', [bot]);
    await expect.poll(() => client.guilds.cache.has(second.id)).toBe(true);
    discord.world.leave(second, bot);
    await expect.poll(() => client.guilds.cache.has(second.id)).toBe(false);
  });

  it('asks for shards, and each hears of its own guilds alone', async () => {
    bot.shards = 2;
    expect(await closeCode({ op: 2, d: { token: bot.token, intents: 513, shard: [0, 1] } })).toBe(4011);
    const client = new Client({ intents: READING, shards: 'auto', rest: { api: discord.api } });
    clients.push(client);
    const heard = new Map<string, number>();
    client.on(Events.MessageCreate, (message) => heard.set(message.content, message.guild?.shardId ?? -1));
    await client.login(bot.token);
    expect(discord.gateway.sessionsOf(bot.token).map(({ shard }) => shard)).toEqual([
      [0, 2],
      [1, 2],
    ]);
    // The snowflakes of two shards differ in bit 22: made a millisecond apart.
    let other = guild;
    while (shardOf(other.id, 2) === shardOf(guild.id, 2)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      other = discord.world.addGuild('Other', [ann, bot]);
    }
    discord.say(guild.general, ann, 'first');
    discord.say(other.general, ann, 'second');
    await expect.poll(() => heard.size).toBe(2);
    expect(heard.get('first')).toBe(shardOf(guild.id, 2));
    expect(heard.get('second')).toBe(shardOf(other.id, 2));
  });

  /** The code that a bare socket is closed with after saying one thing. */
  async function closeCode(payload: unknown): Promise<number> {
    const url = discord.api.replace('http', 'ws').replace('/api', '/gateway');
    const socket = new WebSocket(`${url}?v=10&encoding=json`);
    const code = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.once('message', () => socket.send(JSON.stringify(payload)));
    return code;
  }
});
