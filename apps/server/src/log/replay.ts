import {
  LIMITS,
  type AccountId,
  type ChannelId,
  type Position,
  type ResetReason,
  type SessionId,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { eventJson, hiddenEventJson } from './event-json.ts';
import { EventFrames, encodeFrames, markJson, type FrameText } from './frames.ts';
import { isHidden } from './hidden.ts';
import { SERVER_STREAM, accountStream, channelStream, type EventKind, type StreamKey } from './stream-key.ts';

/** What a socket is connected with: everything is as of `position`. */
export type Connection = {
  readonly position: Position;
  /** Channels whose events concern the account from here on. */
  readonly channels: readonly ChannelId[];
  readonly start: 'resumed' | ResetReason;
  /** What was missed, as whole frames in the order of the log, ending in a mark; nothing after a reset. */
  readonly frames: Uint8Array | null;
  /** The device this session is bound to: how far its queue reaches, and the one-time prekeys left of it, as far as counted. */
  readonly device: {
    readonly number: number;
    readonly machine: 0 | 1;
    readonly head: number;
    readonly prekeysLeft: number;
  } | null;
  /** Runs of the account that are not over, and the number of their last entry. */
  readonly heads: readonly (readonly [string, number])[];
};

/** Bytes of events in one replay; for more than this a snapshot is cheaper. */
const REPLAY_BYTES = 512 * 1_024;

/** Reads what a socket of the account needs to go on after `resume`. SPEC L-3, L-4. */
export function readConnection(
  db: Statements,
  {
    account,
    session,
    resume,
  }: { readonly account: AccountId; readonly session: SessionId; readonly resume: Position | null },
): Connection {
  const {
    seq,
    tag,
    first_seq: first,
  } = db.get<{ seq: number; tag: string; first_seq: number }>('SELECT seq, tag, first_seq FROM log WHERE id = 1') ?? {
    seq: 0,
    tag: '',
    first_seq: 1,
  };
  const position = { seq, tag };
  const channels = db.values<ChannelId>(
    'SELECT channel_id FROM intervals WHERE account_id = ? AND to_seq IS NULL',
    account,
  );
  const device = deviceOf(db, session);
  const heads = db.all<{ id: string; head: number }>(HEADS_SQL, account).map(({ id, head }) => [id, head] as const);
  const reset = resume === null ? 'new' : whyNot(db, resume, { position, first });
  if (reset !== undefined) return { position, channels, start: reset, frames: null, device, heads };
  const missed = missedEvents(db, account, resume?.seq ?? 0);
  const frames = missed === undefined ? undefined : framesOf(db, account, missed);
  if (frames === undefined) return { position, channels, start: 'too_far', frames: null, device, heads };
  const mark = markJson(position);
  return {
    position,
    channels,
    start: 'resumed',
    frames: encodeFrames([...frames, { json: mark, bytes: mark.length }]),
    device,
    heads,
  };
}

const HEADS_SQL = "SELECT id, head FROM runs WHERE account_id = ? AND state NOT IN ('ended', 'failed') LIMIT 1000";

/** Prekeys are counted up to here: with so many, no more are asked for. */
export const PREKEYS_ENOUGH = 20;
const DEVICE_SQL = `SELECT d.device AS number, d.machine, d.queue_head AS head, (SELECT count(*) FROM (
    SELECT 1 FROM prekeys p WHERE p.account_id = d.account_id AND p.device = d.device AND p.claimed_at IS NULL LIMIT ${PREKEYS_ENOUGH})) AS prekeysLeft
  FROM sessions s JOIN devices d ON d.account_id = s.account_id AND d.device = s.device_number WHERE s.id = ?`;

function deviceOf(db: Statements, session: SessionId): Connection['device'] {
  return db.get<NonNullable<Connection['device']>>(DEVICE_SQL, session) ?? null;
}

/** The log is another one where it carries another tag there, or none yet. */
function whyNot(db: Statements, resume: Position, log: { position: Position; first: number }): ResetReason | undefined {
  if (resume.seq > log.position.seq) return 'diverged';
  if (resume.seq === log.position.seq) return resume.tag === log.position.tag ? undefined : 'diverged';
  if (resume.seq < log.first) return resume.seq === 0 && resume.tag === '' && log.first === 1 ? undefined : 'too_far';
  const tag = db.value<string>('SELECT tag FROM events WHERE seq = ?', resume.seq);
  return tag === undefined ? 'unknown' : tag === resume.tag ? undefined : 'diverged';
}

type Missed = {
  readonly stream: StreamKey;
  readonly seq: number;
  readonly n: number;
  readonly kind: EventKind;
  readonly ref: string;
  /** Messages before this number are hidden from the reader; 0 where none are. */
  readonly visibleFrom: number;
};
/** A stretch of one stream: from a seq up to, not including, another. */
type Stretch = { readonly stream: StreamKey; readonly from: number; readonly to: number; readonly visibleFrom: number };

const EVENTS_SQL =
  'SELECT seq, n, kind, ref FROM events WHERE stream = (SELECT id FROM streams WHERE stream = ?) AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?';

/** Events after `seq` in the order of the log, or `undefined` when they are too many. */
function missedEvents(db: Statements, account: AccountId, seq: number): Missed[] | undefined {
  const missed: Missed[] = [];
  for (const { stream, from, to, visibleFrom } of stretchesOf(db, account, seq)) {
    const room = LIMITS.resumeEvents + 1 - missed.length;
    for (const event of db.all<{ seq: number; n: number; kind: EventKind; ref: string }>(
      EVENTS_SQL,
      stream,
      from,
      to,
      room,
    ))
      missed.push({ stream, visibleFrom, ...event });
    if (missed.length > LIMITS.resumeEvents) return undefined;
  }
  return missed.sort((a, b) => a.seq - b.seq);
}

/** The streams of an account, a channel's only as far as it was in it. */
function stretchesOf(db: Statements, account: AccountId, seq: number): Stretch[] {
  const from = seq + 1;
  const intervals = db.all<{ channel_id: string; from_seq: number; to_seq: number | null; visible_from: number }>(
    `SELECT i.channel_id, i.from_seq, i.to_seq, iif(c.history = 'joined', i.from_n, 0) AS visible_from
     FROM intervals i JOIN channels c ON c.id = i.channel_id WHERE i.account_id = ? AND (i.to_seq IS NULL OR i.to_seq > ?)`,
    account,
    from,
  );
  const always = [SERVER_STREAM, accountStream(account)].map((stream): Stretch => ({
    stream: stream as StreamKey,
    from,
    to: Number.MAX_SAFE_INTEGER,
    visibleFrom: 0,
  }));
  return [
    ...always,
    ...intervals.map((interval): Stretch => ({
      stream: channelStream(interval.channel_id),
      from: Math.max(from, interval.from_seq),
      to: interval.to_seq ?? Number.MAX_SAFE_INTEGER,
      visibleFrom: interval.visible_from,
    })),
  ];
}

/** Neighbours of one stream share a frame. @returns `undefined` when they are too many bytes */
function framesOf(db: Statements, account: AccountId, missed: readonly Missed[]): FrameText[] | undefined {
  const frames: FrameText[] = [];
  let open: { stream: StreamKey; frames: EventFrames } | undefined;
  let bytes = 0;
  for (const event of missed) {
    if (open !== undefined && open.stream !== event.stream) frames.push(open.frames.close());
    if (open?.stream !== event.stream) open = { stream: event.stream, frames: new EventFrames(event.stream) };
    const { kind, ref: message, visibleFrom } = event;
    const json =
      kind === 'message' && isHidden(db, { account, message, visibleFrom })
        ? hiddenEventJson(event)
        : eventJson(db, event);
    bytes += json.length;
    if (bytes > REPLAY_BYTES) return undefined;
    const full = open.frames.add(json);
    if (full !== undefined) frames.push(full);
  }
  if (open !== undefined) frames.push(open.frames.close());
  return frames;
}
