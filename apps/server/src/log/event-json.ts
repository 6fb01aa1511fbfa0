import type { Statements } from '../db/statements.ts';
import { machinesItemJson } from '../machines/item-json.ts';
import { ACCOUNT, CHANNEL, CHANNEL_STATE, INBOX_ITEM, MESSAGE, SEALED, SERVER_PROFILE } from './json-sql.ts';
import { ownerOf, type EventKind, type StreamKey } from './stream-key.ts';
import { unreachable } from './unreachable.ts';

// Whole texts, made once: a statement is found by its text.
const MESSAGE_SQL = `SELECT ${MESSAGE} FROM messages m WHERE m.id = ?`;
const CHANNEL_SQL = `SELECT ${CHANNEL} FROM channels c WHERE c.id = ?`;
const ACCOUNT_SQL = `SELECT ${ACCOUNT} FROM accounts a WHERE a.id = ?`;
const SEALED_SQL = `SELECT ${SEALED} FROM sealed x WHERE x.id = ?`;
const SERVER_SQL = `SELECT ${SERVER_PROFILE} FROM server p`;
const JOINED_SQL = `SELECT ${CHANNEL_STATE} FROM intervals i JOIN channels c ON c.id = i.channel_id
  JOIN markers k ON k.account_id = i.account_id AND k.channel_id = i.channel_id
  LEFT JOIN streams s ON s.stream = 'channel:' || c.id
  WHERE i.channel_id = ? AND i.account_id = ? AND i.to_seq IS NULL`;
const MARKER_SQL = `SELECT json_object('channel', k.channel_id, 'readN', k.read_n, 'unread', s.messages - k.read_place - (k.own - k.read_own), 'head', s.head)
  FROM intervals i JOIN markers k ON k.account_id = i.account_id AND k.channel_id = i.channel_id
  JOIN streams s ON s.stream = 'channel:' || k.channel_id
  WHERE i.channel_id = ? AND i.account_id = ? AND i.to_seq IS NULL`;
const INBOX_SQL = `SELECT ${INBOX_ITEM} FROM inbox i JOIN messages m ON m.id = i.message_id WHERE i.account_id = ? AND i.message_id = ?`;

export type LoggedEvent = {
  readonly seq: number;
  readonly n: number;
  readonly stream: StreamKey;
  readonly kind: EventKind;
  readonly ref: string;
};

/** An event as it goes over the wire, its body read from the current rows. The same for live frames and replays. SPEC L-5. */
export function eventJson(db: Statements, event: LoggedEvent): string {
  return `{"seq":${event.seq},"n":${event.n},${bodyOf(db, event)}}`;
}

/** The same for a message whose JSON is at hand. */
export function messageEventJson({ seq, n }: { readonly seq: number; readonly n: number }, message: string): string {
  return `{"seq":${seq},"n":${n},"kind":"message","message":${message}}`;
}

/** What an account is told of a change to a message from before it joined a channel that hides those. SPEC L-14. */
export function hiddenEventJson({ seq, n }: { readonly seq: number; readonly n: number }): string {
  return `{"seq":${seq},"n":${n},"kind":"hidden"}`;
}

function bodyOf(db: Statements, { kind, ref, stream }: LoggedEvent): string {
  switch (kind) {
    case 'message':
      return `"kind":"message","message":${one(db, MESSAGE_SQL, ref)}`;
    case 'member':
      return `"kind":"member","account":"${ref.slice(1)}","joined":${ref.startsWith('+')}`;
    case 'channel':
      return `"kind":"channel","channel":${one(db, CHANNEL_SQL, ref)}`;
    case 'account':
      return `"kind":"account","account":${one(db, ACCOUNT_SQL, ref)}`;
    case 'server':
      return `"kind":"server","server":${one(db, SERVER_SQL)}`;
    case 'joined':
      return joined(db, ownerOf(stream), ref);
    case 'left':
      return left(ref);
    case 'marker':
      return marker(db, ownerOf(stream), ref);
    case 'inbox':
      return inbox(db, ownerOf(stream), ref);
    case 'sealed':
      return `"kind":"sealed","message":${one(db, SEALED_SQL, ref)}`;
    case 'machines':
      return `"kind":"machines","item":${machinesItemJson(db, ownerOf(stream), ref)}`;
    case 'chain':
      return `"kind":"chain","channel":"${ownerOf(stream)}","version":${ref}`;
    default:
      return unreachable(kind);
  }
}

/** An account that is no longer in the channel gets `left` for whatever its stream said of it: that is the current state. */
const left = (channel: string): string => `"kind":"left","channel":"${channel}"`;

function joined(db: Statements, account: string, channel: string): string {
  const state = db.value<string>(JOINED_SQL, channel, account);
  return state === undefined ? left(channel) : `"kind":"joined","state":${state}`;
}

function marker(db: Statements, account: string, channel: string): string {
  const body = db.value<string>(MARKER_SQL, channel, account);
  return body === undefined ? left(channel) : `"kind":"marker",${body.slice(1, -1)}`;
}

/** The ref is the channel and the message, so that the channel is known even when the item went with the membership. */
function inbox(db: Statements, account: string, ref: string): string {
  const [channel = '', message = ''] = ref.split(' ');
  const item = db.value<string>(INBOX_SQL, account, message);
  return item === undefined ? left(channel) : `"kind":"inbox","item":${item}`;
}

function one(db: Statements, sql: string, ...args: string[]): string {
  const json = db.value<string>(sql, ...args);
  if (json === undefined) throw new Error('an event names a row that is gone');
  return json;
}
