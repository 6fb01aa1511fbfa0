import { randomBytes } from 'node:crypto';
import { snowflake } from './snowflake.ts';

export type User = { readonly id: string; readonly username: string; readonly bot: boolean; token: string };
export type Bot = User & {
  readonly applicationId: string;
  /** The operator of the bot ticked "Message Content Intent". */
  readsMessages: boolean;
  /** How many shards Discord asks for. */
  shards: number;
};
export type Channel = {
  readonly id: string;
  readonly guildId: string;
  readonly name: string;
  readonly messages: Message[];
  /** Bots may read but not write here. */
  isReadOnly: boolean;
  /** Bots may not read what was said before. */
  hidesPast: boolean;
};
export type Guild = {
  readonly id: string;
  readonly name: string;
  readonly general: Channel;
  readonly channels: Map<string, Channel>;
  /** Account ids and the name each has here, if not its own. */
  readonly members: Map<string, { nick: string | null }>;
};
export type Message = {
  readonly id: string;
  readonly channel: Channel;
  readonly author: User;
  readonly text: string;
  readonly at: number;
  readonly replyTo: string | null;
  readonly nonce: string | null;
  /** Who is told: mentioned in the text where that was allowed, and the one that is answered. */
  readonly mentions: readonly string[];
  readonly flags: number;
};
export type NewMessage = {
  channel: Channel;
  author: User;
  text: string;
  replyTo?: string | null;
  nonce?: string | null;
  mentions?: readonly string[];
  flags?: number;
};
export type Happening =
  | { readonly t: 'message'; readonly message: Message }
  | { readonly t: 'typing'; readonly channel: Channel; readonly user: User }
  | { readonly t: 'joined' | 'left'; readonly guild: Guild; readonly user: User }
  | { readonly t: 'member'; readonly guild: Guild; readonly user: User };

/** What there is: accounts, guilds, channels, messages. */
export class World {
  readonly users = new Map<string, User>();
  readonly guilds = new Map<string, Guild>();
  readonly channels = new Map<string, Channel>();
  readonly typing: { readonly channel: Channel; readonly user: User; readonly at: number }[] = [];
  /** Told of everything that happens, in order. */
  listener: (happening: Happening) => void = () => undefined;

  addPerson(username: string): User {
    return this.#keep({ id: snowflake(), username, bot: false, token: randomToken() });
  }

  addBot(username: string, options: { readsMessages?: boolean; shards?: number } = {}): Bot {
    const { readsMessages = true, shards = 1 } = options;
    const id = snowflake();
    return this.#keep({ id, username, bot: true, token: randomToken(id), applicationId: id, readsMessages, shards });
  }

  addGuild(name: string, members: readonly User[]): Guild {
    const id = snowflake();
    const general: Channel = {
      id: snowflake(),
      guildId: id,
      name: 'general',
      messages: [],
      isReadOnly: false,
      hidesPast: false,
    };
    const guild: Guild = { id, name, general, channels: new Map([[general.id, general]]), members: new Map() };
    this.guilds.set(id, guild);
    this.channels.set(general.id, general);
    for (const user of members) this.join(guild, user);
    return guild;
  }

  addChannel(guild: Guild, name: string): Channel {
    const channel: Channel = {
      id: snowflake(),
      guildId: guild.id,
      name,
      messages: [],
      isReadOnly: false,
      hidesPast: false,
    };
    guild.channels.set(channel.id, channel);
    this.channels.set(channel.id, channel);
    return channel;
  }

  join(guild: Guild, user: User): void {
    guild.members.set(user.id, { nick: null });
    this.listener({ t: 'joined', guild, user });
  }

  leave(guild: Guild, user: User): void {
    guild.members.delete(user.id);
    this.listener({ t: 'left', guild, user });
  }

  rename(guild: Guild, user: User, nick: string | null): void {
    guild.members.set(user.id, { nick });
    this.listener({ t: 'member', guild, user });
  }

  post(fresh: NewMessage): Message {
    const { channel, author, text, replyTo = null, nonce = null, flags = 0 } = fresh;
    const named = Array.from(text.matchAll(/<@!?(\d+)>/g), ([, id]) => id ?? '').filter((id) => this.users.has(id));
    const answered = channel.messages.find(({ id }) => id === replyTo)?.author.id;
    const told = fresh.mentions ?? [...named, ...(answered === undefined ? [] : [answered])];
    const at = Date.now();
    const mentions = [...new Set(told)];
    const message: Message = { id: snowflake(at), channel, author, text, at, replyTo, nonce, mentions, flags };
    channel.messages.push(message);
    this.listener({ t: 'message', message });
    return message;
  }

  showTyping(channel: Channel, user: User): void {
    this.typing.push({ channel, user, at: Date.now() });
    this.listener({ t: 'typing', channel, user });
  }

  byToken(token: string): User | undefined {
    return [...this.users.values()].find((user) => user.token === token);
  }

  guildsOf(user: User): Guild[] {
    return [...this.guilds.values()].filter(({ members }) => members.has(user.id));
  }

  #keep<U extends User>(user: U): U {
    this.users.set(user.id, user);
    return user;
  }
}

export function isBot(user: User): user is Bot {
  return user.bot;
}

/** Of the form of Discord's: who it is, when, and a signature. */
export function randomToken(id: string = snowflake()): string {
  return `${Buffer.from(id).toString('base64url')}.${randomBytes(4).toString('base64url')}.${randomBytes(28).toString('base64url')}`;
}
