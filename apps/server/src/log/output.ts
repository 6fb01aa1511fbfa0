import type { AccountId, ChannelId, Position, SessionId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { eventJson, hiddenEventJson, messageEventJson } from './event-json.ts';
import { EventFrames, headerLength, markJson, writeFrame, type FrameText } from './frames.ts';
import { membersFromLater } from './hidden.ts';
import type { Finished, PendingEvent, PrekeysLow, QueueGrown } from './log-writer.ts';
import { channelStream, type StreamKey } from './stream-key.ts';

/** What is no part of the log and concerns the one session of a device: how far its queue reaches, how few prekeys are left. */
export type Notice =
  | { readonly type: 'toDevice'; readonly session: SessionId; readonly head: number }
  | { readonly type: 'prekeys'; readonly session: SessionId; readonly left: number };

/** What a committed batch tells the sockets, in this order. Frames are whole WebSocket frames, shared by all who get them. */
export type OutputItem =
  | {
      readonly type: 'frame';
      readonly stream: StreamKey;
      readonly bytes: Uint8Array;
      /** Who gets other bytes instead, since they may not see what this frame holds. */
      readonly hidden: { readonly accounts: ReadonlySet<AccountId>; readonly bytes: Uint8Array } | null;
    }
  | { readonly type: 'member'; readonly channel: ChannelId; readonly account: AccountId; readonly joined: boolean }
  | { readonly type: 'sessionEnded'; readonly session: SessionId }
  | Notice;

export type Output = { readonly items: readonly OutputItem[]; readonly mark: Uint8Array; readonly position: Position };

type Draft =
  | Exclude<OutputItem, { type: 'frame' }>
  | {
      readonly type: 'frame';
      readonly stream: StreamKey;
      readonly frame: FrameText;
      readonly hidden: { readonly accounts: ReadonlySet<AccountId>; readonly frame: FrameText } | null;
    };

/**
 * Builds the frames of a batch. A stream has one frame; a change of membership first closes the frame of its channel,
 * so that nothing of the channel overtakes it. SPEC L-7.
 */
export function buildOutput(db: Statements, { pending, position, bodies }: Finished): Output {
  const drafts: Draft[] = [];
  const open = new Map<StreamKey, EventFrames>();
  const notices = new Map<string, QueueGrown | PrekeysLow>();
  const jsonOf = (event: PendingEvent): string => {
    const message = event.kind === 'message' ? bodies.get(event.ref) : undefined;
    return message === undefined ? eventJson(db, event) : messageEventJson(event, message);
  };
  const close = (stream: StreamKey) => {
    const frames = open.get(stream);
    if (frames === undefined) return;
    open.delete(stream);
    drafts.push({ type: 'frame', stream, frame: frames.close(), hidden: null });
  };
  for (const item of pending) {
    switch (item.type) {
      case 'event': {
        // A body is at hand only for a message that this event made, which is hidden from nobody who is told of it.
        const accounts = bodies.has(item.ref) ? undefined : membersFromLater(db, item);
        if (accounts !== undefined) {
          close(item.stream);
          const frame = frameOf(item.stream, jsonOf(item));
          const hidden = { accounts, frame: frameOf(item.stream, hiddenEventJson(item)) };
          drafts.push({ type: 'frame', stream: item.stream, frame, hidden });
          break;
        }
        let frames = open.get(item.stream);
        if (frames === undefined) open.set(item.stream, (frames = new EventFrames(item.stream)));
        const full = frames.add(jsonOf(item));
        if (full !== undefined) drafts.push({ type: 'frame', stream: item.stream, frame: full, hidden: null });
        break;
      }
      case 'member':
        close(channelStream(item.channel));
        drafts.push(item);
        break;
      case 'sessionEnded':
        for (const stream of [...open.keys()]) close(stream);
        drafts.push(item);
        break;
      case 'queueGrown':
      case 'prekeysLow':
        // Of several about one device the last one is right.
        notices.set(`${item.type} ${item.account} ${item.device}`, item);
        break;
    }
  }
  for (const stream of [...open.keys()]) close(stream);
  for (const item of notices.values()) drafts.push(...noticesOf(db, item));
  return encode(drafts, position);
}

const SESSION_SQL = 'SELECT id FROM sessions WHERE account_id = ? AND device_number = ? AND ended_at IS NULL';

/** For the session that the device is signed in with now, if it is. */
function noticesOf(db: Statements, item: QueueGrown | PrekeysLow): Notice[] {
  return db
    .values<SessionId>(SESSION_SQL, item.account, item.device)
    .map((session) =>
      item.type === 'queueGrown'
        ? { type: 'toDevice', session, head: item.head }
        : { type: 'prekeys', session, left: item.left },
    );
}

function frameOf(stream: StreamKey, event: string): FrameText {
  const frames = new EventFrames(stream);
  frames.add(event);
  return frames.close();
}

/** All frames of a batch lie in one buffer, so that handing them to another thread copies nothing. */
function encode(drafts: readonly Draft[], position: Position): Output {
  const markText = markJson(position);
  const mark: FrameText = { json: markText, bytes: markText.length };
  const size = (frame: FrameText) => headerLength(frame.bytes) + frame.bytes;
  const sizeOf = (draft: Draft) =>
    draft.type === 'frame' ? size(draft.frame) + (draft.hidden === null ? 0 : size(draft.hidden.frame)) : 0;
  const total = drafts.reduce((sum, draft) => sum + sizeOf(draft), size(mark));
  const buffer = Buffer.allocUnsafeSlow(total);
  let at = 0;
  const write = (frame: FrameText): Uint8Array => {
    const from = at;
    at = writeFrame(buffer, at, frame);
    return buffer.subarray(from, at);
  };
  const items = drafts.map((draft): OutputItem =>
    draft.type === 'frame'
      ? {
          type: 'frame',
          stream: draft.stream,
          bytes: write(draft.frame),
          hidden: draft.hidden && { accounts: draft.hidden.accounts, bytes: write(draft.hidden.frame) },
        }
      : draft,
  );
  return { items, mark: write(mark), position };
}
