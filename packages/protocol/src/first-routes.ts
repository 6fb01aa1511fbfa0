import * as z from 'zod/mini';
import { signedIn, token } from './accounts.ts';
import { page, snapshot } from './events.ts';
import { accountId, channelId, messageId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { message } from './messages.ts';
import { bytes, count, none, queryCount, route } from './route.ts';
import { health, proof, proofRequest, serverInfo } from './server.ts';

/** What a client calls from its first screen on: is it that server, who am I there, what is in its channels. */
export const FIRST_ROUTES = {
  health: route({
    method: 'GET',
    path: '/api/health',
    summary: 'Says that a Skerry server is here',
    auth: 'none',
    answer: health,
  }),
  info: route({
    method: 'GET',
    path: '/api/server/info',
    summary: 'What to show before joining',
    auth: 'none',
    answer: serverInfo,
  }),
  proof: route({
    method: 'POST',
    path: '/api/server/proof',
    summary: 'The server signs the nonce, so that it can be known before a secret is sent',
    auth: 'none',
    body: proofRequest,
    answer: proof,
  }),
  refresh: route({
    method: 'POST',
    path: '/api/auth/refresh',
    summary: 'Trade a refresh token for its successor; repeating it gives the same successor until that one is used',
    auth: 'none',
    body: z.strictObject({ refreshToken: token }),
    answer: signedIn,
  }),
  signOut: route({
    method: 'POST',
    path: '/api/auth/sign-out',
    summary: 'End this session',
    auth: 'session',
    body: none,
    answer: none,
  }),
  icon: route({
    method: 'GET',
    path: '/api/server/icon/:digest',
    summary: 'The picture of this server, by the digest its address ends in',
    auth: 'none',
    params: z.object({ digest: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)) }),
    answer: bytes,
    answerBytes: LIMITS.iconBytes,
  }),
  snapshot: route({
    method: 'GET',
    path: '/api/snapshot',
    summary: 'The state as this account sees it',
    auth: 'session',
    answer: snapshot,
  }),
  messages: route({
    method: 'GET',
    path: '/api/channels/:channelId/messages',
    summary: 'A page: the newest, those before or after a number, or those around one',
    auth: 'session',
    params: z.object({ channelId }),
    query: z.object({
      before: z.optional(queryCount),
      after: z.optional(queryCount),
      around: z.optional(queryCount),
      limit: z.optional(queryCount),
    }),
    answer: page,
  }),
  message: route({
    method: 'GET',
    path: '/api/messages/:messageId',
    summary: 'One message',
    auth: 'session',
    params: z.object({ messageId }),
    answer: message,
  }),
  members: route({
    method: 'GET',
    path: '/api/channels/:channelId/members',
    summary: 'Who is in a channel',
    auth: 'session',
    params: z.object({ channelId }),
    answer: z.object({ head: count, accounts: z.array(accountId).check(z.maxLength(100_000)) }),
  }),
} as const;
