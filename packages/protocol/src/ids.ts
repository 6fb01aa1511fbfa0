import * as z from 'zod/mini';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const id = <Brand extends string>() =>
  z.string().check(z.regex(UUID)) as unknown as z.ZodMiniType<string & { readonly __id: Brand }, string>;

export type ServerId = string & { readonly __id: 'server' };
export type AccountId = string & { readonly __id: 'account' };
export type SessionId = string & { readonly __id: 'session' };
export type ChannelId = string & { readonly __id: 'channel' };
export type MessageId = string & { readonly __id: 'message' };
export type CommandId = string & { readonly __id: 'command' };
export type InviteId = string & { readonly __id: 'invite' };
export type BlobId = string & { readonly __id: 'blob' };

export const serverId = id<'server'>();
export const accountId = id<'account'>();
export const sessionId = id<'session'>();
export const channelId = id<'channel'>();
export const messageId = id<'message'>();
/** A UUIDv7 made by the client. For `message.send` and `channel.create` it becomes the id of what is made. */
export const commandId = id<'command'>();
export const inviteId = id<'invite'>();
/** Encrypted bytes that a server keeps for a conversation. */
export const blobId = id<'blob'>();

/**
 * A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random bits, so ids made later sort later.
 * @param now Unix time in milliseconds
 * @param random exactly 10 fresh random bytes
 */
export function uuidv7<Id extends string = CommandId>(now: number, random: Uint8Array): Id {
  if (random.length !== 10) throw new RangeError('uuidv7 needs 10 random bytes');
  const bytes = new Uint8Array(16);
  let rest = now;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(random, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as Id;
}
