import * as z from 'zod/mini';
import { accountId, channelId, commandId } from './ids.ts';
import { count } from './route.ts';

/**
 * What is said of voice, inside the frames `voice` of the socket: asked by a client, and told by the server. None of it is
 * kept or part of the log. Clients load this with their first voice channel. SPEC V-1 to V-13.
 */

/** Counts, lengths in characters, bytes. */
export const VOICE_LIMITS = {
  /** Most people a channel's own limit may name. */
  people: 99,
  /** A description of a session. JSON spends two characters on each end of a line: with its shell it fits a frame. */
  sdp: 48_000,
  /** Others one person can hear at once. */
  slots: 64,
  /** One Opus frame, encrypted or not. */
  packetBytes: 1_400,
} as const;

/** Milliseconds. */
export const VOICE_TIMES = {
  /** A person without a socket, or without media, is still in the room for this long. */
  graceMs: 15_000,
  /** A ticket for the media socket is good for this long, and once. */
  ticketMs: 15_000,
} as const;

/** Where a client without WebRTC opens its media socket. The first message is the ticket as text; nothing stands in the address. */
export const VOICE_SOCKET_PATH = '/api/voice';

const sdp = z.string().check(z.minLength(1), z.maxLength(VOICE_LIMITS.sdp));
/** The `mid` of a media section of a client's own description, or the number of a source on its media socket. */
const slotName = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,16}$/));
/** Who is heard where, complete: who is not in it is not heard now. */
const slots = z.array(z.tuple([slotName, accountId])).check(z.maxLength(VOICE_LIMITS.slots));
export type Slots = z.infer<typeof slots>;

/** A stay in a room: the id of the frame that asked for it. */
const stay = commandId;

/** What a client asks. Each is answered by a `voice` frame with its id, or by `fail`. */
export const voiceAsk = z.discriminatedUnion('kind', [
  /** From now on (or no more) tell this socket who is in which room, and who speaks. */
  z.strictObject({ kind: z.literal('watch'), on: z.boolean() }),
  /** Without `sdp` the media go over a socket of their own. */
  z.strictObject({
    kind: z.literal('join'),
    channel: channelId,
    sdp: z.optional(sdp),
    muted: z.boolean(),
    deaf: z.boolean(),
  }),
  /** On a new socket of the same session: the stay goes on there. */
  z.strictObject({ kind: z.literal('resume'), stay }),
  z.strictObject({ kind: z.literal('offer'), stay, sdp }),
  z.strictObject({ kind: z.literal('state'), stay, muted: z.boolean(), deaf: z.boolean() }),
  z.strictObject({ kind: z.literal('leave'), stay }),
  /** A moderator's: nobody on this server hears the account, until it is allowed to speak again. */
  z.strictObject({ kind: z.literal('silence'), account: accountId, on: z.boolean() }),
  z.strictObject({ kind: z.literal('kick'), account: accountId }),
  z.strictObject({ kind: z.literal('move'), account: accountId, to: channelId }),
]);
export type VoiceAsk = z.infer<typeof voiceAsk>;

export const voicePerson = z.object({
  account: accountId,
  muted: z.boolean(),
  /** Hears nobody; is muted as well. */
  deaf: z.boolean(),
  /** Muted by a moderator. */
  silenced: z.boolean(),
  /** Not connected at the moment: nobody hears them. */
  away: z.boolean(),
});
export type VoicePerson = z.infer<typeof voicePerson>;

const people = z.array(voicePerson).check(z.maxLength(1_000));
const speaking = z.array(accountId).check(z.maxLength(1_000));
const iceServer = z.object({
  urls: z.array(z.string().check(z.maxLength(300))).check(z.maxLength(8)),
  username: z.optional(z.string().check(z.maxLength(300))),
  credential: z.optional(z.string().check(z.maxLength(300))),
});

/** How the media of a stay travel. */
const grant = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('webrtc'), sdp, slots }),
  z.object({ kind: z.literal('socket'), ticket: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)), slots }),
  z.object({
    kind: z.literal('livekit'),
    url: z.string().check(z.maxLength(300)),
    token: z.string().check(z.maxLength(4_096)),
  }),
]);

/**
 * Why a stay is over without its own wish: the person joined elsewhere on this server, a moderator took them out or moves
 * them, they may no longer be here, the connection was gone for too long, or the server's voice stops.
 */
const endedWhy = z.enum(['displaced', 'kicked', 'moved', 'forbidden', 'lost', 'stopped']);
export type VoiceEndedWhy = z.infer<typeof endedWhy>;

/** What the server says. */
export const voiceSay = z.discriminatedUnion('kind', [
  /** Answers `watch`: every room with somebody in it. */
  z.object({
    kind: z.literal('rooms'),
    rooms: z.array(z.object({ channel: channelId, people, speaking })).check(z.maxLength(5_000)),
  }),
  z.object({
    kind: z.literal('joined'),
    channel: channelId,
    people,
    grant,
    iceServers: z.array(iceServer).check(z.maxLength(8)),
  }),
  /** Answers `offer`. */
  z.object({ kind: z.literal('answer'), sdp, slots }),
  /** Answers `resume`: how the stay stands. */
  z.object({ kind: z.literal('resumed'), channel: channelId, people, slots }),
  /** Answers what has nothing else to say. */
  z.object({ kind: z.literal('done') }),
  /** Everybody who is in a room now. Nobody: it is empty, or no longer to be seen. */
  z.object({ kind: z.literal('room'), channel: channelId, people }),
  /** Everybody who speaks in a room now. */
  z.object({ kind: z.literal('speaking'), channel: channelId, accounts: speaking }),
  z.object({ kind: z.literal('slots'), stay, slots }),
  /** More people than slots are here: offer this many, or stay without hearing all of them. */
  z.object({ kind: z.literal('grow'), stay, slots: count }),
  z.object({
    kind: z.literal('ended'),
    stay,
    channel: channelId,
    why: endedWhy,
    /** Where a moderator moves the person to: join there. */
    to: z.optional(channelId),
  }),
]);
export type VoiceSay = z.infer<typeof voiceSay>;
export type VoiceSayOf<Kind extends VoiceSay['kind']> = Extract<VoiceSay, { kind: Kind }>;

/** How voice on a server stands, for those who run it. */
export const voiceStatus = z.object({
  engine: z.enum(['embedded', 'livekit']),
  /** Of the range for media, UDP and TCP alike; null where another program has them. */
  ports: z.nullable(z.object({ first: count, last: count, inUse: count })),
  /** What clients are told to send their media to. */
  addresses: z.array(z.string().check(z.maxLength(300))).check(z.maxLength(32)),
  /** Whether a port of the range can be opened on this machine at all. What a firewall in front does cannot be seen from inside. */
  opens: z.nullable(z.object({ udp: z.boolean(), tcp: z.boolean() })),
  /** From how far away somebody's media last arrived since the server started: this machine, its network, or beyond. */
  reachedFrom: z.nullable(z.enum(['machine', 'network', 'internet'])),
  people: count,
  streams: count,
  relay: z.boolean(),
});
export type VoiceStatus = z.infer<typeof voiceStatus>;
