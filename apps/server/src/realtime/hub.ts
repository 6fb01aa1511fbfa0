import type { AccountId, ChannelId, Position, SessionId } from '@skerry/protocol';
import { encodeFrame, markJson } from '../log/frames.ts';
import type { Output, OutputItem } from '../log/output.ts';
import { SERVER_STREAM, accountStream, channelStream, type StreamKey } from '../log/stream-key.ts';
import { Bundles, joined, type Bundle } from './bundles.ts';

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
  readonly #streams = new Map<StreamKey, Set<Subscriber>>();
  readonly #channels = new Map<Subscriber, Set<ChannelId>>();
  readonly #accounts = new Map<AccountId, Set<Subscriber>>();
  readonly #sessions = new Map<SessionId, Set<Subscriber>>();
  readonly #bundles = new Bundles();
  #queue: Output[] = [];
  #isScheduled = false;
  #position: Position;
  #mark: Uint8Array;
  /** Subscribers between `enter` and `attach`, and what was told since the first of them entered. */
  readonly #entering = new Set<Subscriber>();
  #recent: Output[] = [];
  /** Subscribers whose state is ahead of what was told so far. */
  #ahead: { readonly subscriber: Subscriber; readonly channels: readonly ChannelId[]; readonly seq: number }[] = [];

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
    for (const older of [...(this.#sessions.get(subscriber.session) ?? [])]) {
      this.leave(older);
      older.onDropped('replaced');
    }
    this.#entering.add(subscriber);
    addTo(this.#sessions, subscriber.session, subscriber);
  }

  /**
   * Starts telling a subscriber that knows everything up to `position` and is in these channels there. What was told
   * meanwhile and lies after it is written to it at once.
   */
  attach(
    subscriber: Subscriber,
    { position, channels }: { readonly position: Position; readonly channels: readonly ChannelId[] },
  ): void {
    this.flush();
    if (!this.#entering.delete(subscriber)) return;
    const missed = this.#recent.filter((output) => output.position.seq > position.seq);
    if (this.#entering.size === 0) this.#recent = [];
    // The reader may be ahead of the writer's messages. Until they arrive they hold nothing new for this subscriber.
    if (position.seq > this.#position.seq) {
      this.#ahead.push({ subscriber, channels, seq: position.seq });
      return;
    }
    this.#subscribe(subscriber, channels);
    const touched: Subscriber[] = [];
    for (const { items } of missed) for (const item of items) this.#tellOne(subscriber, item, touched);
    this.#write(touched);
  }

  /** Stops telling the subscriber. Safe to call at any time and twice. */
  leave(subscriber: Subscriber): void {
    this.#entering.delete(subscriber);
    if (this.#entering.size === 0) this.#recent = [];
    this.#ahead = this.#ahead.filter((waiting) => waiting.subscriber !== subscriber);
    removeFrom(this.#sessions, subscriber.session, subscriber);
    removeFrom(this.#accounts, subscriber.account, subscriber);
    removeFrom(this.#streams, SERVER_STREAM, subscriber);
    removeFrom(this.#streams, accountStream(subscriber.account), subscriber);
    for (const channel of this.#channels.get(subscriber) ?? [])
      removeFrom(this.#streams, channelStream(channel), subscriber);
    this.#channels.delete(subscriber);
  }

  isFollowing(subscriber: Subscriber, channel: ChannelId): boolean {
    return this.#channels.get(subscriber)?.has(channel) ?? false;
  }

  /** Writes a frame that is no part of the log to everyone who follows the stream, but not to `except`. */
  tell(stream: StreamKey, frame: Uint8Array, except?: AccountId): void {
    for (const subscriber of this.#streams.get(stream) ?? [])
      if (subscriber.account !== except) this.send(subscriber, frame);
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
    const touched: Subscriber[] = [];
    for (const output of outputs) {
      for (const item of output.items) this.#tellAll(item, touched);
      this.#position = output.position;
      this.#mark = output.mark;
      if (this.#ahead.length > 0) this.#attachReached();
    }
    if (this.#entering.size > 0) this.#recent.push(...outputs);
    this.#write(touched);
    this.#options.onFlushed();
  }

  #tellAll(item: OutputItem, touched: Subscriber[]): void {
    switch (item.type) {
      case 'frame': {
        const subscribers = this.#streams.get(item.stream);
        if (subscribers !== undefined) for (const subscriber of subscribers) this.#put(subscriber, item.bytes, touched);
        break;
      }
      case 'member':
        for (const subscriber of this.#accounts.get(item.account) ?? [])
          this.#follow(subscriber, item.channel, item.joined);
        break;
      case 'sessionEnded':
        for (const subscriber of [...(this.#sessions.get(item.session) ?? [])]) this.#end(subscriber);
        break;
    }
  }

  /** The same as for all, for a subscriber that was attached after the others were told. */
  #tellOne(subscriber: Subscriber, item: OutputItem, touched: Subscriber[]): void {
    if (item.type === 'frame' && this.#streams.get(item.stream)?.has(subscriber) === true)
      this.#put(subscriber, item.bytes, touched);
    if (item.type === 'member' && item.account === subscriber.account)
      this.#follow(subscriber, item.channel, item.joined);
  }

  #put(subscriber: Subscriber, frame: Uint8Array, touched: Subscriber[]): void {
    if (subscriber.bundle === null) touched.push(subscriber);
    subscriber.bundle = this.#bundles.add(subscriber.bundle, frame);
  }

  /** What came before its end is written first, then nothing more. */
  #end(subscriber: Subscriber): void {
    const { bundle } = subscriber;
    subscriber.bundle = null;
    if (bundle !== null) this.send(subscriber, joined(bundle, this.#mark));
    this.leave(subscriber);
    subscriber.onDropped('ended');
  }

  #write(touched: readonly Subscriber[]): void {
    for (const subscriber of touched) {
      const { bundle } = subscriber;
      if (bundle === null) continue;
      subscriber.bundle = null;
      this.send(subscriber, this.#bundles.bytesOf(bundle, this.#mark));
    }
    this.#bundles.clear();
  }

  #attachReached(): void {
    const reached = this.#ahead.filter((waiting) => waiting.seq <= this.#position.seq);
    if (reached.length === 0) return;
    this.#ahead = this.#ahead.filter((waiting) => waiting.seq > this.#position.seq);
    for (const { subscriber, channels } of reached) this.#subscribe(subscriber, channels);
  }

  #subscribe(subscriber: Subscriber, channels: readonly ChannelId[]): void {
    addTo(this.#accounts, subscriber.account, subscriber);
    addTo(this.#streams, SERVER_STREAM, subscriber);
    addTo(this.#streams, accountStream(subscriber.account), subscriber);
    this.#channels.set(subscriber, new Set());
    for (const channel of channels) this.#follow(subscriber, channel, true);
  }

  #follow(subscriber: Subscriber, channel: ChannelId, follows: boolean): void {
    const followed = this.#channels.get(subscriber);
    if (followed === undefined) return;
    if (follows) {
      followed.add(channel);
      addTo(this.#streams, channelStream(channel), subscriber);
    } else {
      followed.delete(channel);
      removeFrom(this.#streams, channelStream(channel), subscriber);
    }
  }
}

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
