import * as z from 'zod/mini';
import { serverId } from './ids.ts';
import { LIMITS } from './limits.ts';

const text = (max: number) => z.string().check(z.maxLength(max));
const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

export const versionRange = z.object({ min: count, max: count });

/** Things a server can do beyond chat; a client hides what is missing. */
export const capabilities = z.array(text(40)).check(z.maxLength(64));

export const registrationMode = z.enum(['open', 'invite', 'closed']);
export type RegistrationMode = z.infer<typeof registrationMode>;

/** What `GET /api/health` answers to anyone: enough to know that a Skerry server is there. */
export const health = z.object({
  status: z.literal('ok'),
  app: z.literal('skerry'),
  name: text(LIMITS.serverName),
  iconUrl: z.nullable(text(2_048)),
  version: text(40),
  protocol: versionRange,
  serverId,
});
export type Health = z.infer<typeof health>;

/** Raw 32-byte Ed25519 public key, base64url. */
export const publicKey = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
export const signature = z.string().check(z.regex(/^[A-Za-z0-9_-]{86}$/));
/** 16 to 48 random bytes of the client, base64url. */
export const nonce = z.string().check(z.regex(/^[A-Za-z0-9_-]{22,64}$/));
export const origin = z.string().check(z.regex(/^https?:\/\/[^\s/?#@]{1,260}$/));

export const serverInfo = z.object({
  serverId,
  key: publicKey,
  words: z.array(text(16)).check(z.length(6)),
  name: text(LIMITS.serverName),
  description: text(LIMITS.serverDescription),
  icon_url: z.nullable(text(2_048)),
  user_count: count,
  operator: z.nullable(text(200)),
  version: text(40),
  protocol: versionRange,
  capabilities,
  registration: registrationMode,
  /** True while no account exists: the first one needs the set-up code. */
  needsSetup: z.boolean(),
  serverTime: count,
});
export type ServerInfo = z.infer<typeof serverInfo>;

/** A step of a server's key history: `to` was vouched for by `from`. */
export const keyRotation = z.object({ from: publicKey, to: publicKey, signature });
export type KeyRotation = z.infer<typeof keyRotation>;

export const proofRequest = z.object({ nonce, origin });
export const proof = z.object({
  serverId,
  key: publicKey,
  signature,
  rotations: z.array(keyRotation).check(z.maxLength(64)),
});
export type Proof = z.infer<typeof proof>;

/** The part of a server's settings every member sees change. */
export const serverProfile = z.object({
  name: text(LIMITS.serverName),
  description: text(LIMITS.serverDescription),
  iconUrl: z.nullable(text(2_048)),
  registration: registrationMode,
  rev: count,
});
export type ServerProfile = z.infer<typeof serverProfile>;
