import type {
  Account,
  AccountId,
  Answer,
  BlobId,
  ChannelId,
  Command,
  CommandId,
  CommandResult,
} from '@skerry/protocol';
import type { Subtle } from '@skerry/crypto';
import type { Keys } from '../keys/ports.ts';
import type { Clock, Random } from '../platform.ts';
import type { StateStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import type { StreamEvent } from '../sync/stream-event.ts';
import type { ChannelRow } from '../sync/tables.ts';

export type Progress = (done: number, total: number) => void;

/** The calls of one server that encrypted conversations need, bound to its context. They throw as `Api.call` does. */
export interface SealedApi {
  toDevice(after: number, signal: AbortSignal): Promise<Answer<'toDevice'>>;
  ackToDevice(n: number, signal: AbortSignal): Promise<unknown>;
  sealedMessages(channel: ChannelId, after: number, signal: AbortSignal): Promise<Answer<'sealedMessages'>>;
  groupChain(channel: ChannelId, after: number, signal: AbortSignal): Promise<Answer<'groupChain'>>;
  /** Does a command and waits for its answer: by socket where it fits a frame, else by HTTP. The same id, the same answer. */
  command(id: CommandId, command: Command, signal: AbortSignal): Promise<CommandResult>;
  putBlob(
    channel: ChannelId,
    bytes: Uint8Array<ArrayBuffer>,
    options: { signal: AbortSignal; onProgress: Progress },
  ): Promise<BlobId>;
  blob(id: BlobId, options: { signal: AbortSignal; onProgress: Progress }): Promise<Uint8Array>;
}

/** What the stream told of encrypted channels in one commit. */
export type SealedTold = {
  readonly events: ReadonlyMap<ChannelId, readonly StreamEvent[]>;
  /** Channels came, went, or were read anew. */
  readonly channels: boolean;
};

/** What is kept of the server's word: who there is, which channels, how far their streams were applied. */
export interface Told {
  readonly me: () => AccountId | null;
  readonly channel: (id: ChannelId) => ChannelRow | undefined;
  readonly channels: () => Iterable<ChannelRow>;
  readonly account: (id: AccountId) => Account | undefined;
  /** @returns the end of listening */
  listen(listener: (told: SealedTold) => void): () => void;
  /** Device time at which it was last known to be all there is. */
  readonly liveAt: () => number | null;
  /** The number up to which the person has read. */
  readonly readN: (channel: ChannelId) => number;
}

export type SealedDeps = {
  readonly keys: Keys;
  readonly state: StateStore;
  readonly api: SealedApi;
  readonly told: Told;
  readonly clock: Clock;
  readonly random: Random;
  readonly subtle: Subtle;
  readonly live: Subscribable<boolean>;
  /** How far the server says this device's queue reaches; null while it said nothing. */
  readonly queue: Subscribable<number | null>;
  readonly skew: Subscribable<number | null>;
};
