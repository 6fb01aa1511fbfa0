import * as z from 'zod/mini';
import { accountId, inviteId, sessionId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { isUnsafeName, isUnsafeText } from './unsafe-text.ts';

const time = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));
/** A name people read: 1 to `max` code points, trimmed, without control or direction characters. */
export const plainName = (max: number) =>
  z.string().check(
    z.minLength(1),
    z.maxLength(max),
    z.refine((value) => value.trim() === value && !isUnsafeName(value)),
  );

/** A text of a few lines beside a name: at most `max` long, without control or direction characters. */
export const plainText = (max: number) =>
  z.string().check(
    z.maxLength(max),
    z.refine((value) => !isUnsafeText(value)),
  );

export const role = z.enum(['owner', 'admin', 'moderator', 'member']);
export type Role = z.infer<typeof role>;

export const username = z.string().check(z.regex(/^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$/));
export const password = z.string().check(z.minLength(LIMITS.passwordMin), z.maxLength(LIMITS.passwordMax));
/** Opaque, 32 random bytes; never stored in the clear on either side. */
export const token = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
export const secretCode = z.string().check(z.minLength(8), z.maxLength(512), z.regex(/^[A-Za-z0-9._-]+$/));
export const deviceLabel = plainName(LIMITS.deviceLabel);

export const account = z.object({
  id: accountId,
  username,
  displayName: plainName(LIMITS.displayName),
  role,
  disabled: z.boolean(),
  createdAt: time,
  /** Version of its signed device list; missing while it has none, so that nothing can be encrypted for it. */
  devices: z.optional(time),
  /** Number, in the server's stream, of this account's last change: the higher one wins. */
  rev: time,
});
export type Account = z.infer<typeof account>;

/** What a sign-in hands out. The access token lives in memory only; the refresh token is sealed by the client. */
export const signedIn = z.object({
  account,
  sessionId,
  accessToken: token,
  /** Milliseconds until the access token stops working. */
  accessExpiresIn: time,
  refreshToken: token,
});
export type SignedIn = z.infer<typeof signedIn>;

export const session = z.object({
  id: sessionId,
  device: z.string().check(z.maxLength(LIMITS.deviceLabel)),
  createdAt: time,
  lastSeenAt: time,
  current: z.boolean(),
});
export type Session = z.infer<typeof session>;

export const invite = z.object({
  id: inviteId,
  /** Shown once, in the answer that makes it. */
  code: z.nullable(secretCode),
  createdBy: accountId,
  createdAt: time,
  expiresAt: z.nullable(time),
  usesLeft: z.nullable(time),
});
export type Invite = z.infer<typeof invite>;
