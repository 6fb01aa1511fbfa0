import type {
  Account,
  AccountId,
  ChannelId,
  ChannelState,
  DownOf,
  Event,
  InboxItem,
  Message,
  MessageId,
  Page,
  Position,
  SealedMessage,
  ServerProfile,
  Snapshot,
} from '@skerry/protocol';

/**
 * The plainest client there can be: what an account knows of a server, from a snapshot, pages and events. The oracle for
 * "what was told adds up to what is", and for streams without holes.
 */
export class Mirror {
  cursor: Position | null = null;
  /** Broken promises of the stream, in words. */
  readonly violations: string[] = [];
  /** Channels it came into and whose history nobody gave it yet. */
  readonly toLoad = new Set<ChannelId>();
  #server: ServerProfile | undefined;
  #me: AccountId | undefined;
  readonly #accounts = new Map<AccountId, Account>();
  readonly #channels = new Map<ChannelId, ChannelState>();
  readonly #messages = new Map<MessageId, Message>();
  readonly #inbox = new Map<MessageId, InboxItem>();
  /** Posts of encrypted conversations it was told of: of those it knows the shells alone. */
  readonly #posts = new Map<MessageId, SealedMessage>();
  readonly #streams = new Map<string, number>();
  #lastSeq = 0;
  /** Where the snapshot stood: what arrives from before was told while it was on its way. */
  #floor = 0;

  /** Starts anew from a snapshot and the whole history of each channel it is in. */
  load(snapshot: Snapshot, pages: ReadonlyMap<ChannelId, Page>): void {
    for (const table of [this.#accounts, this.#channels, this.#messages, this.#inbox, this.#posts, this.#streams])
      table.clear();
    this.#server = snapshot.server;
    this.#me = snapshot.me.id;
    for (const account of snapshot.accounts) this.#accounts.set(account.id, account);
    for (const state of snapshot.channels) {
      this.#channels.set(state.channel.id, state);
      if (state.member) this.#streams.set(state.channel.id, state.head);
    }
    for (const item of snapshot.inbox) this.#inbox.set(item.message.id, item);
    for (const page of pages.values()) for (const message of page.messages) this.#messages.set(message.id, message);
    this.#streams.set('server', snapshot.streams.server);
    this.#streams.set('account', snapshot.streams.account);
    this.toLoad.clear();
    this.cursor = snapshot.asOf;
    this.#lastSeq = snapshot.asOf.seq;
    this.#floor = snapshot.asOf.seq;
  }

  /** The history of one channel, read at any time. */
  merge(channel: ChannelId, page: Page): void {
    this.toLoad.delete(channel);
    if (this.#channels.get(channel)?.member !== true) return;
    for (const message of page.messages) this.#keep(message);
  }

  events({ stream, events }: DownOf<'events'>): void {
    for (const event of events) {
      const last = this.#streams.get(stream);
      if (event.seq <= this.#floor || (last !== undefined && event.n <= last)) continue;
      if (last !== undefined && event.n !== last + 1) this.violations.push(`${stream}: ${event.n} came after ${last}`);
      if (event.seq <= (this.cursor?.seq ?? 0))
        this.violations.push(`seq ${event.seq} came after the mark ${this.cursor?.seq}`);
      this.#streams.set(stream, event.n);
      this.#lastSeq = Math.max(this.#lastSeq, event.seq);
      this.#apply(stream, event);
    }
  }

  mark({ seq, tag }: Position): void {
    if (seq <= this.#floor) return;
    if (seq < this.#lastSeq) this.violations.push(`mark ${seq} came after the event ${this.#lastSeq}`);
    if (seq < (this.cursor?.seq ?? 0)) this.violations.push(`mark ${seq} came after the mark ${this.cursor?.seq}`);
    this.cursor = { seq, tag };
  }

  /** The same knowledge, going its own way from here. */
  copy(): Mirror {
    const copy = new Mirror();
    copy.cursor = this.cursor;
    copy.#server = this.#server;
    copy.#me = this.#me;
    for (const [id, row] of this.#accounts) copy.#accounts.set(id, row);
    for (const [id, row] of this.#channels) copy.#channels.set(id, row);
    for (const [id, row] of this.#messages) copy.#messages.set(id, row);
    for (const [id, row] of this.#inbox) copy.#inbox.set(id, row);
    for (const [id, row] of this.#posts) copy.#posts.set(id, row);
    for (const [stream, n] of this.#streams) copy.#streams.set(stream, n);
    for (const channel of this.toLoad) copy.toLoad.add(channel);
    copy.#lastSeq = this.#lastSeq;
    copy.#floor = this.#floor;
    return copy;
  }

  /** Ids of the messages held, in the order of the channel. */
  messagesOf(channel: ChannelId): Message[] {
    return [...this.#messages.values()].filter((message) => message.channel === channel).sort((a, b) => a.n - b.n);
  }

  channelsJoined(): ChannelId[] {
    return [...this.#channels.values()].filter((state) => state.member).map((state) => state.channel.id);
  }

  /** Everything known, in one comparable value. Inbox rows that are done may fall out of a snapshot, so they are left out. */
  digest(): unknown {
    const sorted = <Id extends string, V>(table: ReadonlyMap<Id, V>): [Id, V][] =>
      [...table].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      server: this.#server,
      accounts: sorted(this.#accounts),
      channels: sorted(this.#channels),
      messages: sorted(this.#messages),
      inbox: sorted(this.#inbox).filter(([, item]) => item.state !== 'done'),
    };
  }

  #apply(stream: string, event: Event): void {
    switch (event.kind) {
      case 'message':
        return this.#message(event);
      case 'sealed':
        return this.#sealed(event);
      case 'member':
      case 'hidden':
      case 'chain':
        return this.#advance(stream as ChannelId, event.n);
      case 'channel': {
        const known = this.#channels.get(event.channel.id);
        if (known === undefined)
          this.#channels.set(event.channel.id, {
            channel: event.channel,
            member: false,
            head: 0,
            lastAt: 0,
            readN: 0,
            unread: 0,
          });
        else if (event.channel.rev >= known.channel.rev)
          this.#channels.set(event.channel.id, { ...known, channel: event.channel });
        if (stream !== 'server') this.#advance(stream as ChannelId, event.n);
        return;
      }
      case 'account': {
        const known = this.#accounts.get(event.account.id);
        if (known === undefined || event.account.rev >= known.rev) this.#accounts.set(event.account.id, event.account);
        return;
      }
      case 'server':
        if (event.server.rev >= (this.#server?.rev ?? 0)) this.#server = event.server;
        return;
      case 'joined': {
        const { state } = event;
        const streamed = this.#streams.get(state.channel.id) ?? 0;
        this.#channels.set(state.channel.id, state);
        this.#streams.set(state.channel.id, Math.max(state.head, streamed));
        this.toLoad.add(state.channel.id);
        return;
      }
      case 'left':
        return this.#left(event.channel);
      case 'marker': {
        const state = this.#channels.get(event.channel);
        if (state === undefined) return;
        const posts = [...this.#posts.values()].filter(({ channel }) => channel === event.channel);
        const later = [...this.messagesOf(event.channel), ...posts].filter(
          (one) => one.n > Math.max(event.head, event.readN) && one.author !== this.#me,
        );
        this.#channels.set(event.channel, { ...state, readN: event.readN, unread: event.unread + later.length });
        return;
      }
      case 'inbox': {
        const known = this.#inbox.get(event.item.message.id);
        if (known === undefined || event.item.rev >= known.rev) this.#inbox.set(event.item.message.id, event.item);
        return;
      }
      case 'machines':
        return;
    }
  }

  #message({ n, message }: Extract<Event, { kind: 'message' }>): void {
    // A change to what was written before one came: where older history is closed, nobody may keep it.
    if (message.n === n || this.#messages.has(message.id)) this.#keep(message);
    for (const [id, item] of this.#inbox)
      if (id === message.id && message.rev >= item.message.rev) this.#inbox.set(id, { ...item, message });
    const state = this.#channels.get(message.channel);
    if (state === undefined) return;
    // The first event of a message stands at its place; a later one changes it.
    const isNew = message.n === n;
    const unread = isNew && message.author !== this.#me && n > state.readN;
    this.#channels.set(message.channel, {
      ...state,
      head: Math.max(state.head, n),
      lastAt: isNew ? message.at : state.lastAt,
      unread: state.unread + (unread ? 1 : 0),
    });
  }

  #sealed({ n, message }: Extract<Event, { kind: 'sealed' }>): void {
    const state = this.#channels.get(message.channel);
    if (state === undefined) return;
    const isPost = message.op === 'post';
    if (isPost) this.#posts.set(message.id, message);
    const isUnread = isPost && message.author !== this.#me && n > state.readN;
    this.#channels.set(message.channel, {
      ...state,
      head: Math.max(state.head, n),
      lastAt: isPost ? message.at : state.lastAt,
      unread: state.unread + (isUnread ? 1 : 0),
    });
  }

  #keep(message: Message): void {
    const known = this.#messages.get(message.id);
    if (known === undefined || message.rev >= known.rev) this.#messages.set(message.id, message);
  }

  #advance(channel: ChannelId, n: number): void {
    const state = this.#channels.get(channel);
    if (state?.member === true) this.#channels.set(channel, { ...state, head: Math.max(state.head, n) });
  }

  #left(channel: ChannelId): void {
    const state = this.#channels.get(channel);
    this.#streams.delete(channel);
    this.toLoad.delete(channel);
    for (const message of this.messagesOf(channel)) {
      this.#messages.delete(message.id);
      this.#inbox.delete(message.id);
    }
    if (state?.channel.visibility === 'public')
      this.#channels.set(channel, { channel: state.channel, member: false, head: 0, lastAt: 0, readN: 0, unread: 0 });
    else this.#channels.delete(channel);
  }
}
