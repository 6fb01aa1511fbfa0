import type { ChannelId, Message } from '@skerry/protocol';
import type { TimelineStore } from '../messages/timeline-store.ts';
import type { ChannelRow } from '../sync/tables.ts';
import { viewOf } from './rows.ts';
import type { SealedStore } from './store.ts';

/** Everything there is lies here: no page is ever asked of the server. */
const WHOLE = [{ from: 0, to: Number.MAX_SAFE_INTEGER }];

/** The timelines of encrypted conversations, read from what this device has decrypted. */
export function sealedHistory(
  store: SealedStore,
  deps: {
    readonly channel: (id: ChannelId) => ChannelRow | undefined;
    readonly liveAt: () => number | null;
    /** @returns the end of listening */
    readonly onChannels: (listener: () => void) => () => void;
  },
): TimelineStore {
  return {
    listen: (listener) => {
      const ends = [
        store.listen((messages) => listener({ reloaded: new Set(), channels: false, messages })),
        deps.onChannels(() => listener({ reloaded: new Set(), channels: true, messages: new Map() })),
      ];
      return () => ends.forEach((end) => end());
    },
    exclusive: (work) => store.exclusive(work),
    get liveAt() {
      return deps.liveAt();
    },
    row: (channel) => {
      const row = deps.channel(channel);
      return row && { member: row.member, head: row.head, spans: WHOLE };
    },
    read: async (channel, part): Promise<readonly Message[]> => (await store.rows(channel, part)).map(viewOf),
    inInbox: () => undefined,
  };
}
