import {
  type Account,
  type AccountId,
  type Channel,
  type ChannelId,
  type ChannelState,
  type Command,
  type CommandId,
  type CommandOf,
  type CommandResult,
  type DownOf,
  type Event,
  type InboxItem,
  LIMITS,
  MENTION,
  type Message,
  type MessageId,
  type Page,
  type Position,
  type Query,
  type ServerProfile,
  SkerryError,
  type Snapshot,
} from '@skerry/protocol';

type Refs =
  | { readonly kind: 'message'; readonly message: MessageId }
  | { readonly kind: 'member'; readonly account: AccountId; readonly joined: boolean }
  | { readonly kind: 'channel'; readonly channel: ChannelId }
  | { readonly kind: 'account'; readonly account: AccountId }
  | { readonly kind: 'server' }
  | { readonly kind: 'joined'; readonly channel: ChannelId }
  | { readonly kind: 'left'; readonly channel: ChannelId }
  | { readonly kind: 'marker'; readonly channel: ChannelId }
  | { readonly kind: 'inbox'; readonly message: MessageId };
/** `owner` is set on the events of an account's own stream. */
type Logged = {
  readonly seq: number;
  readonly n: number;
  readonly tag: string;
  readonly stream: string;
  readonly owner: AccountId | null;
  readonly refs: Refs;
};
type Interval = { readonly account: AccountId; readonly channel: ChannelId; readonly from: number; to: number | null };
type Inbox = {
  readonly account: AccountId;
  readonly message: MessageId;
  readonly reason: InboxItem['reason'];
  state: InboxItem['state'];
  rev: number;
};

type State = {
  server: ServerProfile;
  accounts: Map<AccountId, Account>;
  channels: Map<ChannelId, Channel>;
  messages: Map<MessageId, Message>;
  markers: Map<string, number>;
  inbox: Inbox[];
  intervals: Interval[];
  heads: Map<string, number>;
  log: Logged[];
  done: Map<string, { readonly bytes: string; readonly result: CommandResult }>;
};

/** Frames a server would send after a commit, for one account. */
export type Frame = DownOf<'events'> | DownOf<'mark'>;
export type Backup = { readonly state: State };

/**
 * What a server does, in memory and at once: the log with its streams, audiences by interval, bodies read when sent,
 * resume and reset. Stands in for the other end where a test wants to choose every order of frames. It has the same
 * rules as the real one and none of its edges: no sessions, no rate limits, hardly any permissions.
 */
export class ModelServer {
  #state: State = {
    server: { name: 'Model', description: '', iconUrl: null, registration: 'open', rev: 0 },
    accounts: new Map(),
    channels: new Map(),
    messages: new Map(),
    markers: new Map(),
    inbox: [],
    intervals: [],
    heads: new Map(),
    log: [],
    done: new Map(),
  };
  readonly #listeners = new Map<AccountId, Set<(frames: readonly Frame[]) => void>>();
  /** Events before this seq are no longer kept. */
  keptFrom = 1;
  now = 1_750_000_000_000;
  #ids = 0;

  /** A new id: the same ones in the same order from every model, so that two servers share them all. */
  id<Id extends string>(): Id {
    return `0197f3f4-0000-7000-8000-${(++this.#ids).toString(16).padStart(12, '0')}` as Id;
  }

  account(username: string, role: Account['role'] = 'member'): AccountId {
    const id = this.id<AccountId>();
    this.#commit(() => {
      const { n } = this.#append('server', { kind: 'account', account: id });
      this.#state.accounts.set(id, {
        id,
        username,
        displayName: username,
        role,
        disabled: false,
        createdAt: this.now,
        rev: n,
      });
    });
    return id;
  }

  get head(): Position {
    const last = this.#state.log.at(-1);
    return { seq: last?.seq ?? 0, tag: last?.tag ?? '' };
  }

  /** What the server says of itself. */
  get profile(): ServerProfile {
    return this.#state.server;
  }

  /** Does a command as the server's worker does: whole, once. @throws SkerryError */
  run(account: AccountId, id: CommandId, command: Command): CommandResult {
    const key = `${account}|${id}`;
    const bytes = JSON.stringify(command);
    const before = this.#state.done.get(key);
    if (before !== undefined) {
      if (before.bytes !== bytes) throw new SkerryError('id_conflict');
      return before.result;
    }
    this.now += 10;
    let result: CommandResult = { seq: 0, n: 0 };
    this.#commit(() => {
      result = this.#do(account, id, command);
    });
    this.#state.done.set(key, { bytes, result });
    return result;
  }

  snapshot(account: AccountId): Snapshot {
    const { accounts, channels, server, inbox } = this.#state;
    const me = this.#account(account);
    const seen = [...channels.values()].filter(
      (channel) => channel.visibility === 'public' || this.isMember(account, channel.id),
    );
    return structuredClone({
      asOf: this.head,
      server,
      me,
      streams: { server: this.#head('server'), account: this.#head(`account:${account}`) },
      accounts: [...accounts.values()],
      channels: seen.map((channel) => this.#channelState(account, channel)),
      inbox: inbox
        .filter((item) => item.account === account && this.isMember(account, this.#message(item.message).channel))
        .map((item) => this.#item(item)),
    });
  }

  page(account: AccountId, channel: ChannelId, query: Query<'messages'>): Page {
    if (!this.isMember(account, channel)) throw new SkerryError('not_found');
    const all = this.messages(channel);
    const limit = Math.min(query.limit ?? 50, LIMITS.page);
    let from = Math.max(0, all.length - limit);
    if (query.before !== undefined) from = Math.max(0, all.filter(({ n }) => n < (query.before ?? 0)).length - limit);
    else if (query.after !== undefined) from = all.filter(({ n }) => n <= (query.after ?? 0)).length;
    else if (query.around !== undefined)
      from = Math.max(0, all.filter(({ n }) => n < (query.around ?? 0)).length - Math.floor(limit / 2));
    let to = Math.min(all.length, from + limit);
    if (query.before !== undefined) to = Math.min(to, all.filter(({ n }) => n < (query.before ?? 0)).length);
    return { head: this.#head(channel), messages: all.slice(from, to), older: from > 0, newer: to < all.length };
  }

  /** All messages of a channel, oldest first. */
  messages(channel: ChannelId): readonly Message[] {
    return structuredClone(
      [...this.#state.messages.values()].filter((message) => message.channel === channel).sort((a, b) => a.n - b.n),
    );
  }

  message(account: AccountId, id: MessageId): Message {
    const message = this.#state.messages.get(id);
    if (message === undefined || !this.isMember(account, message.channel)) throw new SkerryError('not_found');
    return structuredClone(message);
  }

  members(channel: ChannelId): { head: number; accounts: AccountId[] } {
    const accounts = this.#state.intervals
      .filter((one) => one.channel === channel && one.to === null)
      .map((one) => one.account);
    return { head: this.#head(channel), accounts };
  }

  isMember(account: AccountId, channel: ChannelId): boolean {
    return this.#state.intervals.some((one) => one.account === account && one.channel === channel && one.to === null);
  }

  /** What follows `welcome`: a reset with its reason, or the events missed, then a mark. */
  resume(
    account: AccountId,
    position: Position | null,
  ): { reset: 'new' | 'diverged' | 'too_far' } | { frames: readonly Frame[] } {
    if (position === null) return { reset: 'new' };
    if (position.seq > this.head.seq) return { reset: 'diverged' };
    if (position.seq > 0 && position.seq < this.keptFrom) return { reset: 'too_far' };
    const at = this.#state.log[position.seq - 1];
    if (position.seq > 0 && at?.tag !== position.tag) return { reset: 'diverged' };
    if (this.head.seq - position.seq > LIMITS.resumeEvents) return { reset: 'too_far' };
    return { frames: this.#frames(account, this.#state.log.slice(position.seq)) };
  }

  /** @returns the end of listening */
  listen(account: AccountId, listener: (frames: readonly Frame[]) => void): () => void {
    const set = this.#listeners.get(account) ?? new Set();
    this.#listeners.set(account, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  backup(): Backup {
    return { state: structuredClone(this.#state) };
  }

  /** Goes back to a backup; whatever is written next has other tags. */
  restore(backup: Backup): void {
    this.#state = structuredClone(backup.state);
    this.#epoch += 1;
  }
  #epoch = 0;

  #commit(work: () => void): void {
    const from = this.head.seq;
    // Every refusal is thrown before anything is appended.
    work();
    const made = this.#state.log.slice(from);
    for (const [account, listeners] of this.#listeners) {
      const frames = this.#frames(account, made);
      for (const listener of listeners) listener(frames);
    }
  }

  /** Those of the events that concern the account, one frame for those of one stream in a row, and the mark. */
  #frames(account: AccountId, events: readonly Logged[]): readonly Frame[] {
    const frames: Frame[] = [];
    for (const logged of events) {
      if (!this.#concerns(account, logged)) continue;
      const stream = (logged.owner === null ? logged.stream : 'account') as DownOf<'events'>['stream'];
      const event = this.#body(account, logged);
      const last = frames.at(-1);
      if (last?.t === 'events' && last.stream === stream) last.events.push(event);
      else frames.push({ t: 'events', stream, events: [event] });
    }
    return [...frames, { t: 'mark', ...this.head }];
  }

  #concerns(account: AccountId, { stream, owner, seq, refs }: Logged): boolean {
    if (owner !== null) return owner === account;
    if (stream === 'server') return true;
    const inside = this.#state.intervals.some(
      (one) =>
        one.account === account && one.channel === stream && one.from <= seq && (one.to === null || seq < one.to),
    );
    return inside && !(refs.kind === 'member' && refs.account === account && !refs.joined);
  }

  #body(account: AccountId, { seq, n, refs }: Logged): Event {
    const base = { seq, n };
    switch (refs.kind) {
      case 'message':
        return structuredClone({ ...base, kind: 'message', message: this.#message(refs.message) });
      case 'member':
        return { ...base, ...refs };
      case 'channel':
        return { ...base, kind: 'channel', channel: this.#channel(refs.channel) };
      case 'account':
        return { ...base, kind: 'account', account: this.#account(refs.account) };
      case 'server':
        return { ...base, kind: 'server', server: this.#state.server };
      case 'joined':
        return { ...base, kind: 'joined', state: this.#channelState(account, this.#channel(refs.channel)) };
      case 'left':
        return { ...base, ...refs };
      case 'marker': {
        const { readN, unread, head } = this.#channelState(account, this.#channel(refs.channel));
        return { ...base, kind: 'marker', channel: refs.channel, readN, unread, head };
      }
      case 'inbox': {
        const found = this.#state.inbox.find((item) => item.account === account && item.message === refs.message);
        // Rows of a channel that was left are gone by the time an older event is sent.
        if (found === undefined)
          return {
            ...base,
            kind: 'inbox',
            item: { message: structuredClone(this.#message(refs.message)), reason: 'mention', state: 'done', rev: n },
          };
        return { ...base, kind: 'inbox', item: structuredClone(this.#item(found)) };
      }
    }
  }

  #append(stream: string, refs: Refs, owner: AccountId | null = null): { seq: number; n: number } {
    const name = owner === null ? stream : `account:${owner}`;
    const n = this.#head(name) + 1;
    const seq = this.head.seq + 1;
    this.#state.heads.set(name, n);
    this.#state.log.push({ seq, n, tag: `${this.#epoch}-${seq}`, stream: name, owner, refs });
    return { seq, n };
  }

  #do(account: AccountId, id: CommandId, command: Command): CommandResult {
    switch (command.kind) {
      case 'message.send':
        return this.#send(account, id, command);
      case 'message.edit': {
        const message = this.#own(account, command.message);
        return this.#changed({
          ...message,
          text: command.text,
          editedAt: this.now,
          mentions: this.#mentions(account, message.channel, command.text),
        });
      }
      case 'message.delete': {
        const message = this.#own(account, command.message);
        if (message.deleted) return { seq: 0, n: 0 };
        return this.#changed({ ...message, text: '', deleted: true, mentions: [], reactions: [] });
      }
      case 'reaction.set': {
        const message = this.#message(command.message);
        this.#open(account, message.channel);
        if (message.deleted) throw new SkerryError('not_found');
        const had = message.reactions.find(({ emoji }) => emoji === command.emoji)?.accounts ?? [];
        if (had.includes(account) === command.on) return { seq: 0, n: 0 };
        const accounts = command.on ? [...had, account] : had.filter((one) => one !== account);
        const others = message.reactions.filter(({ emoji }) => emoji !== command.emoji);
        return this.#changed({
          ...message,
          reactions: accounts.length === 0 ? others : [...others, { emoji: command.emoji, accounts }],
        });
      }
      case 'marker.set': {
        this.#needMember(account, command.channel);
        const key = `${account}|${command.channel}`;
        const n = Math.min(command.n, this.#head(command.channel));
        if (n <= (this.#state.markers.get(key) ?? 0)) return { seq: 0, n: 0 };
        this.#state.markers.set(key, n);
        return this.#append('', { kind: 'marker', channel: command.channel }, account);
      }
      case 'inbox.set': {
        const item = this.#state.inbox.find((one) => one.account === account && one.message === command.message);
        if (item === undefined) throw new SkerryError('not_found');
        if (item.state === command.state) return { seq: 0, n: 0 };
        const made = this.#append('', { kind: 'inbox', message: command.message }, account);
        item.state = command.state;
        item.rev = made.n;
        return made;
      }
      case 'channel.create': {
        const channel = id as string as ChannelId;
        const { name, topic, visibility, history, voice } = command;
        const stream = visibility === 'public' ? 'server' : channel;
        const first = this.#append(stream, { kind: 'channel', channel });
        this.#state.channels.set(channel, {
          id: channel,
          name,
          topic,
          visibility,
          history,
          archived: false,
          createdBy: account,
          createdAt: this.now,
          rev: first.n,
          ...(voice === undefined ? {} : { voice }),
        });
        return this.#join(account, channel);
      }
      case 'channel.update':
        return this.#rename(command.channel, {
          name: command.name,
          topic: command.topic,
          ...(command.voice === undefined ? {} : { voice: command.voice }),
        });
      case 'channel.archive':
        return this.#rename(command.channel, { archived: command.archived });
      case 'channel.join':
        if (this.#channel(command.channel).visibility !== 'public') throw new SkerryError('not_found');
        return this.#join(account, command.channel);
      case 'channel.add':
        this.#needMember(account, command.channel);
        return this.#join(command.account, command.channel);
      case 'channel.leave':
        return this.#leave(account, command.channel);
      case 'channel.remove':
        this.#needMember(account, command.channel);
        return this.#leave(command.account, command.channel);
      case 'profile.update':
      case 'account.role':
      case 'account.disable': {
        const who = command.kind === 'profile.update' ? account : command.account;
        const { kind: _kind, ...fields } = command;
        const before = this.#account(who);
        const made = this.#append('server', { kind: 'account', account: who });
        this.#state.accounts.set(who, { ...before, ...fields, id: who, rev: made.n });
        return made;
      }
      case 'server.update': {
        const made = this.#append('server', { kind: 'server' });
        const { name, description, registration } = command;
        this.#state.server = { ...this.#state.server, name, description, registration, rev: made.n };
        return made;
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

  #send(account: AccountId, id: CommandId, { channel, text, replyTo }: CommandOf<'message.send'>): CommandResult {
    this.#open(account, channel);
    const made = this.#append(channel, { kind: 'message', message: id as string as MessageId });
    const mentions = this.#mentions(account, channel, text);
    const message: Message = { id: id as string as MessageId, channel, n: made.n, rev: made.n, author: account, at: this.now, text, replyTo, editedAt: null, deleted: false, mentions, reactions: [] }; // prettier-ignore
    this.#state.messages.set(message.id, message);
    const answered = replyTo === null ? undefined : this.#state.messages.get(replyTo)?.author;
    const told = new Map<AccountId, InboxItem['reason']>();
    if (answered !== undefined && answered !== account && this.isMember(answered, channel)) told.set(answered, 'reply');
    for (const one of mentions) told.set(one, 'mention');
    for (const [who, reason] of told) this.#tell(who, message.id, reason);
    return made;
  }

  #tell(who: AccountId, message: MessageId, reason: InboxItem['reason']): void {
    if (this.#state.inbox.some((item) => item.account === who && item.message === message)) return;
    const { n } = this.#append('', { kind: 'inbox', message }, who);
    this.#state.inbox.push({ account: who, message, reason, state: 'open', rev: n });
  }

  #changed(message: Message): CommandResult {
    const made = this.#append(message.channel, { kind: 'message', message: message.id });
    this.#state.messages.set(message.id, { ...message, rev: made.n });
    // Those who have left meanwhile are still named by the text and told nothing.
    for (const who of message.mentions) if (this.isMember(who, message.channel)) this.#tell(who, message.id, 'mention');
    return made;
  }

  #rename(id: ChannelId, fields: Partial<Channel>): CommandResult {
    const channel = this.#channel(id);
    const made = this.#append(channel.visibility === 'public' ? 'server' : id, { kind: 'channel', channel: id });
    this.#state.channels.set(id, { ...channel, ...fields, rev: made.n });
    return made;
  }

  #join(account: AccountId, channel: ChannelId): CommandResult {
    if (this.isMember(account, channel)) return { seq: 0, n: 0 };
    const made = this.#append(channel, { kind: 'member', account, joined: true });
    this.#state.intervals.push({ account, channel, from: made.seq, to: null });
    this.#state.markers.set(`${account}|${channel}`, made.n);
    return this.#append('', { kind: 'joined', channel }, account);
  }

  #leave(account: AccountId, channel: ChannelId): CommandResult {
    const open = this.#state.intervals.find(
      (one) => one.account === account && one.channel === channel && one.to === null,
    );
    if (open === undefined) return { seq: 0, n: 0 };
    const made = this.#append(channel, { kind: 'member', account, joined: false });
    open.to = made.seq;
    this.#state.inbox = this.#state.inbox.filter(
      (item) => item.account !== account || this.#message(item.message).channel !== channel,
    );
    return this.#append('', { kind: 'left', channel }, account);
  }

  #mentions(author: AccountId, channel: ChannelId, text: string): AccountId[] {
    const named = [...text.matchAll(MENTION)].map((found) => found[1] as AccountId);
    return [...new Set(named)].filter((one) => one !== author && this.isMember(one, channel));
  }

  #channelState(account: AccountId, channel: Channel): ChannelState {
    if (!this.isMember(account, channel.id)) return { channel, member: false, head: 0, lastAt: 0, readN: 0, unread: 0 };
    const readN = this.#state.markers.get(`${account}|${channel.id}`) ?? 0;
    const messages = [...this.#state.messages.values()].filter((message) => message.channel === channel.id);
    const unread = messages.filter((message) => message.n > readN && message.author !== account).length;
    return {
      channel,
      member: true,
      head: this.#head(channel.id),
      lastAt: Math.max(0, ...messages.map(({ at }) => at)),
      readN,
      unread,
    };
  }

  #item({ message, reason, state, rev }: Inbox): InboxItem {
    return { message: this.#message(message), reason, state, rev };
  }

  #own(account: AccountId, id: MessageId): Message {
    const message = this.#message(id);
    this.#open(account, message.channel);
    if (message.author !== account) throw new SkerryError('forbidden');
    return message;
  }

  #open(account: AccountId, channel: ChannelId): void {
    this.#needMember(account, channel);
    if (this.#channel(channel).archived) throw new SkerryError('archived');
  }

  #needMember(account: AccountId, channel: ChannelId): void {
    if (!this.isMember(account, channel)) throw new SkerryError('not_found');
  }

  #account(id: AccountId): Account {
    return found(this.#state.accounts.get(id));
  }

  #channel(id: ChannelId): Channel {
    return found(this.#state.channels.get(id));
  }

  #message(id: MessageId): Message {
    return found(this.#state.messages.get(id));
  }

  #head(stream: string): number {
    return this.#state.heads.get(stream) ?? 0;
  }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new SkerryError('not_found');
  return value;
}
