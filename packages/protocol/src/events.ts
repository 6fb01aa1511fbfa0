import * as z from 'zod/mini';
import { account } from './accounts.ts';
import { channel, channelState } from './channels.ts';
import { accountId, channelId } from './ids.ts';
import { inboxItem, message } from './messages.ts';
import { sealedMessage } from './sealed.ts';
import { serverProfile } from './server.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

/** A place in the log: the number, and the random tag that event was given. SPEC L-3. */
export const position = z.object({ seq: count, tag: z.string().check(z.maxLength(32)) });
export type Position = z.infer<typeof position>;

/** `server`, `account`, or the id of a channel. An account only ever gets its own account stream. */
export const stream = z.union([z.literal('server'), z.literal('account'), channelId]);
export type Stream = z.infer<typeof stream>;

const base = { seq: count, n: count };

/** Bodies are absolute states with a `rev`, so applying one twice or late is harmless. SPEC L-5. */
export const event = z.discriminatedUnion('kind', [
  // a channel's stream
  z.object({ ...base, kind: z.literal('message'), message }),
  z.object({ ...base, kind: z.literal('member'), account: accountId, joined: z.boolean() }),
  /** Something from before this account joined has changed; what it is, the account may not see. SPEC L-14. */
  z.object({ ...base, kind: z.literal('hidden') }),
  /** Said in an encrypted conversation. */
  z.object({ ...base, kind: z.literal('sealed'), message: sealedMessage }),
  /** A group's membership chain has reached this version. */
  z.object({ ...base, kind: z.literal('chain'), channel: channelId, version: count }),
  // the server's stream, and a private channel's own
  z.object({ ...base, kind: z.literal('channel'), channel }),
  // the server's stream
  z.object({ ...base, kind: z.literal('account'), account }),
  z.object({ ...base, kind: z.literal('server'), server: serverProfile }),
  // an account's stream
  z.object({ ...base, kind: z.literal('joined'), state: channelState }),
  z.object({ ...base, kind: z.literal('left'), channel: channelId }),
  z.object({ ...base, kind: z.literal('marker'), channel: channelId, readN: count, unread: count, head: count }),
  z.object({ ...base, kind: z.literal('inbox'), item: inboxItem }),
  /** Of machines, runs and asks: a `machinesItem`, which only who shows them reads. */
  z.object({ ...base, kind: z.literal('machines'), item: z.unknown() }),
]);
export type Event = z.infer<typeof event>;

/** The state part of a server as one account sees it, read in one transaction. SPEC L-9. */
export const snapshot = z.object({
  asOf: position,
  server: serverProfile,
  me: account,
  streams: z.object({ server: count, account: count }),
  accounts: z.array(account).check(z.maxLength(100_000)),
  channels: z.array(channelState).check(z.maxLength(5_000)),
  inbox: z.array(inboxItem).check(z.maxLength(600)),
});
export type Snapshot = z.infer<typeof snapshot>;

/** Messages of one channel, oldest first, and the stream's head at the moment of reading. */
export const page = z.object({
  head: count,
  messages: z.array(message).check(z.maxLength(200)),
  /** Whether there are older / newer messages than these that the reader may see. */
  older: z.boolean(),
  newer: z.boolean(),
});
export type Page = z.infer<typeof page>;
