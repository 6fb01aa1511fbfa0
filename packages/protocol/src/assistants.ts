import * as z from 'zod/mini';
import { plainName, plainText } from './accounts.ts';
import { accountId } from './ids.ts';
import { count } from './route.ts';
import { nonce, origin, publicKey, signature } from './server.ts';

/** Assistants in Discord guilds: one bot token per person, an assistant of its own for each guild. */

/** Lengths in code points, counts, milliseconds. */
export const ASSISTANT_LIMITS = {
  guilds: 50,
  guildName: 100,
  botName: 32,
  personality: 4_000,
  rules: 4_000,
  information: 20_000,
  websites: 20,
  websiteUrl: 2_000,
  /** Characters kept of one website. */
  websiteText: 20_000,
  /** What a person writes in a test chat. */
  chatText: 4_000,
  groups: 100,
  conversationsPerGroup: 50,
  messagesPerConversation: 500,
  /** Messages a runner gives for one answer, the last one being what is answered. */
  messagesPerAnswer: 20,
  /** Messages kept with an entry of the action log. */
  contextMessages: 10,
  /** A message of Discord. */
  discordText: 4_000,
  /** An answer that goes to Discord. */
  answerText: 2_000,
  actionsPerReport: 100,
  /** Entries of the action log kept of one guild of one person. */
  actionsKept: 1_000,
  statDays: 90,
  runners: 16,
  /** How long a runner's question for changes waits for one. */
  pollMs: 25_000,
  runnerTokenMs: 15 * 60_000,
  /** The JSON of a request with long texts, in bytes. */
  jsonBytes: 512 * 1024,
} as const;

const L = ASSISTANT_LIMITS;

const uuid = z.string().check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));
/** The row of a guild; the same for everybody who has that guild. */
export const guildServerId = uuid;
export const websiteId = uuid;
export const groupId = uuid;
export const conversationId = uuid;
export const runnerId = uuid;
/** An id of Discord's. */
export const snowflake = z.string().check(z.regex(/^[1-9]\d{14,19}$/));
/** A time as ISO 8601 in UTC. */
export const isoTime = z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/));
/** Text a person sees, as it came from outside: no rule but its length. */
const told = (max: number) => z.string().check(z.maxLength(max));

export const guildTexts = {
  botName: plainName(L.botName),
  personality: plainText(L.personality),
  rules: plainText(L.rules),
  information: plainText(L.information),
};

/** The assistant of one person in one guild. S3.15. */
export const guildConfig = z.object({
  id: uuid,
  serverId: guildServerId,
  guildId: snowflake,
  guildName: plainName(L.guildName),
  botActive: z.boolean(),
  ...guildTexts,
  messagesSentCount: count,
  messagesReceivedCount: count,
  lastMessageSentAt: z.nullable(isoTime),
  lastMessageReceivedAt: z.nullable(isoTime),
  websiteCount: count,
  createdAt: isoTime,
  updatedAt: isoTime,
});
export type GuildConfig = z.infer<typeof guildConfig>;

/** What is missing stays as it is. S3.18. */
export const guildUpdate = z.partial(z.strictObject({ ...guildTexts, botActive: z.boolean() }));
export type GuildUpdate = z.infer<typeof guildUpdate>;

export const website = z.object({
  id: websiteId,
  url: told(L.websiteUrl),
  title: z.nullable(told(300)),
  /** `ready` with `lastError`: the last try failed, what was read before is still used. */
  status: z.enum(['waiting', 'fetching', 'ready', 'failed']),
  /** A sentence for the person. */
  lastError: z.nullable(told(300)),
  /** Characters kept of its text. */
  characters: count,
  fetchedAt: z.nullable(isoTime),
  createdAt: isoTime,
});
export type Website = z.infer<typeof website>;

export const fetchLine = z.union([
  z.object({ t: z.literal('step'), step: z.enum(['robots', 'connecting', 'reading', 'extracting']), bytes: count }),
  z.object({ t: z.literal('end'), website }),
]);
export type FetchLine = z.infer<typeof fetchLine>;

export const discordStatus = z.object({
  connected: z.boolean(),
  serverCount: count,
  activeServerCount: count,
  totalMessagesSent: count,
  totalMessagesReceived: count,
});
export type DiscordStatus = z.infer<typeof discordStatus>;

/** The connected bot. Its token is never part of an answer. */
export const discordBot = z.object({
  botId: snowflake,
  botName: told(100),
  applicationId: snowflake,
  /** Discord lets it read messages that do not mention it; null where Discord did not say. */
  readsMessages: z.nullable(z.boolean()),
  connectedAt: isoTime,
  /** Where a guild's owner lets it in, with the least permissions. */
  inviteUrl: told(400),
});
export type DiscordBot = z.infer<typeof discordBot>;

export const discordGuild = z.object({ guildId: snowflake, guildName: told(100), added: z.boolean() });

/** Which model answers. `server`: the operator's; `none`: passages are quoted. The key is never part of an answer. */
export const modelSettings = z.object({
  source: z.enum(['own', 'server', 'none']),
  endpoint: z.nullable(told(500)),
  model: z.nullable(told(200)),
  hasKey: z.boolean(),
  /** Tokens the model may use in a day of UTC; null: no limit of one's own. */
  tokensPerDay: z.nullable(count),
  tokensToday: count,
});
export type ModelSettings = z.infer<typeof modelSettings>;

export const modelUpdate = z.strictObject({
  endpoint: z.string().check(z.regex(/^https?:\/\/[^\s?#@]{1,480}$/)),
  model: plainName(200),
  /** Missing: the one that is kept stays; null: none. */
  key: z.optional(z.nullable(z.string().check(z.regex(/^[\x21-\x7e]{1,500}$/)))),
  tokensPerDay: z.nullable(z.number().check(z.int(), z.minimum(1), z.maximum(100_000_000))),
});

export const statDay = z.object({ day: z.string().check(z.regex(/^\d{4}-\d\d-\d\d$/)), sent: count, received: count });

/** A message of a channel as a runner saw it. Nothing in here is trusted. */
export const seenMessage = z.strictObject({
  id: snowflake,
  authorId: snowflake,
  authorName: told(100),
  /** Who wrote it: a person, another program, or this assistant. */
  by: z.enum(['person', 'bot', 'self']),
  text: told(L.discordText),
  at: count,
});
export type SeenMessage = z.infer<typeof seenMessage>;

const seenMessages = (max: number) => z.array(seenMessage).check(z.maxLength(max));

export const action = z.object({
  id: uuid,
  kind: z.enum(['sent', 'failed']),
  at: isoTime,
  channelId: snowflake,
  channelName: told(100),
  messageId: z.nullable(snowflake),
  text: told(L.answerText),
  /** Oldest first, the last one being what was answered. */
  context: z.array(seenMessage).check(z.maxLength(L.contextMessages)),
});
export type AssistantAction = z.infer<typeof action>;

const reported = { id: uuid, accountId, guildId: snowflake, at: count };
/** What a runner reports, counted and logged once for each id. */
export const reportedAction = z.discriminatedUnion('kind', [
  /** So many messages of people were seen since the last report. */
  z.strictObject({
    ...reported,
    kind: z.literal('received'),
    count: z.number().check(z.int(), z.minimum(1), z.maximum(1_000_000)),
  }),
  z.strictObject({
    ...reported,
    kind: z.enum(['sent', 'failed']),
    channelId: snowflake,
    channelName: told(100),
    /** Of the message sent; null where none was. */
    messageId: z.nullable(snowflake),
    text: told(L.answerText),
    context: seenMessages(L.contextMessages),
  }),
]);
export type ReportedAction = z.infer<typeof reportedAction>;

export const answerRequest = z.strictObject({
  accountId,
  guildId: snowflake,
  channelId: snowflake,
  channelName: told(100),
  messages: seenMessages(L.messagesPerAnswer).check(z.minLength(1)),
});
export type AnswerRequest = z.infer<typeof answerRequest>;

export const quotedSource = z.object({ title: told(300), url: z.nullable(told(L.websiteUrl)) });

export const runnerAnswer = z.union([
  z.object({
    kind: z.literal('answer'),
    text: z.string().check(z.minLength(1), z.maxLength(L.answerText)),
    /** `quotes`: no model answered; the text says so itself. */
    engine: z.enum(['model', 'quotes']),
  }),
  z.object({ kind: z.literal('silent'), reason: z.enum(['inactive', 'nothing', 'failed']) }),
]);
export type RunnerAnswer = z.infer<typeof runnerAnswer>;

export const runnerProof = z.strictObject({ publicKey, origin, nonce, expiry: count, signature });

/** A program that speaks to Discord for this server's assistants. Known by keys it made itself. */
export const runner = z.object({
  id: runnerId,
  label: plainName(80),
  /** Ed25519, signs the challenge; X25519, tokens are sealed to it. Raw, base64url. */
  publicKey,
  boxKey: publicKey,
  createdAt: isoTime,
  lastSeenAt: z.nullable(isoTime),
});
export type Runner = z.infer<typeof runner>;

/** Everything a runner needs, grouped by token: one connection each. S3.24. */
export const runnerTokens = z.object({
  /** Changes with every change of what follows; compared, not counted. */
  version: count,
  tokens: z
    .array(
      z.object({
        userId: accountId,
        /** Another one: another token was connected. */
        tokenId: uuid,
        botId: snowflake,
        /** For the asking runner's key: 32 bytes of a one-time X25519 key, 12 of nonce, ciphertext, 16 of tag. SPEC A-4. */
        sealedToken: z.string().check(z.maxLength(1_000), z.regex(/^[A-Za-z0-9_-]+$/)),
        servers: z
          .array(
            z.object({
              serverId: guildServerId,
              guildId: snowflake,
              guildName: plainName(L.guildName),
              botActive: z.boolean(),
              ...guildTexts,
              websites: z
                .array(z.object({ url: told(L.websiteUrl), title: z.nullable(told(300)) }))
                .check(z.maxLength(L.websites)),
            }),
          )
          .check(z.maxLength(L.guilds)),
      }),
    )
    .check(z.maxLength(10_000)),
});
export type RunnerTokens = z.infer<typeof runnerTokens>;

export const chatConversation = z.object({
  id: conversationId,
  groupId,
  /** The guild it was begun in; null once that is removed. */
  serverId: z.nullable(guildServerId),
  title: z.nullable(told(100)),
  createdAt: isoTime,
  updatedAt: isoTime,
});
export type ChatConversation = z.infer<typeof chatConversation>;

export const chatGroup = z.object({
  id: groupId,
  serverId: z.nullable(guildServerId),
  name: z.nullable(told(100)),
  paneCount: z.number().check(z.int(), z.minimum(1), z.maximum(8)),
  createdAt: isoTime,
  updatedAt: isoTime,
  /** The newest first. */
  conversations: z.array(chatConversation).check(z.maxLength(L.conversationsPerGroup)),
});
export type ChatGroup = z.infer<typeof chatGroup>;

export const chatMessage = z.object({
  n: count,
  role: z.enum(['person', 'assistant']),
  text: told(8_000),
  at: isoTime,
  engine: z.nullable(z.enum(['model', 'quotes'])),
  /** The person stopped it; what was said until then stays. */
  stopped: z.boolean(),
  sources: z.array(quotedSource).check(z.maxLength(20)),
});
export type ChatMessage = z.infer<typeof chatMessage>;

export const chatLine = z.union([
  z.object({ t: z.literal('text'), text: z.string() }),
  /** What was streamed is replaced by this. */
  z.object({ t: z.literal('end'), message: chatMessage }),
]);
export type ChatLine = z.infer<typeof chatLine>;
