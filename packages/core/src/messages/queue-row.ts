import {
  type AccountId,
  commandId,
  type ChannelId,
  type Command,
  type CommandId,
  ERRORS,
  type ErrorBody,
  messageCommand,
  type Retry,
} from '@skerry/protocol';
import type { Row } from '../stores/stores.ts';

/** A command the person gave and the server has not confirmed yet. What is resent is always this very command. */
export type QueueRow = {
  /** Its place in the queue; a later one is larger. */
  readonly order: number;
  readonly id: CommandId;
  /** Whose it is. It is never sent as somebody else. */
  readonly account: AccountId;
  /** Those of one lane go one after the other. */
  readonly lane: string;
  readonly command: Command;
  /** Device time in Unix milliseconds. */
  readonly writtenAt: number;
  readonly parked: { readonly code: string; readonly message: string } | null;
};

/** Reads a stored row. @returns undefined for one this program did not write */
export function readQueueRow({ key, value }: Row): QueueRow | undefined {
  const row = value as Partial<QueueRow> | null;
  if (typeof key !== 'number' || typeof row !== 'object' || row === null) return undefined;
  const [read, id] = [messageCommand.safeParse(row.command), commandId.safeParse(row.id)];
  const isWhole = typeof row.account === 'string' && typeof row.lane === 'string' && typeof row.writtenAt === 'number';
  // The stored command itself is kept, not the parsed one: its bytes must be the ones of the first attempt.
  return read.success && id.success && isWhole && row.parked !== undefined
    ? { ...(row as QueueRow), order: key }
    : undefined;
}

/** What is to become of a command the server refused. `park`: kept for the person to decide; `drop`: its effect is undone. */
export type Refused = 'again' | 'whenSignedIn' | 'park' | 'drop';

/** Text that a person wrote is never dropped; a mark, a reaction or a delete that is refused shows by not happening. */
export function afterRefusal(refused: Command, error: ErrorBody): Refused {
  // The list of codes says what may be tried again, not the server's own word.
  const retry: Retry = Object.hasOwn(ERRORS, error.code) ? ERRORS[error.code].retry : error.retry;
  switch (retry) {
    case 'later':
      return 'again';
    case 'auth':
      return 'whenSignedIn';
    case 'no':
    case 'change':
      return isText(refused) ? 'park' : 'drop';
  }
}

/** Holds something a person wrote, as opposed to marks, reactions and the like. */
export function isText(given: Command): boolean {
  return given.kind === 'message.send' || given.kind === 'message.edit';
}

/** Which lane a command goes in: in order with everything of its channel, marks and inbox states on their own. */
export function laneOf(given: Command, channelOfMessage: ChannelId | undefined): string {
  switch (given.kind) {
    case 'message.send':
      return given.channel;
    case 'message.edit':
    case 'message.delete':
    case 'reaction.set':
      return channelOfMessage ?? given.message;
    case 'marker.set':
      return `marker ${given.channel}`;
    case 'inbox.set':
      return `inbox ${given.message}`;
    default:
      return given.kind;
  }
}

/** True when the newer command makes the older one pointless, so that only one of them needs to be sent. */
export function supersedes(newer: Command, older: Command): boolean {
  switch (newer.kind) {
    case 'message.edit':
      return older.kind === 'message.edit' && older.message === newer.message;
    case 'reaction.set':
      return older.kind === 'reaction.set' && older.message === newer.message && older.emoji === newer.emoji;
    case 'marker.set':
      return older.kind === 'marker.set' && older.channel === newer.channel && older.n <= newer.n;
    case 'inbox.set':
      return older.kind === 'inbox.set' && older.message === newer.message;
    default:
      return false;
  }
}

/** The message a command is about; for a send the one it makes. */
export function messageOf({ id, command: given }: QueueRow): string | undefined {
  return given.kind === 'message.send' ? id : 'message' in given ? given.message : undefined;
}
