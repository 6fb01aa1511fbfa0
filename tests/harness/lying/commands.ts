import { createHash } from 'node:crypto';
import {
  LIMITS,
  MENTION,
  SkerryError,
  type AccountId,
  type ChannelId,
  type Command,
  type CommandId,
  type CommandResult,
  type Message,
  type MessageId,
  type Role,
} from '@skerry/protocol';
import { accountStream, type AccountRow, type ChannelRow, type LogRow, type World } from './world.ts';

const NOTHING: CommandResult = { seq: 0, n: 0 };
const RANK: Record<Role, number> = { owner: 3, admin: 2, moderator: 1, member: 0 };

/**
 * Does one command as an honest server would, once per (account, id).
 * @throws SkerryError and changes nothing
 */
export function runCommand(
  world: World,
  who: AccountId,
  { id, command }: { id: CommandId; command: Command },
): CommandResult {
  const hash = createHash('sha256').update(JSON.stringify(command)).digest('hex');
  const done = world.tombstone(who, id);
  if (done !== undefined) {
    if (done.hash !== hash) throw new SkerryError('id_conflict');
    return done.result;
  }
  const result = new Doer(world, known(world, who)).do(id, command);
  world.commands.set(`${who} ${id}`, { hash, result });
  world.commit();
  return result;
}

/** Makes an account member of a channel, without asking whether it may. */
export function join(world: World, account: AccountId, channel: ChannelId): LogRow {
  const row = world.append(channel, { kind: 'member', account, joined: true });
  world.intervals.push({ account, channel, fromSeq: row.seq, fromN: row.n, toSeq: Infinity });
  const key = `${account} ${channel}`;
  if (!world.markers.has(key)) world.markers.set(key, row.n);
  world.append(accountStream(account), { kind: 'joined', channel });
  return row;
}

class Doer {
  readonly #world: World;
  readonly #me: AccountRow;

  constructor(world: World, me: AccountRow) {
    this.#world = world;
    this.#me = me;
  }

  do(id: CommandId, command: Command): CommandResult {
    const world = this.#world;
    switch (command.kind) {
      case 'message.send': {
        const channel = this.#writable(command.channel);
        if (world.messages.has(id as string as MessageId)) throw new SkerryError('id_conflict');
        if (command.replyTo !== null && world.messages.get(command.replyTo)?.channel !== channel.id)
          throw new SkerryError('not_found', { field: 'replyTo' });
        return this.#send(id as string as MessageId, channel, command);
      }
      case 'message.edit': {
        const message = this.#message(command.message);
        if (message.author !== this.#me.id) throw new SkerryError('forbidden');
        this.#writable(message.channel);
        if (message.deleted) throw new SkerryError('not_found');
        if (message.text === command.text) return NOTHING;
        message.text = command.text;
        message.editedAt = world.now();
        message.mentions = this.#mentioned(command.text, message.channel);
        const row = this.#changed(message);
        this.#tell(message);
        return result(row);
      }
      case 'message.delete': {
        const message = this.#message(command.message);
        if (message.author !== this.#me.id && RANK[this.#me.role] < RANK.moderator) throw new SkerryError('forbidden');
        if (message.deleted) return NOTHING;
        Object.assign(message, { deleted: true, text: '', reactions: [], mentions: [] });
        return result(this.#changed(message));
      }
      case 'reaction.set': {
        const message = this.#message(command.message);
        this.#writable(message.channel);
        if (message.deleted) throw new SkerryError('not_found');
        return this.#react(message, command);
      }
      case 'marker.set': {
        this.#joined(command.channel);
        const key = `${this.#me.id} ${command.channel}`;
        const to = Math.min(command.n, world.head(command.channel));
        if (to <= (world.markers.get(key) ?? 0)) return NOTHING;
        world.markers.set(key, to);
        return result(world.append(accountStream(this.#me.id), { kind: 'marker', channel: command.channel }));
      }
      case 'inbox.set': {
        const item = world.inbox.get(`${this.#me.id} ${command.message}`);
        if (item === undefined) throw new SkerryError('not_found');
        if (item.state === command.state) return NOTHING;
        item.state = command.state;
        const row = world.append(accountStream(this.#me.id), { kind: 'inbox', message: command.message });
        item.rev = row.n;
        return result(row);
      }
      case 'channel.create': {
        const made = id as string as ChannelId;
        if (world.channels.has(made)) throw new SkerryError('id_conflict');
        if (command.voice !== undefined) throw new SkerryError('not_found');
        const { name, topic, visibility, history } = command;
        return result(
          makeChannel(world, { id: made, name, topic, visibility, history, createdBy: this.#me.id, isDefault: false }),
        );
      }
      case 'channel.update': {
        const channel = this.#ruled(command.channel);
        if (command.voice !== undefined) throw new SkerryError('not_found');
        if (channel.name === command.name && channel.topic === command.topic) return NOTHING;
        Object.assign(channel, { name: command.name, topic: command.topic });
        return result(this.#channelChanged(channel));
      }
      case 'channel.archive': {
        const channel = this.#ruled(command.channel);
        if (channel.archived === command.archived) return NOTHING;
        channel.archived = command.archived;
        return result(this.#channelChanged(channel));
      }
      case 'channel.join': {
        const channel = this.#visible(command.channel);
        if (world.isMember(this.#me.id, channel.id)) return NOTHING;
        if (channel.visibility === 'private') throw new SkerryError('not_found');
        return result(join(world, this.#me.id, channel.id));
      }
      case 'channel.leave':
        this.#visible(command.channel);
        return this.#leave(this.#me.id, command.channel);
      case 'channel.add': {
        const channel = this.#ruled(command.channel);
        known(world, command.account);
        if (world.isMember(command.account, channel.id)) return NOTHING;
        return result(join(world, command.account, channel.id));
      }
      case 'channel.remove': {
        const channel = this.#ruled(command.channel);
        if (RANK[known(world, command.account).role] > RANK[this.#me.role]) throw new SkerryError('forbidden');
        return this.#leave(command.account, channel.id);
      }
      case 'profile.update':
        if (this.#me.displayName === command.displayName) return NOTHING;
        this.#me.displayName = command.displayName;
        return result(accountChanged(world, this.#me));
      case 'account.role': {
        const target = known(world, command.account);
        if (target.role === command.role) return NOTHING;
        const lastOwner =
          target.role === 'owner' && [...world.accounts.values()].filter((row) => row.role === 'owner').length === 1;
        if (
          this.#me.role !== 'owner' &&
          (this.#me.role !== 'admin' || RANK[target.role] >= RANK.admin || RANK[command.role] >= RANK.admin)
        )
          throw new SkerryError('forbidden');
        if (lastOwner) throw new SkerryError('last_owner');
        target.role = command.role;
        return result(accountChanged(world, target));
      }
      case 'account.disable': {
        const target = known(world, command.account);
        if (RANK[this.#me.role] < RANK.admin || RANK[target.role] >= RANK[this.#me.role])
          throw new SkerryError('forbidden');
        if (target.disabled === command.disabled) return NOTHING;
        target.disabled = command.disabled;
        if (command.disabled)
          for (const session of world.sessions.values()) if (session.account === target.id) session.ended = true;
        return result(accountChanged(world, target));
      }
      case 'server.update': {
        if (RANK[this.#me.role] < RANK.admin) throw new SkerryError('forbidden');
        const row = world.append('server', { kind: 'server' });
        const { name, description, registration } = command;
        world.profile = { ...world.profile, name, description, registration, rev: row.n };
        return result(row);
      }
      case 'devices.set':
      case 'direct.create':
      case 'group.create':
      case 'group.change':
      case 'sealed.send':
      case 'envelopes.send':
      case 'machine.rename':
      case 'machine.remove':
      case 'machine.describe':
      case 'run.create':
      case 'run.set':
      case 'run.append':
      case 'run.erase':
      case 'ask.open':
      case 'ask.cancel':
      case 'ask.taken':
      case 'ask.answer':
      case 'ask.expire':
        // It offers no encrypted conversations and no machines.
        throw new SkerryError('not_found');
    }
  }

  #send(
    id: MessageId,
    channel: ChannelRow,
    { text, replyTo }: { text: string; replyTo: MessageId | null },
  ): CommandResult {
    const world = this.#world;
    const row = world.append(channel.id, { kind: 'message', message: id });
    const message: Message = {
      id,
      channel: channel.id,
      n: row.n,
      rev: row.n,
      author: this.#me.id,
      at: world.now(),
      text,
      replyTo,
      editedAt: null,
      deleted: false,
      mentions: this.#mentioned(text, channel.id),
      reactions: [],
    };
    world.messages.set(id, message);
    this.#tell(message);
    return result(row);
  }

  /** Gives everybody it mentions, and whom it answers, an inbox item they do not have yet. */
  #tell(message: Message): void {
    const world = this.#world;
    const answered = message.replyTo === null ? undefined : world.messages.get(message.replyTo)?.author;
    const told = new Map<AccountId, 'mention' | 'reply'>();
    if (answered !== undefined && answered !== this.#me.id && world.isMember(answered, message.channel))
      told.set(answered, 'reply');
    for (const account of message.mentions) told.set(account, 'mention');
    for (const [account, reason] of told) {
      const key = `${account} ${message.id}`;
      if (world.inbox.has(key)) continue;
      const row = world.append(accountStream(account), { kind: 'inbox', message: message.id });
      world.inbox.set(key, {
        account,
        message: message.id,
        channel: message.channel,
        reason,
        state: 'open',
        rev: row.n,
        seq: row.seq,
      });
    }
  }

  #mentioned(text: string, channel: ChannelId): AccountId[] {
    const named = new Set([...text.matchAll(MENTION)].map((match) => match[1] as AccountId));
    return [...named]
      .filter((account) => account !== this.#me.id && this.#world.isMember(account, channel))
      .slice(0, LIMITS.mentionsPerMessage);
  }

  #react(message: Message, { emoji, on }: { emoji: string; on: boolean }): CommandResult {
    const has = message.reactions.find((reaction) => reaction.emoji === emoji);
    if ((has?.accounts.includes(this.#me.id) ?? false) === on) return NOTHING;
    if (on && has === undefined && message.reactions.length >= LIMITS.reactionsPerMessage)
      throw new SkerryError('limit_reached');
    const accounts = on
      ? [...(has?.accounts ?? []), this.#me.id]
      : (has?.accounts ?? []).filter((one) => one !== this.#me.id);
    const reaction = { emoji, accounts };
    message.reactions = (
      has === undefined
        ? [...message.reactions, reaction]
        : message.reactions.map((one) => (one === has ? reaction : one))
    ).filter((one) => one.accounts.length > 0);
    return result(this.#changed(message));
  }

  #changed(message: Message): LogRow {
    const row = this.#world.append(message.channel, { kind: 'message', message: message.id });
    message.rev = row.n;
    return row;
  }

  #channelChanged(channel: ChannelRow): LogRow {
    const row = this.#world.append(channel.visibility === 'public' ? 'server' : channel.id, {
      kind: 'channel',
      channel: channel.id,
    });
    channel.rev = row.n;
    return row;
  }

  #leave(account: AccountId, channel: ChannelId): CommandResult {
    const world = this.#world;
    const interval = world.interval(account, channel);
    if (interval === undefined) return NOTHING;
    const row = world.append(channel, { kind: 'member', account, joined: false });
    interval.toSeq = row.seq;
    for (const [key, item] of world.inbox)
      if (item.account === account && item.channel === channel) world.inbox.delete(key);
    world.append(accountStream(account), { kind: 'left', channel });
    return result(row);
  }

  #visible(id: ChannelId): ChannelRow {
    const channel = this.#world.channels.get(id);
    if (channel === undefined || (channel.visibility === 'private' && !this.#world.isMember(this.#me.id, id)))
      throw new SkerryError('not_found');
    return channel;
  }

  #joined(id: ChannelId): ChannelRow {
    const channel = this.#visible(id);
    if (!this.#world.isMember(this.#me.id, id)) throw new SkerryError('forbidden');
    return channel;
  }

  #writable(id: ChannelId): ChannelRow {
    const channel = this.#joined(id);
    if (channel.archived) throw new SkerryError('archived');
    return channel;
  }

  /** A channel whose name, members and archive this account may change. */
  #ruled(id: ChannelId): ChannelRow {
    const channel = this.#visible(id);
    if (channel.createdBy !== this.#me.id && RANK[this.#me.role] < RANK.moderator) throw new SkerryError('forbidden');
    return channel;
  }

  #message(id: MessageId): Message {
    const message = this.#world.messages.get(id);
    if (message === undefined || !this.#world.isMember(this.#me.id, message.channel))
      throw new SkerryError('not_found');
    return message;
  }
}

/** Makes a channel with its creator in it. @returns the row that tells of it */
export function makeChannel(
  world: World,
  channel: Pick<ChannelRow, 'id' | 'name' | 'topic' | 'visibility' | 'history' | 'createdBy' | 'isDefault'>,
): LogRow {
  const row: ChannelRow = { ...channel, archived: false, createdAt: world.now(), rev: 0 };
  world.channels.set(channel.id, row);
  const told = world.append(channel.visibility === 'public' ? 'server' : channel.id, {
    kind: 'channel',
    channel: channel.id,
  });
  row.rev = told.n;
  join(world, channel.createdBy, channel.id);
  return told;
}

export function accountChanged(world: World, account: AccountRow): LogRow {
  const row = world.append('server', { kind: 'account', account: account.id });
  account.rev = row.n;
  return row;
}

function known(world: World, id: AccountId): AccountRow {
  const account = world.accounts.get(id);
  if (account === undefined) throw new SkerryError('not_found');
  return account;
}

function result({ seq, n }: LogRow): CommandResult {
  return { seq, n };
}
