import * as z from 'zod/mini';
import {
  deviceLabel,
  invite,
  password,
  plainName,
  secretCode,
  session,
  signedIn,
  token,
  username,
} from './accounts.ts';
import { commandRequest, commandResult } from './commands.ts';
import { page, snapshot } from './events.ts';
import { accountId, channelId, inviteId, messageId, sessionId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { message } from './messages.ts';
import { health, proof, proofRequest, serverInfo } from './server.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));
/** Query values arrive as text. */
const queryCount = z.pipe(z.pipe(z.string().check(z.regex(/^\d{1,15}$/)), z.transform(Number)), count);
const none = z.object({});

type Schema = z.ZodMiniType;

export type Route = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parameters stand as `:name`. */
  readonly path: string;
  readonly summary: string;
  /** `none`: anyone; `session`: a signed-in account (Bearer access token). */
  readonly auth: 'none' | 'session';
  readonly params: Schema;
  readonly query: Schema;
  readonly body: Schema | null;
  readonly answer: Schema;
};

const route = <
  const R extends Omit<Route, 'params' | 'query' | 'body'> & Partial<Pick<Route, 'params' | 'query' | 'body'>>,
>(
  r: R,
) =>
  ({ params: none, query: none, body: null, ...r }) as unknown as {
    readonly method: R['method'];
    readonly path: R['path'];
    readonly summary: string;
    readonly auth: R['auth'];
    readonly params: R extends { params: infer P extends Schema } ? P : typeof none;
    readonly query: R extends { query: infer Q extends Schema } ? Q : typeof none;
    readonly body: R extends { body: infer B extends Schema } ? B : null;
    readonly answer: R['answer'];
  };

const registration = z.strictObject({
  username,
  password,
  displayName: plainName(LIMITS.displayName),
  device: deviceLabel,
  /** An invite's code, or on a new server the set-up code; null where registration is open. */
  code: z.nullable(secretCode),
});

/** The one table of HTTP routes: the server validates by it, clients call by it, OpenAPI is made from it. SPEC P-6. */
export const ROUTES = {
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
  register: route({
    method: 'POST',
    path: '/api/auth/register',
    summary: 'Make an account',
    auth: 'none',
    body: registration,
    answer: signedIn,
  }),
  signIn: route({
    method: 'POST',
    path: '/api/auth/sign-in',
    summary: 'Sign in with a password',
    auth: 'none',
    body: z.strictObject({
      username,
      password: z.string().check(z.minLength(1), z.maxLength(LIMITS.passwordMax)),
      device: deviceLabel,
    }),
    answer: signedIn,
  }),
  exchange: route({
    method: 'POST',
    path: '/api/auth/exchange',
    summary: 'Sign in with a one-time code that the operator of this machine made (loopback only)',
    auth: 'none',
    body: z.strictObject({ code: secretCode, device: deviceLabel }),
    answer: signedIn,
  }),
  refresh: route({
    method: 'POST',
    path: '/api/auth/refresh',
    summary: 'Trade a refresh token for its successor; repeating it gives the same successor until that one is used',
    auth: 'none',
    body: z.strictObject({ refreshToken: token }),
    answer: signedIn,
  }),
  reset: route({
    method: 'POST',
    path: '/api/auth/reset',
    summary: 'Set a new password with a reset code; ends every session of the account',
    auth: 'none',
    body: z.strictObject({ code: secretCode, password }),
    answer: z.object({ username }),
  }),
  signOut: route({
    method: 'POST',
    path: '/api/auth/sign-out',
    summary: 'End this session',
    auth: 'session',
    body: none,
    answer: none,
  }),
  changePassword: route({
    method: 'POST',
    path: '/api/auth/password',
    summary: 'Change the password and end every other session',
    auth: 'session',
    body: z.strictObject({
      current: z.string().check(z.minLength(1), z.maxLength(LIMITS.passwordMax)),
      next: password,
    }),
    answer: none,
  }),
  sessions: route({
    method: 'GET',
    path: '/api/auth/sessions',
    summary: 'Where this account is signed in',
    auth: 'session',
    answer: z.object({ sessions: z.array(session).check(z.maxLength(1_000)) }),
  }),
  revokeSession: route({
    method: 'DELETE',
    path: '/api/auth/sessions/:sessionId',
    summary: 'End one session of this account',
    auth: 'session',
    params: z.object({ sessionId }),
    answer: none,
  }),
  resetLink: route({
    method: 'POST',
    path: '/api/accounts/:accountId/reset-link',
    summary: 'An admin makes a link with which a person sets a new password',
    auth: 'session',
    params: z.object({ accountId }),
    body: none,
    answer: z.object({ code: secretCode, expiresAt: count }),
  }),
  invites: route({
    method: 'GET',
    path: '/api/invites',
    summary: 'Invites that can still be used',
    auth: 'session',
    answer: z.object({ invites: z.array(invite).check(z.maxLength(1_000)) }),
  }),
  createInvite: route({
    method: 'POST',
    path: '/api/invites',
    summary: 'Make an invite',
    auth: 'session',
    body: z.strictObject({ expiresInMs: z.nullable(count), uses: z.nullable(count) }),
    answer: invite,
  }),
  revokeInvite: route({
    method: 'DELETE',
    path: '/api/invites/:inviteId',
    summary: 'Make an invite useless',
    auth: 'session',
    params: z.object({ inviteId }),
    answer: none,
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
  command: route({
    method: 'POST',
    path: '/api/commands',
    summary: 'Do one command; repeating it with the same id and bytes gives the same answer',
    auth: 'session',
    body: commandRequest,
    answer: commandResult,
  }),
} as const;

export type RouteName = keyof typeof ROUTES;
type RouteOf<N extends RouteName> = (typeof ROUTES)[N];
export type Params<N extends RouteName> = z.infer<RouteOf<N>['params']>;
export type Query<N extends RouteName> = z.infer<RouteOf<N>['query']>;
export type Body<N extends RouteName> = RouteOf<N>['body'] extends Schema ? z.infer<RouteOf<N>['body']> : null;
export type Answer<N extends RouteName> = z.infer<RouteOf<N>['answer']>;
