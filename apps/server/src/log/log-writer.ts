import type { AccountId, ChannelId, Position, SessionId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { EventKind, StreamKey } from './stream-key.ts';
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
export type Pending = PendingEvent | MemberChange | SessionEnd;

type StreamState = { readonly id: number; readonly head: number; readonly messages: number };

/**
 * The end of the log. There is one writer, so the last numbers live here and reach the tables once per batch, inside
 * its transaction; a command or a batch that is rolled back takes its numbers with it, so none is ever missing. SPEC L-2.
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
  #pending: Pending[] = [];
  /** How things stood when the current command began. */
  #before:
    | { position: Position; lastStream: number; pending: number; streams: Map<StreamKey, StreamState | undefined> }
    | undefined;

  constructor(db: Statements, newTag: () => string) {
    this.db = db;
    this.#newTag = newTag;
  }

  get now(): number {
    return this.#now;
  }

  get nextSeq(): number {
    return this.#here().seq + 1;
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
    return { seq, n };
  }

  countMessage(stream: StreamKey): number {
    const state = this.#of(stream);
    this.#change(stream, { ...state, messages: state.messages + 1 });
    return state.messages + 1;
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

  startBatch(now: number): void {
    this.#now = now;
    this.#pending = [];
  }

  startCommand(): void {
    const position = this.#here();
    this.#before = { position, lastStream: this.#lastStreamId(), pending: this.#pending.length, streams: new Map() };
  }

  /** Forgets what the current command appended; its rows are the savepoint's to undo. */
  undoCommand(): void {
    const before = this.#before;
    if (before === undefined) return;
    this.#position = before.position;
    this.#lastStream = before.lastStream;
    this.#pending.length = before.pending;
    for (const [stream, state] of before.streams) {
      if (state === undefined) this.#streams.delete(stream);
      else this.#streams.set(stream, state);
    }
    this.#before = undefined;
  }

  /** Writes the batch's last numbers. @returns what is to be told once it is committed */
  finishBatch(): { readonly pending: readonly Pending[]; readonly position: Position } {
    const position = this.#here();
    for (const stream of this.#dirty) {
      const state = this.#streams.get(stream);
      if (state !== undefined)
        this.db.run('UPDATE streams SET head = ?, messages = ? WHERE id = ?', state.head, state.messages, state.id);
    }
    if (this.#dirty.size > 0) this.db.run('UPDATE log SET seq = ?, tag = ? WHERE id = 1', position.seq, position.tag);
    this.#dirty.clear();
    this.#before = undefined;
    return { pending: this.#pending, position };
  }

  /** After a rolled back batch: everything is read from the tables again. */
  forget(): void {
    this.#position = undefined;
    this.#lastStream = undefined;
    this.#streams.clear();
    this.#dirty.clear();
    this.#pending = [];
    this.#before = undefined;
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
    const before = this.#before;
    if (before !== undefined && !before.streams.has(stream)) before.streams.set(stream, this.#streams.get(stream));
    this.#streams.set(stream, state);
    this.#dirty.add(stream);
  }
}
