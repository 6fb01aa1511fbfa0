import type { AccountId, ChannelId, Position, SessionId } from '@skerry/protocol';
import { encodeFrame, markJson } from '../log/frames.ts';
import type { Notice, Output, OutputItem } from '../log/output.ts';
import {
  SERVER_STREAM,
  accountStream,
  channelStream,
  isAccountStream,
  isChannelStream,
  ownerOf,
  type StreamKey,
} from '../log/stream-key.ts';
import { Bundles, joined, type Bundle } from './bundles.ts';
import { Notices, noticeBytes } from './notices.ts';

/** Where bytes go: the socket under a WebSocket. Every write is whole frames, so they mix with what `ws` itself sends. */
export interface Sink {
  write(bytes: Uint8Array): unknown;
  /** Bytes accepted and not yet taken by the system. */
  readonly writableLength: number;
}

/** One socket that is told of events. */
export interface Subscriber {
  readonly account: AccountId;
  readonly session: SessionId;
  readonly sink: Sink;
  /** Bytes that may wait besides the usual limit, because they were sent at once at the start. */
  allowance: number;
  /** What this tick has for it; only the hub touches this. */
  bundle: Bundle | null;
  /** Called when it will be told no more: it leaves too much unread, its session has ended, or a newer socket took its place. */
  onDropped(why: 'slow' | 'ended' | 'replaced'): void;
}

export type HubOptions = {
  /** Bytes that may wait in one socket before it counts as too slow. */
  readonly slowBytes: number;
  /** Runs a function once, later in this turn of the event loop. */
  readonly later: (act: () => void) => void;
  /** Called after each tick's writes. */
  readonly onFlushed: () => void;
};

/**
 * Hands committed events to the sockets they concern. A tick's outputs are gone through once, then each socket gets one
 * write: all its frames and the mark. Sockets with the same frames share one buffer. SPEC L-7, L-8.
 */
export class Hub {
  readonly #options: HubOptions;
  /** Who follows a channel, or the server. */
  readonly #streams = new Map<StreamKey, Set<Subscriber>>();
  /** Everyone who is told, by account: all sockets of one account follow the same channels. */
  readonly #accounts = new Map<AccountId, Told>();
  /** Everyone who entered; a session has one socket. */
  readonly #sessions = new Map<SessionId, Subscriber>();
  readonly #bundles = new Bundles();
  readonly #notices = new Notices();
  #queue: Output[] = [];
  #isScheduled = false;
  #position: Position;
  #mark: Uint8Array;
  /** Subscribers between `enter` and `attach`, and what was told since the first of them entered. */
  readonly #entering = new Set<Subscriber>();
  #recent: Output[] = [];
  /** Subscribers whose state is ahead of what was told so far. */
  #ahead: Waiting[] = [];

  /** @param position the end of the log when the hub starts to listen to it */
  constructor(position: Position, options: HubOptions) {
    this.#position = position;
    this.#mark = encodeFrame(markJson(position));
    this.#options = options;
  }

  /** A frame that says how far this hub has told, for sockets that heard nothing for a while. */
  get mark(): Uint8Array {
    return this.#mark;
  }

  /** Takes a committed batch; its frames leave at the end of this turn of the event loop. */
  publish(output: Output): void {
    this.#queue.push(output);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.later(() => this.flush());
  }

  /**
   * From here on nothing is forgotten that the subscriber must be told, while its state is read. Takes the place of an
   * older socket of the same session. Ends with `attach` or `leave`.
   */
  enter(subscriber: Subscriber): void {
    const older = this.#sessions.get(subscriber.session);
    if (older !== undefined) {
      this.leave(older);
      older.onDropped('replaced');
    }
    this.#entering.add(subscriber);
    this.#sessions.set(subscriber.session, subscriber);
  }

  /**
   * Starts telling a subscriber that knows everything up to `position` and is in these channels there. What was told
   * meanwhile and lies after it is written to it at once.
   */
  attach(
    subscriber: Subscriber,
    state: { readonly position: Position; readonly channels: readonly ChannelId[] },
  ): void {
    this.flush();
    if (!this.#entering.delete(subscriber)) return;
    const missed = this.#recent.filter((output) => output.position.seq > state.position.seq);
    // These take no numbers, so which of them the state holds already is not known. Telling one again is harmless.
    const notices = this.#recent.flatMap(({ items }) => items.filter((item) => isNoticeFor(subscriber, item)));
    if (this.#entering.size === 0) this.#recent = [];
    // The reader may be ahead of the writer's messages. Until they arrive they hold nothing new for this subscriber.
    if (state.position.seq > this.#position.seq) {
      this.#ahead.push({ subscriber, channels: state.channels, seq: state.position.seq });
      return;
    }
    const channels = new Set(state.channels);
    const frames = this.#missedBy(subscriber, channels, missed);
    this.#subscribe(subscriber, channels);
    if (frames.length > 0) this.send(subscriber, Buffer.concat([...frames, this.#mark]));
    if (notices.length > 0) this.send(subscriber, noticeBytes(notices));
  }

  /** Stops telling the subscriber. Safe to call at any time and twice. */
  leave(subscriber: Subscriber): void {
    const { account, session } = subscriber;
    this.#entering.delete(subscriber);
    if (this.#entering.size === 0) this.#recent = [];
    this.#ahead = this.#ahead.filter((waiting) => waiting.subscriber !== subscriber);
    if (this.#sessions.get(session) === subscriber) this.#sessions.delete(session);
    const told = this.#accounts.get(account);
    if (told === undefined || !told.sockets.delete(subscriber)) return;
    removeFrom(this.#streams, SERVER_STREAM, subscriber);
    for (const channel of told.channels) removeFrom(this.#streams, channelStream(channel), subscriber);
    if (told.sockets.size === 0) this.#accounts.delete(account);
  }

  isFollowing(subscriber: Subscriber, channel: ChannelId): boolean {
    return this.#streams.get(channelStream(channel))?.has(subscriber) ?? false;
  }

  /** Writes a frame that is no part of the log to everyone who follows the stream, but not to `except`. */
  tell(stream: StreamKey, frame: Uint8Array, except?: AccountId): void {
    for (const subscriber of this.#followersOf(stream)) if (subscriber.account !== except) this.send(subscriber, frame);
  }

  /** Writes whole frames to one subscriber, unless it is too slow. */
  send(subscriber: Subscriber, frames: Uint8Array): void {
    const { sink } = subscriber;
    const waiting = sink.writableLength;
    if (waiting > this.#options.slowBytes + subscriber.allowance) subscriber.onDropped('slow');
    else {
      if (waiting === 0) subscriber.allowance = 0;
      sink.write(frames);
    }
  }

  /** Writes what was published. Runs by itself at the end of the turn. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#queue.length === 0) return;
    const outputs = this.#queue;
    this.#queue = [];
    const [first] = outputs;
    const [only] = first?.items ?? [];
    if (outputs.length === 1 && first?.items.length === 1 && only?.type === 'frame' && only.hidden === null)
      this.#tellOnly(only, first);
    else this.#tellInOrder(outputs);
    if (this.#entering.size > 0) this.#recent.push(...outputs);
    this.#options.onFlushed();
  }

  /** The usual tick has one frame, so who gets something gets the same, and one walk through the sockets is enough. */
  #tellOnly({ stream, bytes }: Extract<OutputItem, { type: 'frame' }>, { position, mark }: Output): void {
    const both = Buffer.concat([bytes, mark]);
    for (const subscriber of this.#followersOf(stream)) this.send(subscriber, both);
    this.#position = position;
    this.#mark = mark;
    this.#attachReached();
  }

  #tellInOrder(outputs: readonly Output[]): void {
    const touched: Subscriber[] = [];
    for (const output of outputs) {
      for (const item of output.items) this.#tellAll(item, touched);
      this.#position = output.position;
      this.#mark = output.mark;
      this.#attachReached();
    }
    for (const [session, frames] of this.#notices.take()) {
      const subscriber = this.#sessions.get(session);
      // One that is entering is told when it is attached.
      if (subscriber === undefined || this.#entering.has(subscriber)) continue;
      // A mark would say less than it knows already.
      if (this.#ahead.some((waiting) => waiting.subscriber === subscriber)) {
        this.send(subscriber, frames);
        continue;
      }
      if (subscriber.bundle === null) touched.push(subscriber);
      subscriber.bundle = this.#bundles.add(subscriber.bundle, frames);
    }
    for (const subscriber of touched) {
      const { bundle } = subscriber;
      subscriber.bundle = null;
      if (bundle !== null) this.send(subscriber, this.#bundles.bytesOf(bundle, this.#mark));
    }
    this.#bundles.clear();
  }

  #tellAll(item: OutputItem, touched: Subscriber[]): void {
    switch (item.type) {
      case 'frame':
        for (const subscriber of this.#followersOf(item.stream)) {
          if (subscriber.bundle === null) touched.push(subscriber);
          subscriber.bundle = this.#bundles.add(subscriber.bundle, bytesFor(subscriber.account, item));
        }
        break;
      case 'member':
        this.#follow(item.account, item.channel, item.joined);
        break;
      case 'sessionEnded': {
        const subscriber = this.#sessions.get(item.session);
        if (subscriber !== undefined) this.#end(subscriber);
        break;
      }
      case 'toDevice':
      case 'prekeys':
        this.#notices.add(item);
        break;
    }
  }

  #followersOf(stream: StreamKey): Iterable<Subscriber> {
    if (isAccountStream(stream)) return this.#accounts.get(ownerOf(stream) as AccountId)?.sockets ?? [];
    return this.#streams.get(stream) ?? [];
  }

  /** The frames of these outputs that one who is in these channels before them is to be told; the channels are brought up to date. */
  #missedBy({ account }: Subscriber, channels: Set<ChannelId>, missed: readonly Output[]): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (const item of missed.flatMap(({ items }) => items)) {
      if (item.type === 'member' && item.account === account) {
        if (item.joined) channels.add(item.channel);
        else channels.delete(item.channel);
      }
      if (item.type !== 'frame') continue;
      const isMeant = isChannelStream(item.stream)
        ? channels.has(ownerOf(item.stream) as ChannelId)
        : item.stream === SERVER_STREAM || item.stream === accountStream(account);
      if (isMeant) frames.push(bytesFor(account, item));
    }
    return frames;
  }

  /** What came before its end is written first, then nothing more. */
  #end(subscriber: Subscriber): void {
    const { bundle } = subscriber;
    subscriber.bundle = null;
    if (bundle !== null) this.send(subscriber, joined(bundle, this.#mark));
    this.leave(subscriber);
    subscriber.onDropped('ended');
  }

  #attachReached(): void {
    if (this.#ahead.length === 0) return;
    const reached = this.#ahead.filter((waiting) => waiting.seq <= this.#position.seq);
    this.#ahead = this.#ahead.filter((waiting) => waiting.seq > this.#position.seq);
    for (const { subscriber, channels } of reached) this.#subscribe(subscriber, channels);
  }

  #subscribe(subscriber: Subscriber, channels: Iterable<ChannelId>): void {
    addTo(this.#streams, SERVER_STREAM, subscriber);
    const known = this.#accounts.get(subscriber.account);
    const told = known ?? { sockets: new Set(), channels: new Set(channels) };
    if (known === undefined) this.#accounts.set(subscriber.account, told);
    told.sockets.add(subscriber);
    for (const channel of told.channels) addTo(this.#streams, channelStream(channel), subscriber);
  }

  #follow(account: AccountId, channel: ChannelId, follows: boolean): void {
    const told = this.#accounts.get(account);
    if (told === undefined) return;
    if (follows) told.channels.add(channel);
    else told.channels.delete(channel);
    for (const subscriber of told.sockets) {
      if (follows) addTo(this.#streams, channelStream(channel), subscriber);
      else removeFrom(this.#streams, channelStream(channel), subscriber);
    }
  }
}

type Told = { readonly sockets: Set<Subscriber>; readonly channels: Set<ChannelId> };
type Waiting = { readonly subscriber: Subscriber; readonly channels: readonly ChannelId[]; readonly seq: number };

function addTo<Key>(sets: Map<Key, Set<Subscriber>>, key: Key, subscriber: Subscriber): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([subscriber]));
  else set.add(subscriber);
}

function removeFrom<Key>(sets: Map<Key, Set<Subscriber>>, key: Key, subscriber: Subscriber): void {
  const set = sets.get(key);
  if (set === undefined) return;
  set.delete(subscriber);
  if (set.size === 0) sets.delete(key);
}

function isNoticeFor({ session }: Subscriber, item: OutputItem): item is Notice {
  return (item.type === 'toDevice' || item.type === 'prekeys') && item.session === session;
}

/** The bytes of a frame that this account may see. */
function bytesFor(account: AccountId, { bytes, hidden }: Extract<OutputItem, { type: 'frame' }>): Uint8Array {
  return hidden?.accounts.has(account) === true ? hidden.bytes : bytes;
}
