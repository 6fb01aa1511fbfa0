import type { ChannelId, Event, Stream } from '@skerry/protocol';

/** A stream by its name inside the server; on the wire an account only ever sees its own as `account`. */
export type StreamKey = 'server' | `account:${string}` | `channel:${string}`;
/** What the log holds; whether somebody may not see it is a matter of telling. */
export type EventKind = Exclude<Event['kind'], 'hidden'>;

export const SERVER_STREAM = 'server';
export const accountStream = (account: string): StreamKey => `account:${account}`;
export const channelStream = (channel: string): StreamKey => `channel:${channel}`;

/** The account or channel a stream belongs to; empty for the server's. */
export const ownerOf = (stream: StreamKey): string => stream.slice(stream.indexOf(':') + 1);
export const isAccountStream = (stream: StreamKey): boolean => stream.startsWith('account:');
export const isChannelStream = (stream: StreamKey): boolean => stream.startsWith('channel:');

/** What the stream is called in a frame. */
export function wireStream(stream: StreamKey): Stream {
  if (stream === 'server' || isAccountStream(stream)) return isAccountStream(stream) ? 'account' : 'server';
  return ownerOf(stream) as ChannelId;
}
