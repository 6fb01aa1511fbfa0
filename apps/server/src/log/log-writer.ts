import type { AccountId, ChannelId, Position, SessionId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { channelStream, type EventKind, type StreamKey } from './stream-key.ts';
import type { Appended, Tx } from './tx.ts';

export type PendingEvent = {
  readonly type: 'event';
  readonly stream: StreamKey;
  readonly kind: EventKind;
  readonly ref: string;
  readonly seq: number;
  readonly n: number;
};
export type MemberChange = {
  readonly type: 'member';
  readonly channel: ChannelId;
  readonly account: AccountId;
  readonly joined: boolean;
};
export type SessionEnd = { readonly type: 'sessionEnded'; readonly session: SessionId };
/** Few one-time prekeys of a device are left, so it is to publish more. */
export type PrekeysLow = {
  readonly type: 'prekeysLow';
  readonly account: AccountId;
  readonly device: number;
  readonly left: number;
};
/** The queue of a device reaches up to here. */
export type QueueGrown = {
  readonly type: 'queueGrown';
  readonly account: AccountId;
  readonly device: number;
  readonly head: number;
};
export type Pending = PendingEvent | MemberChange | SessionEnd | PrekeysLow | QueueGrown;

/** What a batch tells once it is committed. */
export type Finished = {
  readonly pending: readonly Pending[];
  readonly position: Position;
  /** Bodies of events that need not be read, by ref. */
  readonly bodies: ReadonlyMap<string, string>;
};

type StreamState = { readonly id: number; readonly head: number; readonly messages: number };
/** Messages of an account in a channel that its marker's row does not count yet. */
type OwnCount = { readonly channel: ChannelId; readonly author: AccountId; readonly count: number };
type Before = {
  readonly position: Position;
  readonly lastStream: number;
  readonly pending: number;
  readonly streams: Map<StreamKey, StreamState | undefined>;
  readonly counts: Map<string, OwnCount | undefined>;
};

/**
 * The end of the log. There is one writer, so the last numbers live here and reach the tables once per batch, inside
 * its transaction; a command or a batch that is undone takes its numbers with it, so none is ever missing. SPEC L-2.
 */
export class LogWriter implements Tx {
  readonly db: Statements;
  readonly #newTag: () => string;
  #now = 0;
  #position: Position | undefined;
  #lastStream: number | undefined;
  readonly #streams = new Map<StreamKey, StreamState>();
  /** What differs from the tables. */
  readonly #dirty = new Set<StreamKey>();
  readonly #counts = new Map<string, OwnCount>();
  #pending: Pending[] = [];
  #bodies = new Map<string, string>();
  /** How things stood when the current command began. */
  #before: Before | undefined;

  constructor(db: Statements, newTag: () => string) {
    this.db = db;
    this.#newTag = newTag;
  }

  get now(): number {
    return this.#now;
  }

  append(stream: StreamKey, kind: EventKind, ref: string): Appended {
    const seq = this.#here().seq + 1;
    const state = this.#of(stream);
    const n = state.head + 1;
    const tag = this.#newTag();
    this.db.run(
      'INSERT INTO events (seq, stream, n, kind, ref, tag, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      seq,
      state.id,
      n,
      kind,
      ref,
      tag,
      this.#now,
    );
    this.#position = { seq, tag };
    this.#change(stream, { ...state, head: n });
    this.#pending.push({ type: 'event', stream, kind, ref, seq, n });
    // Another event of the same thing changes it, so what was at hand for the one before is no longer right.
    this.#bodies.delete(ref);
    return { seq, n };
  }

  presetBody(ref: string, json: string): void {
    this.#bodies.set(ref, json);
  }

  countMessage(channel: ChannelId, author: AccountId): void {
    const stream = channelStream(channel);
    const state = this.#of(stream);
    this.#change(stream, { ...state, messages: state.messages + 1 });
    const key = `${channel} ${author}`;
    this.#changeCount(key, { channel, author, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }

  settleCount(channel: ChannelId, author: AccountId): void {
    const key = `${channel} ${author}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) return;
    this.#writeCount(counted);
    this.#changeCount(key, undefined);
  }

  headOf(stream: StreamKey): { readonly head: number; readonly messages: number } {
    return this.#streams.get(stream) ?? this.#load(stream) ?? { head: 0, messages: 0 };
  }

  memberChanged(change: { channel: ChannelId; account: AccountId; joined: boolean }): void {
    this.#pending.push({ type: 'member', ...change });
  }

  sessionEnded(session: SessionId): void {
    this.#pending.push({ type: 'sessionEnded', session });
  }

  prekeysLow(low: { account: AccountId; device: number; left: number }): void {
    this.#pending.push({ type: 'prekeysLow', ...low });
  }

  queueGrown(grown: { account: AccountId; device: number; head: number }): void {
    this.#pending.push({ type: 'queueGrown', ...grown });
  }

  startBatch(now: number): void {
    this.#now = now;
    this.#pending = [];
    this.#bodies = new Map();
  }

  startCommand(): void {
    this.#before = {
      position: this.#here(),
      lastStream: this.#lastStreamId(),
      pending: this.#pending.length,
      streams: new Map(),
      counts: new Map(),
    };
  }

  /** Forgets what the current command did here; its rows are the savepoint's to undo. */
  undoCommand(): void {
    const before = this.#before;
    if (before === undefined) return;
    this.#position = before.position;
    this.#lastStream = before.lastStream;
    this.#pending.length = before.pending;
    this.#bodies.clear();
    restore(this.#streams, before.streams);
    restore(this.#counts, before.counts);
    this.#before = undefined;
    this.db.forget();
  }

  /** Writes the batch's last numbers. */
  finishBatch(): Finished {
    const position = this.#here();
    for (const counted of this.#counts.values()) this.#writeCount(counted);
    this.#counts.clear();
    for (const stream of this.#dirty) {
      const state = this.#streams.get(stream);
      if (state === undefined) continue;
      this.db.run('UPDATE streams SET head = ?, messages = ? WHERE id = ?', state.head, state.messages, state.id);
    }
    if (this.#dirty.size > 0) this.db.run('UPDATE log SET seq = ?, tag = ? WHERE id = 1', position.seq, position.tag);
    this.#dirty.clear();
    this.#before = undefined;
    return { pending: this.#pending, position, bodies: this.#bodies };
  }

  /** After an undone batch: everything is read from the tables again. */
  forget(): void {
    this.#position = undefined;
    this.#lastStream = undefined;
    this.#streams.clear();
    this.#dirty.clear();
    this.#counts.clear();
    this.#before = undefined;
    this.db.forget();
  }

  #here(): Position {
    this.#position ??= this.db.get<Position>('SELECT seq, tag FROM log WHERE id = 1') ?? { seq: 0, tag: '' };
    return this.#position;
  }

  #lastStreamId(): number {
    this.#lastStream ??= this.db.value<number>('SELECT coalesce(max(id), 0) FROM streams') ?? 0;
    return this.#lastStream;
  }

  #of(stream: StreamKey): StreamState {
    return this.#streams.get(stream) ?? this.#load(stream) ?? this.#create(stream);
  }

  #load(stream: StreamKey): StreamState | undefined {
    const state = this.db.get<StreamState>('SELECT id, head, messages FROM streams WHERE stream = ?', stream);
    if (state !== undefined) this.#streams.set(stream, state);
    return state;
  }

  #create(stream: StreamKey): StreamState {
    const id = this.#lastStreamId() + 1;
    this.#lastStream = id;
    this.db.run('INSERT INTO streams (id, stream, head, messages) VALUES (?, ?, 0, 0)', id, stream);
    this.#before?.streams.set(stream, undefined);
    return { id, head: 0, messages: 0 };
  }

  #change(stream: StreamKey, state: StreamState): void {
    keep(this.#before?.streams, this.#streams, stream);
    this.#streams.set(stream, state);
    this.#dirty.add(stream);
  }

  #changeCount(key: string, counted: OwnCount | undefined): void {
    keep(this.#before?.counts, this.#counts, key);
    if (counted === undefined) this.#counts.delete(key);
    else this.#counts.set(key, counted);
  }

  #writeCount({ channel, author, count }: OwnCount): void {
    this.db.run('UPDATE markers SET own = own + ? WHERE account_id = ? AND channel_id = ?', count, author, channel);
  }
}

/** Remembers how an entry was, the first time it changes. */
function keep<Key, Value>(before: Map<Key, Value | undefined> | undefined, now: Map<Key, Value>, key: Key): void {
  if (before !== undefined && !before.has(key)) before.set(key, now.get(key));
}

function restore<Key, Value>(now: Map<Key, Value>, before: ReadonlyMap<Key, Value | undefined>): void {
  for (const [key, value] of before) {
    if (value === undefined) now.delete(key);
    else now.set(key, value);
  }
}
