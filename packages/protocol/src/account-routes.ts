import * as z from 'zod/mini';
import { deviceLabel, invite, password, plainName, secretCode, session, signedIn, username } from './accounts.ts';
import { accountId, inviteId, sessionId } from './ids.ts';
import { challenge, keyProof } from './keys.ts';
import { LIMITS } from './limits.ts';
import { bytes, count, none, route } from './route.ts';

const registration = z.strictObject({
  username,
  password,
  displayName: plainName(LIMITS.displayName),
  device: deviceLabel,
  /** An invite's code, or on a new server the set-up code; null where registration is open. */
  code: z.nullable(secretCode),
});

/** Ways in, and what a person does about an account, its sessions and the server it is on. */
export const ACCOUNT_ROUTES = {
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
  reset: route({
    method: 'POST',
    path: '/api/auth/reset',
    summary: 'Set a new password with a reset code; ends every session of the account',
    auth: 'none',
    body: z.strictObject({ code: secretCode, password }),
    answer: z.object({ username }),
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
} as const;
