import * as z from 'zod/mini';
import { deviceLabel } from './accounts.ts';
import { commandRequest } from './commands.ts';
import { accountId, blobId, channelId } from './ids.ts';
import { deviceBinding, deviceList, deviceNumber, ownDevice, prekeyBundle, prekeyUpload } from './keys.ts';
import { LIMITS } from './limits.ts';
import { commandResult } from './message-commands.ts';
import { bytes, count, none, queryCount, route } from './route.ts';
import { groupBlock, sealedPage, toDevicePage } from './sealed.ts';

/** Devices and their keys, encrypted conversations with their commands, and the encrypted copy of what a client keeps. */
export const KEY_ROUTES = {
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
  command: route({
    method: 'POST',
    path: '/api/commands',
    summary: 'Do one command; repeating it with the same id and bytes gives the same answer',
    auth: 'session',
    body: commandRequest,
    answer: commandResult,
  }),
} as const;
