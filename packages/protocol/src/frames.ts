import * as z from 'zod/mini';
import { ERROR_CODES, type ErrorCode } from './errors.ts';
import { event, position, stream } from './events.ts';
import { accountId, channelId, commandId } from './ids.ts';
import { commandResult } from './message-commands.ts';
import { proof } from './server.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

/** Where a client opens its WebSocket, on the origin it dials. Nothing else is part of that address. */
export const SOCKET_PATH = '/api/socket';

/** What two devices of one account say to each other, encrypted: at most `MACHINE_LIMITS.rpcBytes` as base64url. */
export const rpcBody = z.string().check(z.maxLength(54_614), z.regex(/^[A-Za-z0-9_-]*$/));

export const presenceState = z.enum(['online', 'away', 'offline']);
export type PresenceState = z.infer<typeof presenceState>;

export const errorBody = z.object({
  code: z.enum(ERROR_CODES as [ErrorCode, ...ErrorCode[]]),
  message: z.string().check(z.maxLength(400)),
  retry: z.enum(['no', 'later', 'auth', 'change']),
  retryAfterMs: z.optional(count),
  field: z.optional(z.string().check(z.maxLength(80))),
});

export const resetReason = z.enum(['new', 'unknown', 'diverged', 'too_far']);
export type ResetReason = z.infer<typeof resetReason>;

/** Server to client. SPEC P-12. */
export const down = z.discriminatedUnion('t', [
  z.object({ t: z.literal('proof'), v: count, proof }),
  z.object({
    t: z.literal('welcome'),
    account: accountId,
    head: position,
    /** False: a `reset` follows, and the client loads a snapshot. */
    resumed: z.boolean(),
    heartbeatMs: count,
    limits: z.object({ frameUpBytes: count, inFlight: count, messageText: count }),
    serverTime: count,
  }),
  z.object({ t: z.literal('reset'), reason: resetReason }),
  z.object({ t: z.literal('events'), stream, events: z.array(event).check(z.maxLength(4_096)) }),
  z.object({ t: z.literal('mark'), seq: count, tag: z.string().check(z.maxLength(32)) }),
  z.object({ t: z.literal('ok'), id: commandId, result: commandResult }),
  z.object({ t: z.literal('fail'), id: z.nullable(commandId), error: errorBody }),
  z.object({ t: z.literal('typing'), channel: channelId, account: accountId }),
  z.object({
    t: z.literal('presence'),
    /** True: this is everybody who is here; false: only changes. */
    full: z.boolean(),
    accounts: z.array(z.tuple([accountId, presenceState])).check(z.maxLength(100_000)),
  }),
  /** The queue of this session's device reaches up to here: fetch it. Comes after `welcome`, and whenever it grows. */
  z.object({ t: z.literal('to_device'), head: count }),
  /** So many one-time prekeys of this session's device are left: publish more. */
  z.object({ t: z.literal('prekeys'), left: count }),
  z.object({ t: z.literal('pong'), n: count, serverTime: count }),
  /** Which machines of the account are connected: all of them, or what changed. */
  z.object({
    t: z.literal('machines'),
    full: z.boolean(),
    machines: z.array(z.tuple([count, z.boolean()])).check(z.maxLength(1_000)),
  }),
  /** Runs whose streams reach up to here: fetch them. After `welcome` those that are not over, then whenever one grows. */
  z.object({ t: z.literal('run_heads'), heads: z.array(z.tuple([z.string(), count])).check(z.maxLength(1_000)) }),
  /** For a machine: one of its person's devices, by number, asks something. */
  z.object({ t: z.literal('rpc'), id: commandId, from: count, body: rpcBody }),
  /** The machine has been handed the call. What fails comes as `fail` with its id. */
  z.object({ t: z.literal('rpc_ack'), id: commandId }),
  z.object({ t: z.literal('rpc_answer'), id: commandId, from: count, body: rpcBody, more: z.boolean() }),
  /** The answer to a `voice` frame with this id, or news: a `voiceSay`, which the part that speaks reads. SPEC V-1. */
  z.object({ t: z.literal('voice'), id: z.nullable(commandId), say: z.unknown() }),
]);
export type Down = z.infer<typeof down>;
export type DownOf<T extends Down['t']> = Extract<Down, { t: T }>;
