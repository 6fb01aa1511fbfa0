import type { SignedIn } from '@skerry/protocol';
import type { Guild } from '../discord/world.ts';
import { call, signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import type { Assistant, Backend, Person } from './backend.ts';

export interface RealPerson extends Person {
  /** Of its session. */
  readonly token: string;
  serverId(guild: Guild): string;
  /** Added and read. @throws Error when it could not be read */
  addWebsite(guild: Guild, url: string): Promise<void>;
}

/** The real server with assistants, in this process; its first account is the admin. */
export class RealBackend implements Backend {
  readonly #server: RealServer;
  readonly #admin: SignedIn;

  private constructor(server: RealServer, admin: SignedIn) {
    this.#server = server;
    this.#admin = admin;
  }

  static async start(options: { discordApi: string; modelUrl: string | null }): Promise<RealBackend> {
    const { discordApi, modelUrl } = options;
    const model = modelUrl === null ? [] : ['--assistants-model-url', modelUrl, '--assistants-model', 'scripted'];
    // The server takes the version into its base, a client of discord.js adds it.
    const flags = ['--discord-api', `${discordApi}/v10`, ...model];
    const server = await startReal(flags, { SKERRY_TESTING: '1', SKERRY_ASSISTANTS_LOOPBACK: '1' });
    return new RealBackend(server, await signUp(server.origin, 'admin', server.setupCode));
  }

  get origin(): string {
    return this.#server.origin;
  }

  async register(keys: { publicKey: string; boxKey: string }): Promise<string> {
    const body = { label: 'a runner', ...keys };
    return (await call(this.origin, 'addRunner', { body, token: this.#admin.accessToken })).id;
  }

  async unregister(runnerId: string): Promise<void> {
    await call(this.origin, 'removeRunner', { params: { runnerId }, token: this.#admin.accessToken });
  }

  async person(name: string): Promise<RealPerson> {
    const { origin } = this;
    const { account, accessToken: token } = await signUp(origin, name);
    const serverIds = new Map<string, string>();
    return {
      accountId: account.id,
      token,
      serverId: (guild) => serverIds.get(guild.id) ?? '',
      connectBot: async (bot) => void (await call(origin, 'connectBot', { body: { token: bot }, token })),
      disconnectBot: async () => void (await call(origin, 'disconnectBot', { token })),
      status: () => call(origin, 'discordStatus', { token }),
      addGuild: async (guild) => {
        const body = { guildId: guild.id, guildName: guild.name };
        const { serverId } = await call(origin, 'addGuild', { body, token });
        serverIds.set(guild.id, serverId);
        return assistant(origin, token, serverId);
      },
      addWebsite: async (guild, url) => {
        const serverId = serverIds.get(guild.id) ?? '';
        const { id: websiteId } = await call(origin, 'addWebsite', { params: { serverId }, body: { url }, token });
        const read = await call(origin, 'fetchWebsite', { params: { serverId, websiteId }, token });
        if (read.status !== 'ready') throw new Error(`the website was not read: ${read.lastError}`);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

function assistant(origin: string, token: string, serverId: string): Assistant {
  const params = { serverId };
  return {
    update: async (change) => void (await call(origin, 'updateGuild', { params, body: change, token })),
    remove: async () => void (await call(origin, 'removeGuild', { params, token })),
    counts: async () => {
      const { messagesSentCount, messagesReceivedCount } = await call(origin, 'guild', { params, token });
      return { sent: messagesSentCount, received: messagesReceivedCount };
    },
    actions: async () => (await call(origin, 'guildActions', { params, token })).actions,
  };
}
