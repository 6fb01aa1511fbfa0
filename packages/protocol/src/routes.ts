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
import { ASSISTANT_ROUTES } from './assistant-routes.ts';
import { commandRequest, commandResult } from './commands.ts';
import { page, snapshot } from './events.ts';
import { accountId, blobId, channelId, inviteId, messageId, sessionId } from './ids.ts';
import {
  challenge,
  deviceBinding,
  deviceList,
  deviceNumber,
  keyProof,
  ownDevice,
  prekeyBundle,
  prekeyUpload,
} from './keys.ts';
import { LIMITS } from './limits.ts';
import { message } from './messages.ts';
import { count, none, queryCount, route, type Schema } from './route.ts';
import { groupBlock, sealedPage, toDevicePage } from './sealed.ts';
import { health, proof, proofRequest, serverInfo } from './server.ts';

const bytes = z.instanceof(Uint8Array);

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
  challenge: route({
    method: 'POST',
    path: '/api/auth/challenge',
    summary: 'A number to sign, once and soon, by which a key shows that it is held',
    auth: 'none',
    body: none,
    answer: challenge,
  }),
  keyRegister: route({
    method: 'POST',
    path: '/api/auth/key/register',
    summary: 'Make an account that is entered by key',
    auth: 'none',
    body: z.strictObject({ ...registration.shape, password: z.nullable(password), proof: keyProof }),
    answer: signedIn,
  }),
  keySignIn: route({
    method: 'POST',
    path: '/api/auth/key/sign-in',
    summary: 'Sign in by key',
    auth: 'none',
    body: z.strictObject({ proof: keyProof, device: deviceLabel }),
    answer: signedIn,
  }),
  addKey: route({
    method: 'POST',
    path: '/api/auth/key',
    summary: 'Give this account, made with a password, a key as well',
    auth: 'session',
    body: z.strictObject({
      proof: keyProof,
      password: z.string().check(z.minLength(1), z.maxLength(LIMITS.passwordMax)),
    }),
    answer: none,
  }),
  bindDevice: route({
    method: 'POST',
    path: '/api/keys/device',
    summary: 'Say which device this session is, and show that it is',
    auth: 'session',
    body: deviceBinding,
    answer: z.object({ device: deviceNumber }),
  }),
  ownDevices: route({
    method: 'GET',
    path: '/api/keys/devices',
    summary: 'The devices of this account',
    auth: 'session',
    answer: z.object({ devices: z.array(ownDevice).check(z.maxLength(1_000)) }),
  }),
  renameDevice: route({
    method: 'POST',
    path: '/api/keys/devices/:device',
    summary: 'Give one of the own devices another label',
    auth: 'session',
    params: z.object({ device: z.pipe(queryCount, deviceNumber) }),
    body: z.strictObject({ label: deviceLabel }),
    answer: none,
  }),
  publishPrekeys: route({
    method: 'POST',
    path: '/api/keys/prekeys',
    summary: "Put prekeys of this session's device into the directory",
    auth: 'session',
    body: prekeyUpload,
    answer: z.object({ oneTimeLeft: count }),
  }),
  claimPrekeys: route({
    method: 'POST',
    path: '/api/keys/claim',
    summary: 'What begins a session with a device; no one-time prekey is handed out twice',
    auth: 'session',
    body: z.strictObject({ account: accountId, device: deviceNumber }),
    answer: prekeyBundle,
  }),
  deviceLists: route({
    method: 'POST',
    path: '/api/keys/lists',
    summary: 'The signed device lists of accounts, oldest first, after the versions one has',
    auth: 'session',
    body: z.strictObject({
      accounts: z
        .array(z.strictObject({ account: accountId, after: count }))
        .check(z.minLength(1), z.maxLength(LIMITS.groupMembers)),
    }),
    answer: z.object({
      accounts: z
        .array(
          z.object({
            account: accountId,
            lists: z.array(deviceList).check(z.maxLength(LIMITS.page)),
            more: z.boolean(),
          }),
        )
        .check(z.maxLength(LIMITS.groupMembers)),
    }),
  }),
  toDevice: route({
    method: 'GET',
    path: '/api/to-device',
    summary: "What waits for this session's device, after a number",
    auth: 'session',
    query: z.object({ after: z.optional(queryCount) }),
    answer: toDevicePage,
  }),
  ackToDevice: route({
    method: 'POST',
    path: '/api/to-device/ack',
    summary: 'Everything up to this number is kept by the device and may be dropped',
    auth: 'session',
    body: z.strictObject({ n: count }),
    answer: none,
  }),
  sealedMessages: route({
    method: 'GET',
    path: '/api/channels/:channelId/sealed',
    summary: 'What was said in an encrypted conversation after a number',
    auth: 'session',
    params: z.object({ channelId }),
    query: z.object({ after: z.optional(queryCount), limit: z.optional(queryCount) }),
    answer: sealedPage,
  }),
  groupChain: route({
    method: 'GET',
    path: '/api/channels/:channelId/chain',
    summary: "The signed changes of a group's membership after a version",
    auth: 'session',
    params: z.object({ channelId }),
    query: z.object({ after: z.optional(queryCount) }),
    answer: z.object({ blocks: z.array(groupBlock).check(z.maxLength(LIMITS.page)), more: z.boolean() }),
  }),
  putBlob: route({
    method: 'POST',
    path: '/api/channels/:channelId/blobs',
    summary: 'Keep encrypted bytes for a conversation; a message that names them makes them stay',
    auth: 'session',
    params: z.object({ channelId }),
    body: bytes,
    bodyBytes: LIMITS.blobBytes,
    answer: z.object({ blob: blobId }),
  }),
  blob: route({
    method: 'GET',
    path: '/api/blobs/:blobId',
    summary: 'The encrypted bytes of an attachment',
    auth: 'session',
    params: z.object({ blobId }),
    answer: bytes,
    answerBytes: LIMITS.blobBytes,
  }),
  putBackup: route({
    method: 'POST',
    path: '/api/backup',
    summary: "Keep the encrypted copy of a client's state; it replaces the one before once it is whole",
    auth: 'session',
    body: bytes,
    bodyBytes: LIMITS.backupBytes,
    answer: z.object({ at: count }),
  }),
  backupInfo: route({
    method: 'GET',
    path: '/api/backup/info',
    summary: 'Whether there is an encrypted copy, from when, and how large',
    auth: 'session',
    answer: z.object({ backup: z.nullable(z.object({ at: count, bytes: count })) }),
  }),
  backup: route({
    method: 'GET',
    path: '/api/backup',
    summary: 'The encrypted copy',
    auth: 'session',
    answer: bytes,
    answerBytes: LIMITS.backupBytes,
  }),
  dropBackup: route({
    method: 'DELETE',
    path: '/api/backup',
    summary: 'Erase the encrypted copy',
    auth: 'session',
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
  setIcon: route({
    method: 'POST',
    path: '/api/server/icon',
    summary: 'Set the picture of this server: PNG, JPEG or WebP',
    auth: 'session',
    body: bytes,
    bodyBytes: LIMITS.iconBytes,
    answer: z.object({ iconUrl: z.string() }),
  }),
  removeIcon: route({
    method: 'DELETE',
    path: '/api/server/icon',
    summary: 'Take the picture of this server away',
    auth: 'session',
    answer: none,
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
  ...ASSISTANT_ROUTES,
} as const;

export type RouteName = keyof typeof ROUTES;
type RouteOf<N extends RouteName> = (typeof ROUTES)[N];
export type Params<N extends RouteName> = z.infer<RouteOf<N>['params']>;
export type Query<N extends RouteName> = z.infer<RouteOf<N>['query']>;
export type Body<N extends RouteName> = RouteOf<N>['body'] extends Schema ? z.infer<RouteOf<N>['body']> : null;
export type Answer<N extends RouteName> = z.infer<RouteOf<N>['answer']>;
