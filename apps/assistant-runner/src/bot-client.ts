import { Client, GatewayIntentBits, Options } from 'discord.js';

const LEAST = [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages];

/** A client of discord.js that keeps no messages and few people, and asks Discord how many shards it wants. */
export function createClient(options: { api: string; readsMessages: boolean }): Client {
  const isSelf = (one: { id: string; client: Client<true> }) => one.id === one.client.user.id;
  return new Client({
    intents: options.readsMessages ? [...LEAST, GatewayIntentBits.MessageContent] : LEAST,
    shards: 'auto',
    rest: { api: options.api },
    allowedMentions: { parse: [] },
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      GuildMemberManager: { maxSize: 200, keepOverLimit: isSelf },
      UserManager: { maxSize: 200, keepOverLimit: isSelf },
    }),
  });
}
