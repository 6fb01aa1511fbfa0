import type { ChannelId, Message, MessageId } from '@skerry/protocol';
import type { Told } from '../sync/batch.ts';
import type { Spans } from './spans.ts';

/** Where a timeline reads a channel from: what is kept of the server's log, or what this device has decrypted. */
export interface TimelineStore {
  /** @returns the end of listening */
  listen(listener: (told: Pick<Told, 'reloaded' | 'channels' | 'messages'>) => void): () => void;
  /** Nothing changes in the store while this runs. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Device time at which what is stored was last known to be all there is. */
  readonly liveAt: number | null;
  row(channel: ChannelId): { readonly member: boolean; readonly head: number; readonly spans: Spans } | undefined;
  /** Up to `limit` messages with `from` <= n <= `to`, in order: those nearest to `to`, or with `oldest` those nearest to `from`. */
  read(
    channel: ChannelId,
    part: { from: number; to: number; limit: number; oldest?: boolean },
  ): Promise<readonly Message[]>;
  inInbox(id: MessageId): Message | undefined;
}
