import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerRequest, RunnerAnswer, RunnerTokens } from '@skerry/protocol';
import { type Client, Events, type Guild, type Message, Status } from 'discord.js';
import { Backoff } from './backoff.ts';
import { createClient } from './bot-client.ts';
import type { Journal } from './journal.ts';
import { type Log, whereOf } from './log.ts';
import { Replies } from './replies.ts';
import { Sender } from './sender.ts';

type Token = RunnerTokens['tokens'][number];
export type GuildConfig = Token['servers'][number];

type Parts = {
  readonly accountId: Token['userId'];
  readonly token: string;
  readonly discordApi: string;
  readonly journal: Journal;
  readonly log: Log;
  ask(request: AnswerRequest, signal: AbortSignal): Promise<RunnerAnswer>;
};

/** Ids remembered of one guild, so that what Discord delivers again is heard once. */
const MOST_HEARD = 500;
/** What is being sent when the runner stops may take so long to end. */
const LAST_WORDS_MS = 5_000;
const LEAVE_MS = 5_000;

/** One bot of one account: one connection to Discord for all of its guilds. What it knows of a guild is its own. */
export class BotConnection {
  readonly #parts: Parts;
  readonly #stop = new AbortController();
  readonly #guilds = new Map<string, { config: GuildConfig; replies: Replies | null; heard: Set<string> }>();
  readonly #busy = new Set<Promise<void>>();
  #client: Client<true> | null = null;
  #running: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What the server says now; it counts from the next message on, and no connection is lost for it. */
  update(servers: readonly GuildConfig[]): void {
    const gone = new Set(this.#guilds.keys());
    for (const config of servers) {
      gone.delete(config.guildId);
      const known = this.#guilds.get(config.guildId);
      if (known === undefined) this.#guilds.set(config.guildId, { config, replies: null, heard: new Set() });
      else {
        known.config = config;
        if (!config.botActive) known.replies?.drop();
      }
    }
    for (const guildId of gone) {
      this.#guilds.get(guildId)?.replies?.drop();
      this.#guilds.delete(guildId);
    }
    // A bot that is on nowhere need not be seen online; one that was stays, so that switching on works at once.
    if (servers.some(({ botActive }) => botActive)) this.#running ??= this.#run();
    if (this.#client !== null) this.#showNames(this.#client);
  }

  /** Stops thinking, lets what is being sent end, and says goodbye to Discord. */
  async stop(): Promise<void> {
    for (const { replies } of this.#guilds.values()) replies?.drop();
    const patience = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
    await Promise.race([Promise.allSettled(this.#busy), patience]);
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { accountId: account, log } = this.#parts;
    const backoff = new Backoff();
    let readsMessages = true;
    while (!signal.aborted) {
      const end = await this.#connect(readsMessages);
      this.#client = null;
      if (end === 'stopped') return;
      log('warn', { event: 'disconnected', account, code: end });
      // A token that Discord no longer takes stays one: the server gets another from its owner.
      if (end === 'token_refused') return;
      if (end === 'intent_refused' && readsMessages) {
        readsMessages = false;
        continue;
      }
      await backoff.wait(signal).catch(() => undefined);
    }
  }

  /** Lives as long as one client of discord.js, which itself resumes and identifies again. */
  async #connect(readsMessages: boolean): Promise<'stopped' | 'token_refused' | 'intent_refused' | 'lost'> {
    const { token, discordApi: api, accountId: account, log } = this.#parts;
    const { signal } = this.#stop;
    const client = createClient({ api, readsMessages });
    let isEntering = true;
    try {
      const ended = new Promise<number>((resolve) => {
        client.on(Events.ShardDisconnect, ({ code }) => resolve(code));
        client.on(Events.Invalidated, () => resolve(0));
        signal.addEventListener('abort', () => resolve(0), { once: true });
      });
      client.on(Events.Error, (error) => log('warn', { event: 'discord_error', account, error: whereOf(error) }));
      client.on(Events.ShardError, (error) => log('warn', { event: 'shard_error', account, error: whereOf(error) }));
      client.on(Events.MessageCreate, (message) => this.#hear(client, message));
      client.on(Events.GuildCreate, (guild) => client.isReady() && this.#showName(guild));
      client.once(Events.ClientReady, (ready) => this.#ready(ready));
      const login = client.login(token);
      login.then(
        () => (isEntering = false),
        () => (isEntering = false),
      );
      const code = await Promise.race([ended, login.then(() => ended)]);
      return signal.aborted ? 'stopped' : endOf(code);
    } catch (error) {
      if (signal.aborted) return 'stopped';
      log('warn', { event: 'login_failed', account, error: whereOf(error) });
      return reasonOf(error);
    } finally {
      await leave(client, () => isEntering);
    }
  }

  #ready(client: Client<true>): void {
    const { accountId, journal, log } = this.#parts;
    this.#client = client;
    log('info', { event: 'connected', account: accountId, count: client.guilds.cache.size });
    this.#showNames(client);
    const sender = this.#sender(client);
    for (const send of journal.unsettled)
      if (send.accountId === accountId) this.#keep(sender.recover(send, this.#stop.signal));
  }

  #hear(client: Client, message: Message): void {
    if (!client.isReady() || !message.inGuild() || message.system || this.#stop.signal.aborted) return;
    const { author, guildId } = message;
    const place = this.#guilds.get(guildId);
    if (place?.config.botActive !== true || author.bot || author.id === client.user.id || message.webhookId !== null)
      return;
    if (place.heard.has(message.id)) return;
    place.heard.add(message.id);
    if (place.heard.size > MOST_HEARD)
      for (const oldest of [...place.heard].slice(0, MOST_HEARD / 2)) place.heard.delete(oldest);
    this.#parts.journal.seen({ accountId: this.#parts.accountId, guildId });
    place.replies ??= this.#replies(client, guildId);
    this.#keep(place.replies.hear(message, isAddressed(message, client.user.id), this.#stop.signal));
  }

  #replies(client: Client<true>, guildId: string): Replies {
    const { accountId, ask, log } = this.#parts;
    const sender = this.#sender(client);
    const isActive = () => this.#isActive(guildId);
    const send: Sender['send'] = (answer, signal) => sender.send(answer, signal);
    return new Replies({ accountId, guildId, self: client.user.id, ask, log, isActive, send });
  }

  #sender(client: Client<true>): Sender {
    const { journal, log } = this.#parts;
    return new Sender({ client, journal, log, isActive: (guildId) => this.#isActive(guildId) });
  }

  #isActive(guildId: string): boolean {
    return this.#guilds.get(guildId)?.config.botActive === true;
  }

  #showNames(client: Client<true>): void {
    for (const guild of client.guilds.cache.values()) this.#showName(guild);
  }

  /** Each guild sees the name its assistant was given, where the bot may change it. */
  #showName(guild: Guild): void {
    const config = this.#guilds.get(guild.id)?.config;
    const { me } = guild.members;
    if (config?.botActive !== true || me === null || me.displayName === config.botName) return;
    const { accountId: account, log } = this.#parts;
    const refused = () => log('info', { event: 'name_kept', account, guild: guild.id });
    this.#keep(guild.members.editMe({ nick: config.botName }).then(() => undefined, refused));
  }

  /** What is under way; its failures end here. */
  #keep(work: Promise<void>): void {
    const kept = work
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#parts.log('error', { event: 'unexpected', error: whereOf(error) });
      })
      .finally(() => this.#busy.delete(kept));
    this.#busy.add(kept);
  }
}

/** discord.js does not end a connection that is only being made: it is waited for, then left. */
async function leave(client: Client, isEntering: () => boolean): Promise<void> {
  const until = Date.now() + LEAVE_MS;
  const isMoving = () =>
    isEntering() || client.ws.shards.some(({ status }) => status !== Status.Ready && status !== Status.Disconnected);
  while (isMoving() && Date.now() < until) await sleep(50);
  await client.destroy().catch(() => undefined);
}

/** It mentions the bot, or the role that is the bot's alone, or replies to it; calling everybody does not count. */
function isAddressed(message: Message<true>, self: string): boolean {
  const { users, repliedUser, roles } = message.mentions;
  if (users.has(self) || repliedUser?.id === self) return true;
  return roles.some(({ tags }) => tags?.botId === self);
}

function endOf(code: number): 'token_refused' | 'intent_refused' | 'lost' {
  if (code === 4004) return 'token_refused';
  return code === 4014 ? 'intent_refused' : 'lost';
}

function reasonOf(error: unknown): 'token_refused' | 'intent_refused' | 'lost' {
  if (!(error instanceof Error)) return 'lost';
  if ('code' in error && error.code === 'TokenInvalid') return 'token_refused';
  if (error.message === 'Authentication failed') return 'token_refused';
  return error.message === 'Used disallowed intents' ? 'intent_refused' : 'lost';
}
