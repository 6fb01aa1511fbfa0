import type { AccountId, ChannelId, SessionId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { EventKind, StreamKey } from './stream-key.ts';

export type Appended = { readonly seq: number; readonly n: number };

/** What a write procedure works with: one connection inside a transaction, the log, and the batch's time. */
export interface Tx {
  readonly db: Statements;
  /** Unix milliseconds; the same for everything in one batch. */
  readonly now: number;
  /**
   * Takes the next numbers and writes the event. The body is not stored: it is read from what `ref` names when the
   * event is told. For `member` the ref is `+` or `-` and the account.
   */
  append(stream: StreamKey, kind: EventKind, ref: string): Appended;
  /** Counts a new message of a channel. @returns how many it has had, this one included */
  countMessage(stream: StreamKey): number;
  /** Last number of a stream, and how many messages it has had. */
  headOf(stream: StreamKey): { readonly head: number; readonly messages: number };
  /** The seq the next event will get. */
  readonly nextSeq: number;
  /** Tells the sockets of the account to follow the channel, or not to, before anything appended after this. */
  memberChanged(change: { channel: ChannelId; account: AccountId; joined: boolean }): void;
  /** Closes the session's sockets, after what was appended before this. */
  sessionEnded(session: SessionId): void;
}
