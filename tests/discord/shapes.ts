import type { Bot, Channel, Guild, Message, User, World } from './world.ts';

/** Objects as Discord's documentation draws them, with the fields a bot of ours may meet. */

/** `1 << 9` and `1 << 15`. */
export const GUILD_MESSAGES = 1 << 9;
export const MESSAGE_CONTENT = 1 << 15;
const CONTENT_GRANTED = (1 << 18) | (1 << 19);

export function userShape({ id, username, bot }: User): Record<string, unknown> {
  return { id, username, global_name: bot ? null : username, discriminator: bot ? '0001' : '0', avatar: null, bot };
}

export function channelShape({ id, guildId, name }: Channel): Record<string, unknown> {
  return { id, type: 0, guild_id: guildId, name, position: 0, permission_overwrites: [], nsfw: false, topic: null };
}

export function memberShape(guild: Guild, user: User): Record<string, unknown> {
  const nick = guild.members.get(user.id)?.nick ?? null;
  return {
    user: userShape(user),
    nick,
    roles: [],
    joined_at: '2026-01-01T00:00:00.000Z',
    deaf: false,
    mute: false,
    flags: 0,
  };
}

/** As READY's `GUILD_CREATE`s have it. The one role is everybody's: view, send, embed, history. */
export function guildShape(guild: Guild, self: User): Record<string, unknown> {
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    owner_id: '100000000000000000',
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    roles: [
      {
        id: guild.id,
        name: '@everyone',
        permissions: '67226624',
        position: 0,
        color: 0,
        hoist: false,
        managed: false,
        mentionable: false,
        flags: 0,
      },
    ],
    emojis: [],
    stickers: [],
    features: [],
    mfa_level: 0,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    premium_tier: 0,
    preferred_locale: 'en-GB',
    nsfw_level: 0,
    joined_at: '2026-01-01T00:00:00.000Z',
    large: false,
    unavailable: false,
    member_count: guild.members.size,
    voice_states: [],
    members: [memberShape(guild, self)],
    channels: [...guild.channels.values()].map(channelShape),
    threads: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
  };
}

/** @param options.isFull whether its reader may see the text: its own, one that mentions it, or with the intent */
export function messageShape(
  world: World,
  message: Message,
  options: { isFull: boolean; withReference?: boolean },
): Record<string, unknown> {
  const { id, channel, author, text, at, replyTo, mentions, flags } = message;
  const guild = world.guilds.get(channel.guildId);
  const answered = replyTo === null ? undefined : channel.messages.find((other) => other.id === replyTo);
  return {
    id,
    type: replyTo === null ? 0 : 19,
    channel_id: channel.id,
    author: userShape(author),
    content: options.isFull ? text : '',
    timestamp: new Date(at).toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: mentions.flatMap((user) => {
      const known = world.users.get(user);
      return known === undefined ? [] : [{ ...userShape(known), ...(guild && { member: memberShape(guild, known) }) }];
    }),
    mention_roles: [],
    attachments: [],
    embeds: [],
    pinned: false,
    flags,
    ...(replyTo !== null && {
      message_reference: { type: 0, message_id: replyTo, channel_id: channel.id, guild_id: channel.guildId },
      ...(options.withReference !== false && {
        referenced_message: answered ? messageShape(world, answered, { ...options, withReference: false }) : null,
      }),
    }),
  };
}

export function mayRead(message: Message, reader: Bot, intents: number): boolean {
  const { author, mentions } = message;
  return author.id === reader.id || mentions.includes(reader.id) || (intents & MESSAGE_CONTENT) !== 0;
}

export function applicationShape(bot: Bot): Record<string, unknown> {
  return {
    id: bot.applicationId,
    name: bot.username,
    icon: null,
    description: '',
    bot_public: false,
    bot_require_code_grant: false,
    flags: bot.readsMessages ? CONTENT_GRANTED : 0,
    bot: userShape(bot),
  };
}
