import { randomUUID } from 'node:crypto';
import {
  type AssistantAction,
  type ChatGroup,
  type Runner,
  type ChatMessage,
  type DiscordBot,
  type GuildConfig,
  type GuildUpdate,
  type RouteName,
  SkerryError,
  type Website,
} from '@skerry/protocol';
import type { HttpAnswer } from '../platform.ts';
import { type FakeServer, json } from './fake-server.ts';

const AT = '2026-01-05T08:00:00.000Z';
type Asked = {
  readonly name: RouteName;
  readonly params: Record<string, string>;
  readonly body: Record<string, unknown>;
};

/** Assistants of one account in memory, on top of the server in memory: what the real server keeps, without its rules. */
export class ModelAssistants {
  readonly guilds: GuildConfig[] = [];
  readonly websites = new Map<string, Website[]>();
  readonly actions = new Map<string, AssistantAction[]>();
  readonly groups: ChatGroup[] = [];
  runners: Runner[] = [];
  readonly messages = new Map<string, ChatMessage[]>();
  /** Which bot a token belongs to. */
  readonly tokens = new Map<string, DiscordBot>();
  /** What a bot is in, by guild id. */
  readonly inDiscord = new Map<string, string>();
  /** Names of the routes that were called. */
  readonly asked: RouteName[] = [];
  bot: DiscordBot | null = null;
  enabled = true;
  /** Asked first; a SkerryError it throws is the answer, a promise is waited for. */
  before: (asked: Asked) => void | HttpAnswer | Promise<void | HttpAnswer> = () => undefined;

  constructor(server: FakeServer) {
    const answer = async (call: Asked): Promise<HttpAnswer> => {
      this.asked.push(call.name);
      try {
        if (!this.enabled) throw new SkerryError('not_found');
        return (await this.before(call)) ?? this.#answer(call);
      } catch (error) {
        if (!(error instanceof SkerryError)) throw error;
        return json(error.status, { error: error.toBody() });
      }
    };
    server.lies.http = (call) => (HANDLED.has(call.name) ? answer(call) : undefined);
  }

  addGuild(guildName: string, changes: Partial<GuildConfig> = {}): GuildConfig {
    const guild: GuildConfig = {
      id: randomUUID(),
      serverId: randomUUID(),
      guildId: `1${String(this.guilds.length).padStart(17, '0')}`,
      guildName,
      botActive: false,
      botName: 'Assistant',
      personality: '',
      rules: '',
      information: '',
      messagesSentCount: 0,
      messagesReceivedCount: 0,
      lastMessageSentAt: null,
      lastMessageReceivedAt: null,
      websiteCount: 0,
      createdAt: AT,
      updatedAt: AT,
      ...changes,
    };
    this.guilds.push(guild);
    return guild;
  }

  addBot(token: string, botName: string): DiscordBot {
    const botId = `2${String(this.tokens.size).padStart(17, '0')}`;
    const inviteUrl = `https://discord.com/oauth2/authorize?client_id=${botId}&scope=bot&permissions=68608`;
    const bot = { botId, botName, applicationId: botId, readsMessages: true, connectedAt: AT, inviteUrl };
    this.tokens.set(token, bot);
    return bot;
  }

  #answer(asked: Asked): HttpAnswer {
    if (asked.name === 'say') return this.#say(asked.params['conversationId'] ?? '', String(asked.body['text']));
    if (asked.name === 'fetchWebsite') return this.#fetch(asked.params);
    return json(200, this.#told(asked));
  }

  #told({ name, params, body }: Asked): unknown {
    switch (name) {
      case 'guilds':
        return { servers: this.guilds };
      case 'discordBot':
        return { bot: this.bot };
      case 'assistantModel':
      case 'removeAssistantModel':
        return { source: 'none', endpoint: null, model: null, hasKey: false, tokensPerDay: null, tokensToday: 0 };
      case 'connectBot':
        this.bot = this.tokens.get(String(body['token'])) ?? null;
        if (this.bot === null) throw new SkerryError('bot_refused');
        return this.bot;
      case 'disconnectBot':
        this.bot = null;
        return {};
      case 'discordGuilds':
        if (this.bot === null) throw new SkerryError('bot_missing');
        return {
          guilds: [...this.inDiscord].map(([guildId, guildName]) => ({
            guildId,
            guildName,
            added: this.guilds.some((guild) => guild.guildId === guildId),
          })),
        };
      case 'addGuild':
        if (this.guilds.some((guild) => guild.guildId === body['guildId'])) throw new SkerryError('already_exists');
        return this.addGuild(String(body['guildName']), { guildId: String(body['guildId']) });
      case 'updateGuild':
        return this.#update(params['serverId'] ?? '', body);
      case 'removeGuild':
        this.guilds.splice(this.#at(params['serverId'] ?? ''), 1);
        return {};
      case 'guildStats': {
        const { messagesSentCount: sent, messagesReceivedCount: received } = this.#guild(params['serverId'] ?? '');
        return {
          days: [
            { day: '2026-01-04', sent: 0, received: 0 },
            { day: '2026-01-05', sent, received },
          ],
        };
      }
      case 'guildActions':
        return { actions: this.actions.get(params['serverId'] ?? '') ?? [], next: null };
      case 'websites':
        return { websites: this.#websitesOf(params['serverId'] ?? '') };
      case 'addWebsite': {
        const website: Website = { ...WAITING, id: randomUUID(), url: String(body['url']) };
        this.websites.set(params['serverId'] ?? '', [...this.#websitesOf(params['serverId'] ?? ''), website]);
        return website;
      }
      case 'removeWebsite': {
        const rest = this.#websitesOf(params['serverId'] ?? '').filter(({ id }) => id !== params['websiteId']);
        this.websites.set(params['serverId'] ?? '', rest);
        return {};
      }
      case 'runners':
        return { runners: this.runners };
      case 'addRunner': {
        const keys = { publicKey: String(body['publicKey']), boxKey: String(body['boxKey']) };
        if (this.runners.some(({ publicKey }) => publicKey === keys.publicKey)) throw new SkerryError('already_exists');
        const runner = { id: randomUUID(), label: String(body['label']), ...keys, createdAt: AT, lastSeenAt: null };
        this.runners = [...this.runners, runner];
        return runner;
      }
      case 'removeRunner':
        this.runners = this.runners.filter(({ id }) => id !== params['runnerId']);
        return {};
      case 'chatGroups':
        return { groups: this.groups };
      case 'addChatGroup': {
        const group = { id: randomUUID(), serverId: String(body['serverId']), name: null, paneCount: 1 };
        this.groups.unshift({ ...group, createdAt: AT, updatedAt: AT, conversations: [] });
        return this.groups[0];
      }
      case 'updateChatGroup': {
        const group = this.groups.find(({ id }) => id === params['groupId']);
        if (group === undefined) throw new SkerryError('not_found');
        const renamed = { ...group, name: body['name'] as string | null };
        this.groups[this.groups.indexOf(group)] = renamed;
        return renamed;
      }
      case 'removeConversation': {
        for (const [at, group] of this.groups.entries()) {
          const conversations = group.conversations.filter(({ id }) => id !== params['conversationId']);
          this.groups[at] = { ...group, conversations };
        }
        return {};
      }
      case 'addConversation': {
        const group = this.groups.find(({ id }) => id === params['groupId']);
        if (group === undefined) throw new SkerryError('not_found');
        const { serverId } = group;
        const conversation = {
          id: randomUUID(),
          groupId: group.id,
          serverId,
          title: null,
          createdAt: AT,
          updatedAt: AT,
        };
        this.groups[this.groups.indexOf(group)] = { ...group, conversations: [conversation, ...group.conversations] };
        return conversation;
      }
      case 'conversation': {
        const conversation = this.groups
          .flatMap((group) => group.conversations)
          .find(({ id }) => id === params['conversationId']);
        if (conversation === undefined) throw new SkerryError('not_found');
        return { conversation, messages: this.messages.get(conversation.id) ?? [], answering: false };
      }
      case 'stopAnswer':
        return { stopped: true };
      default:
        throw new SkerryError('not_found');
    }
  }

  #say(conversationId: string, text: string): HttpAnswer {
    const known = this.messages.get(conversationId) ?? [];
    const n = known.length + 1;
    const rest = { at: AT, stopped: false, sources: [] };
    const answer: ChatMessage = { n: n + 1, role: 'assistant', text: `You said ${text}`, engine: 'quotes', ...rest };
    this.messages.set(conversationId, [...known, { n, role: 'person', text, engine: null, ...rest }, answer]);
    return lines([
      { t: 'text', text: 'You ' },
      { t: 'text', text: `said ${text}` },
      { t: 'end', message: answer },
    ]);
  }

  #fetch({ serverId = '', websiteId }: Record<string, string>): HttpAnswer {
    const read = (website: Website): Website =>
      website.id === websiteId
        ? { ...website, status: 'ready', title: 'A page', characters: 1_200, fetchedAt: AT, lastError: null }
        : website;
    this.websites.set(serverId, this.#websitesOf(serverId).map(read));
    const website = this.#websitesOf(serverId).find(({ id }) => id === websiteId);
    return lines([
      { t: 'step', step: 'robots', bytes: 0 },
      { t: 'step', step: 'reading', bytes: 900 },
      { t: 'end', website },
    ]);
  }

  #update(serverId: string, update: GuildUpdate): GuildConfig {
    const guild = { ...this.#guild(serverId), ...update } as GuildConfig;
    this.guilds[this.#at(serverId)] = guild;
    return guild;
  }

  #websitesOf(serverId: string): Website[] {
    return this.websites.get(serverId) ?? [];
  }

  #guild(serverId: string): GuildConfig {
    const guild = this.guilds[this.#at(serverId)];
    if (guild === undefined) throw new SkerryError('not_found');
    return guild;
  }

  #at(serverId: string): number {
    const at = this.guilds.findIndex((guild) => guild.serverId === serverId);
    if (at < 0) throw new SkerryError('not_found');
    return at;
  }
}

/** An answer of JSON lines. */
export function lines(all: readonly unknown[]): HttpAnswer {
  const text = all.map((line) => `${JSON.stringify(line)}\n`).join('');
  return { status: 200, contentType: 'application/x-ndjson; charset=utf-8', text };
}

const WAITING = {
  title: null,
  status: 'waiting',
  lastError: null,
  characters: 0,
  fetchedAt: null,
  createdAt: AT,
} as const;

const HANDLED: ReadonlySet<RouteName> = new Set<RouteName>([
  'guilds',
  'discordBot',
  'assistantModel',
  'removeAssistantModel',
  'connectBot',
  'disconnectBot',
  'discordGuilds',
  'addGuild',
  'updateGuild',
  'removeGuild',
  'guildStats',
  'guildActions',
  'websites',
  'addWebsite',
  'removeWebsite',
  'fetchWebsite',
  'runners',
  'addRunner',
  'removeRunner',
  'chatGroups',
  'addChatGroup',
  'updateChatGroup',
  'removeConversation',
  'addConversation',
  'conversation',
  'say',
  'stopAnswer',
]);
