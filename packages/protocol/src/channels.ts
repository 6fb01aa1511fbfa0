import * as z from 'zod/mini';
import { plainName } from './accounts.ts';
import { accountId, channelId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { sealedKind } from './sealed.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

export const channelName = plainName(LIMITS.channelName);
export const topic = z.string().check(z.maxLength(LIMITS.topic));
export const visibility = z.enum(['public', 'private']);
/** Whether a member may page back to before they joined. */
export const history = z.enum(['all', 'joined']);

/** How many people at once are meant to talk in a channel; 0: no limit of its own. */
export const channelVoice = z.object({ people: count });

export const channel = z.object({
  id: channelId,
  name: channelName,
  topic,
  visibility,
  history,
  archived: z.boolean(),
  /** Missing where the server can read what is said. */
  sealed: z.optional(sealedKind),
  /** The two people of a direct conversation. */
  pair: z.optional(z.tuple([accountId, accountId])),
  /** A voice channel: at most so many people at once, 0: as many as the server takes. Missing: only text. */
  voice: z.optional(channelVoice),
  /** Who made it and may change it; null for the first channel of a server. */
  createdBy: z.nullable(accountId),
  createdAt: count,
  /** Number of its last change, in the stream that tells of it (public: the server's; private: its own). */
  rev: count,
});
export type Channel = z.infer<typeof channel>;

/** A channel as one account sees it. For a public channel one has not joined the numbers are 0. */
export const channelState = z.object({
  channel,
  member: z.boolean(),
  /** Number of the channel stream's last event when this was read. */
  head: count,
  /** Server time of the newest message, 0 if there is none. */
  lastAt: count,
  readN: count,
  /** Messages of others after `readN` and up to `head`, deleted ones included. */
  unread: count,
});
export type ChannelState = z.infer<typeof channelState>;
