import * as z from 'zod/mini';
import { ask, askId } from './asks.ts';
import { bytes64, deviceNumber } from './keys.ts';
import { machinesSnapshot } from './machines.ts';
import {
  pairingApproval,
  pairingClaim,
  pairingNonce,
  pairingProof,
  pairingRequest,
  pairingStatus,
  pairingView,
} from './pairing.ts';
import { count, none, queryCount, route } from './route.ts';
import { run, runId, runPage } from './runs.ts';
import { nonce, publicKey } from './server.ts';

const proven = z.strictObject(pairingProof);

/** What a server with the capability `machines` also answers; without it each of these is `not_found`. */
export const MACHINE_ROUTES = {
  requestPairing: route({
    method: 'POST',
    path: '/api/pairing',
    summary: 'A computer asks to become somebody’s machine; its code is good for two minutes',
    auth: 'none',
    body: pairingRequest,
    answer: z.object({ expiresAt: count, serverTime: count, nonce }),
  }),
  pollPairing: route({
    method: 'POST',
    path: '/api/pairing/poll',
    summary: 'How its request stands; the computer proves that it holds the key of the code',
    auth: 'none',
    body: proven,
    answer: pairingStatus,
  }),
  revealPairing: route({
    method: 'POST',
    path: '/api/pairing/reveal',
    summary: 'The computer shows the nonce it had committed to, once it has seen the other one',
    auth: 'none',
    body: z.strictObject({ ...pairingProof, value: pairingNonce }),
    answer: pairingStatus,
  }),
  redeemPairing: route({
    method: 'POST',
    path: '/api/pairing/redeem',
    summary: 'The computer fetches its token, sealed to its key, once; the same bytes give the same answer',
    auth: 'none',
    body: proven,
    answer: z.object({ sealed: bytes64(2_048) }),
  }),
  withdrawPairing: route({
    method: 'POST',
    path: '/api/pairing/withdraw',
    summary: 'The computer takes its request back',
    auth: 'none',
    body: proven,
    answer: none,
  }),
  claimPairing: route({
    method: 'POST',
    path: '/api/pairing/claim',
    summary: 'Take the request of the computer whose code was read',
    auth: 'session',
    body: pairingClaim,
    answer: pairingView,
  }),
  pairing: route({
    method: 'GET',
    path: '/api/pairing/:key',
    summary: 'How a request stands that this device took',
    auth: 'session',
    params: z.object({ key: publicKey }),
    answer: pairingView,
  }),
  approvePairing: route({
    method: 'POST',
    path: '/api/pairing/approve',
    summary: 'Make the computer a machine of this account',
    auth: 'session',
    body: pairingApproval,
    answer: z.object({ machine: deviceNumber }),
  }),
  denyPairing: route({
    method: 'POST',
    path: '/api/pairing/deny',
    summary: 'Refuse the computer, and say whether that was somebody else’s doing',
    auth: 'session',
    body: z.strictObject({ key: publicKey, report: z.boolean() }),
    answer: none,
  }),
  machines: route({
    method: 'GET',
    path: '/api/machines',
    summary: 'The machines of this account, what runs on them, and what they ask',
    auth: 'session',
    answer: machinesSnapshot,
  }),
  runs: route({
    method: 'GET',
    path: '/api/runs',
    summary: 'Runs that are over, the newest first, started before a time',
    auth: 'session',
    query: z.object({ before: z.optional(queryCount), limit: z.optional(queryCount) }),
    answer: z.object({ runs: z.array(run).check(z.maxLength(100)), more: z.boolean() }),
  }),
  run: route({
    method: 'GET',
    path: '/api/runs/:runId',
    summary: 'One run',
    auth: 'session',
    params: z.object({ runId }),
    answer: run,
  }),
  runEntries: route({
    method: 'GET',
    path: '/api/runs/:runId/entries',
    summary: 'Entries of a run: those after a number, or the last ones before one',
    auth: 'session',
    params: z.object({ runId }),
    query: z.object({ after: z.optional(queryCount), before: z.optional(queryCount), limit: z.optional(queryCount) }),
    answer: runPage,
  }),
  ask: route({
    method: 'GET',
    path: '/api/asks/:askId',
    summary: 'One ask, and who answered it',
    auth: 'session',
    params: z.object({ askId }),
    answer: ask,
  }),
} as const;
