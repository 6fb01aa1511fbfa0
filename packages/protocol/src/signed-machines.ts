import { encodeFields } from './encode-fields.ts';
import type { PairingRequest } from './pairing.ts';

/** The bytes that signatures, digests and seals of machines cover. SPEC P-10. */

/** Its SHA-256, base64url, is the commitment in the code and in the request. */
export function encodePairingNonce(made: { serverId: string; key: string; nonce: string }): Uint8Array {
  return encodeFields(['skerry/pair-nonce/1', made.serverId, made.key, made.nonce]);
}

/** What a machine signs when it asks to be paired. */
export function encodePairingRequest(serverId: string, request: Omit<PairingRequest, 'signature'>): Uint8Array {
  return encodeFields([
    'skerry/pair-request/1',
    serverId,
    request.key,
    request.boxKey,
    request.identityKey,
    String(request.registrationId),
    request.commit,
    request.label,
    request.system,
    request.program,
  ]);
}

/**
 * What a machine signs of a challenge of the server, for each thing it asks for while it is being paired.
 * @param step.value the nonce that `reveal` shows; empty otherwise
 */
export function encodePairingStep(step: {
  serverId: string;
  origin: string;
  step: 'poll' | 'reveal' | 'redeem' | 'withdraw';
  key: string;
  nonce: string;
  value: string;
}): Uint8Array {
  return encodeFields(['skerry/pair-step/1', step.serverId, step.origin, step.step, step.key, step.nonce, step.value]);
}

/** What a person's device signs when it takes a request. */
export function encodePairingClaim(claim: {
  serverId: string;
  account: string;
  device: number;
  key: string;
  commit: string;
  nonce: string;
}): Uint8Array {
  const { serverId, account, device, key, commit, nonce } = claim;
  return encodeFields(['skerry/pair-claim/1', serverId, account, String(device), key, commit, nonce]);
}

/** Both sides make the code from the SHA-256 of this, by `matchingCode`: equal only if nobody stands between them. */
export function encodePairingCode(pairing: {
  serverId: string;
  account: string;
  /** The machine's keys and nonce. */
  key: string;
  boxKey: string;
  identityKey: string;
  nonce: string;
  /** The signing key and nonce of the person's device. */
  takerKey: string;
  takerNonce: string;
}): Uint8Array {
  return encodeFields([
    'skerry/pair-code/1',
    pairing.serverId,
    pairing.account,
    pairing.key,
    pairing.boxKey,
    pairing.identityKey,
    pairing.nonce,
    pairing.takerKey,
    pairing.takerNonce,
  ]);
}

/**
 * What a person's device signs when it approves.
 * @param approval.sealed SHA-256 of the sealed answer's bytes, base64url
 */
export function encodePairingApproval(approval: {
  serverId: string;
  account: string;
  device: number;
  key: string;
  boxKey: string;
  identityKey: string;
  nonce: string;
  takerNonce: string;
  sealed: string;
  expiry: number;
}): Uint8Array {
  return encodeFields([
    'skerry/pair-approve/1',
    approval.serverId,
    approval.account,
    String(approval.device),
    approval.key,
    approval.boxKey,
    approval.identityKey,
    approval.nonce,
    approval.takerNonce,
    approval.sealed,
    String(approval.expiry),
  ]);
}

/** Info and associated data of what is sealed to a machine's box key: the person's answer, and the server's token. */
export function encodePairingSeal(seal: {
  serverId: string;
  use: 'answer' | 'token';
  account: string;
  key: string;
}): Uint8Array {
  return encodeFields(['skerry/pair-seal/1', seal.serverId, seal.use, seal.account, seal.key]);
}

/** What a person's device signs of an answer. A machine acts on nothing else. SPEC M-11. */
export function encodeAskAnswer(answer: {
  serverId: string;
  account: string;
  machine: number;
  run: string;
  ask: string;
  digest: string;
  decision: string;
  expiresAt: number;
  device: number;
}): Uint8Array {
  return encodeFields([
    'skerry/answer/1',
    answer.serverId,
    answer.account,
    String(answer.machine),
    answer.run,
    answer.ask,
    answer.digest,
    answer.decision,
    String(answer.expiresAt),
    String(answer.device),
  ]);
}
