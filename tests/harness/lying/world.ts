import type {
  Account,
  AccountId,
  Channel,
  ChannelId,
  ChannelState,
  CommandId,
  CommandResult,
  Event,
  InboxItem,
  InboxState,
  InviteId,
  Message,
  MessageId,
  Position,
  ServerProfile,
  SessionId,
  Snapshot,
} from '@skerry/protocol';
import type { Seeded } from './seeded.ts';

export type AccountRow = Account & { password: string };
export type SessionRow = {
  id: SessionId;
  account: AccountId;
  device: string;
  createdAt: number;
  lastSeenAt: number;
  /** All it ever had, newest last. The one before the last still works until the last is used. */
  refreshTokens: string[];
  ended: boolean;
};
export type ChannelRow = Channel & { createdBy: AccountId; isDefault: boolean };
export type Interval = { account: AccountId; channel: ChannelId; fromSeq: number; fromN: number; toSeq: number };
export type InboxRow = {
  account: AccountId;
  message: MessageId;
  channel: ChannelId;
  reason: InboxItem['reason'];
  state: InboxState;
  rev: number;
  seq: number;
};
export type InviteRow = {
  id: InviteId;
  code: string;
  createdBy: AccountId;
  createdAt: number;
  expiresAt: number | null;
  usesLeft: number | null;
};

/** `server`, a channel's id, or `account:<id>`. */
export type StreamKey = string;
export type Ref =
  | { kind: 'message'; message: MessageId }
  | { kind: 'member'; account: AccountId; joined: boolean }
  | { kind: 'channel'; channel: ChannelId }
  | { kind: 'account'; account: AccountId }
  | { kind: 'server' }
  | { kind: 'joined'; channel: ChannelId }
  | { kind: 'left'; channel: ChannelId }
  | { kind: 'marker'; channel: ChannelId }
  | { kind: 'inbox'; message: MessageId };
export type LogRow = {
  readonly seq: number;
  readonly n: number;
  readonly stream: StreamKey;
  readonly tag: string;
  readonly ref: Ref;
};

export const accountStream = (account: AccountId): StreamKey => `account:${account}`;

/**
 * A server's whole state in memory, with the one log. Rows are open on purpose: a test may bend any of them, and what
 * is told from then on is told from the bent row.
 */
export class World {
  readonly ids: Seeded;
  readonly now: () => number;
  readonly accounts = new Map<AccountId, AccountRow>();
  readonly sessions = new Map<SessionId, SessionRow>();
  /** Access token to session. */
  readonly tokens = new Map<string, { session: SessionId; expiresAt: number }>();
  readonly channels = new Map<ChannelId, ChannelRow>();
  readonly messages = new Map<MessageId, Message>();
  readonly intervals: Interval[] = [];
  readonly markers = new Map<string, number>();
  readonly inbox = new Map<string, InboxRow>();
  readonly invites = new Map<InviteId, InviteRow>();
  readonly resetCodes = new Map<string, { account: AccountId; expiresAt: number }>();
  /** One-time codes of the operator, to account. */
  readonly exchangeCodes = new Map<string, AccountId>();
  readonly commands = new Map<string, { hash: string; result: CommandResult }>();
  log: LogRow[] = [];
  readonly heads = new Map<StreamKey, number>();
  profile: ServerProfile;
  /** The server's picture. */
  icon: Uint8Array<ArrayBuffer> | undefined;
  setupCode: string | null;
  /** Older events are not kept: a resume from before is too far. */
  keptFrom = 1;
  readonly #listeners = new Set<(rows: readonly LogRow[]) => void>();
  #pending: LogRow[] = [];

  constructor(ids: Seeded, options: { name: string; now: () => number; registration: ServerProfile['registration'] }) {
    this.ids = ids;
    this.now = options.now;
    this.profile = { name: options.name, description: '', iconUrl: null, registration: options.registration, rev: 0 };
    this.setupCode = ids.code();
  }

  head(stream: StreamKey): number {
    return this.heads.get(stream) ?? 0;
  }

  get seq(): number {
    return this.log.at(-1)?.seq ?? this.keptFrom - 1;
  }

  position(): Position {
    const last = this.log.at(-1);
    return last === undefined ? { seq: 0, tag: '' } : { seq: last.seq, tag: last.tag };
  }

  append(stream: StreamKey, ref: Ref): LogRow {
    const n = this.head(stream) + 1;
    this.heads.set(stream, n);
    const row: LogRow = { seq: this.seq + 1, n, stream, tag: this.ids.tag(), ref };
    this.log.push(row);
    this.#pending.push(row);
    return row;
  }

  /** Hands what was appended since the last call to the listeners: what a commit is to a real server. */
  commit(): void {
    const rows = this.#pending;
    this.#pending = [];
    if (rows.length > 0) for (const listener of this.#listeners) listener(rows);
  }

  onCommitted(listener: (rows: readonly LogRow[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sets the picture and what the profile says of it, whether these belong together or not, and tells. */
  setIcon(bytes: Uint8Array | undefined, iconUrl: string | null): void {
    this.icon = bytes && Uint8Array.from(bytes);
    this.profile = { ...this.profile, iconUrl, rev: this.append('server', { kind: 'server' }).n };
    this.commit();
  }

  isMember(account: AccountId, channel: ChannelId): boolean {
    return this.interval(account, channel) !== undefined;
  }

  interval(account: AccountId, channel: ChannelId): Interval | undefined {
    return this.intervals.find((row) => row.account === account && row.channel === channel && row.toSeq === Infinity);
  }

  membersOf(channel: ChannelId): AccountId[] {
    return this.intervals.filter((row) => row.channel === channel && row.toSeq === Infinity).map((row) => row.account);
  }

  /** Whether that account is told of this row. */
  concerns(account: AccountId, row: LogRow): boolean {
    if (row.stream === 'server') return true;
    if (row.stream.startsWith('account:')) return row.stream === accountStream(account);
    return this.intervals.some(
      (one) => one.account === account && one.channel === row.stream && one.fromSeq <= row.seq && row.seq < one.toSeq,
    );
  }

  /** The event as it is told now; undefined when what it speaks of is gone. */
  render(account: AccountId, { seq, n, ref }: LogRow): Event | undefined {
    const at = { seq, n };
    switch (ref.kind) {
      case 'message': {
        const message = this.messages.get(ref.message);
        if (message === undefined) return undefined;
        return this.#isHidden(account, message, seq) ? { ...at, kind: 'hidden' } : { ...at, kind: 'message', message };
      }
      case 'member':
        return { ...at, kind: 'member', account: ref.account, joined: ref.joined };
      case 'channel': {
        const row = this.channels.get(ref.channel);
        return row && { ...at, kind: 'channel', channel: publicChannel(row) };
      }
      case 'account': {
        const row = this.accounts.get(ref.account);
        return row && { ...at, kind: 'account', account: publicAccount(row) };
      }
      case 'server':
        return { ...at, kind: 'server', server: this.profile };
      case 'joined':
        return { ...at, kind: 'joined', state: this.stateOf(account, ref.channel) };
      case 'left':
        return { ...at, kind: 'left', channel: ref.channel };
      case 'marker': {
        const { readN, unread, head } = this.stateOf(account, ref.channel);
        return { ...at, kind: 'marker', channel: ref.channel, readN, unread, head };
      }
      case 'inbox': {
        const row = this.inbox.get(`${account} ${ref.message}`);
        return row && { ...at, kind: 'inbox', item: this.#item(row) };
      }
    }
  }

  messagesOf(channel: ChannelId): Message[] {
    return [...this.messages.values()].filter((message) => message.channel === channel).sort((a, b) => a.n - b.n);
  }

  stateOf(account: AccountId, channel: ChannelId): ChannelState {
    const row = this.channels.get(channel);
    if (row === undefined) throw new RangeError(`no channel ${channel}`);
    if (!this.isMember(account, channel))
      return { channel: publicChannel(row), member: false, head: 0, lastAt: 0, readN: 0, unread: 0 };
    const messages = this.messagesOf(channel);
    const readN = this.markers.get(`${account} ${channel}`) ?? 0;
    return {
      channel: publicChannel(row),
      member: true,
      head: this.head(channel),
      lastAt: messages.at(-1)?.at ?? 0,
      readN,
      unread: messages.filter((message) => message.n > readN && message.author !== account).length,
    };
  }

  snapshot(account: AccountId): Snapshot {
    const me = this.accounts.get(account);
    if (me === undefined) throw new RangeError(`no account ${account}`);
    const mine = [...this.inbox.values()].filter(
      (row) => row.account === account && this.isMember(account, row.channel),
    );
    const kept = [
      ...mine.filter((row) => row.state !== 'done'),
      ...mine.filter((row) => row.state === 'done').sort((a, b) => b.seq - a.seq),
    ].slice(0, 600);
    return {
      asOf: this.position(),
      server: this.profile,
      me: publicAccount(me),
      streams: { server: this.head('server'), account: this.head(accountStream(account)) },
      accounts: [...this.accounts.values()].map(publicAccount),
      channels: [...this.channels.values()]
        .filter((row) => row.visibility === 'public' || this.isMember(account, row.id))
        .map((row) => this.stateOf(account, row.id)),
      inbox: kept.sort((a, b) => b.seq - a.seq).map((row) => this.#item(row)),
    };
  }

  tombstone(account: AccountId, id: CommandId): { hash: string; result: CommandResult } | undefined {
    return this.commands.get(`${account} ${id}`);
  }

  /** L-14: a change to what was there before the account came, where that is closed and nobody showed it to them. */
  #isHidden(account: AccountId, message: Message, seq: number): boolean {
    if (this.channels.get(message.channel)?.history !== 'joined' || this.inbox.has(`${account} ${message.id}`))
      return false;
    return this.intervals.some(
      (one) =>
        one.account === account &&
        one.channel === message.channel &&
        one.fromSeq <= seq &&
        seq < one.toSeq &&
        one.fromN > message.n,
    );
  }

  #item(row: InboxRow): InboxItem {
    const message = this.messages.get(row.message);
    if (message === undefined) throw new RangeError(`no message ${row.message}`);
    return { message, reason: row.reason, state: row.state, rev: row.rev };
  }
}

export function publicAccount({ id, username, displayName, role, disabled, createdAt, rev }: AccountRow): Account {
  return { id, username, displayName, role, disabled, createdAt, rev };
}

function publicChannel({
  id,
  name,
  topic,
  visibility,
  history,
  archived,
  createdBy,
  createdAt,
  rev,
}: ChannelRow): Channel {
  return { id, name, topic, visibility, history, archived, createdBy, createdAt, rev };
}
