import { createHash } from 'node:crypto';
import {
  type AccountId,
  encodePairingApproval,
  encodePairingClaim,
  encodePairingNonce,
  MACHINE_LIMITS,
  MACHINE_TIMES,
  type PairingApproval,
  type PairingClaim,
  type PairingRequest,
  type PairingStatus,
  type PairingTaker,
  type PairingView,
  SkerryError,
} from '@skerry/protocol';
import { insertDevice } from '../log/device-rows.ts';
import { type NewSession, startSession } from '../log/sessions.ts';
import { isSigned } from '../ed25519.ts';
import type { Caller } from '../log/devices.ts';
import { accountStream } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { personalDevice } from './machine-devices.ts';
import { addMachine, removeMachine, tellMachine } from './machine-writes.ts';
import { livePairing, pairingRow, type PairingRow, statusOf, type StoredState, viewOf } from './pairing-rows.ts';

/** Rows stay for as long as an event may name them. */
const KEPT_MS = 40 * 24 * 3_600_000;

/**
 * A computer asks to be paired; its signature was found good outside. The same bytes again are the same request.
 * @throws SkerryError code_invalid for another request under a key that was used, limit_reached
 */
export function requestPairing(
  tx: Tx,
  { request, now, nonce }: { request: PairingRequest; now: number; nonce: FreshNonce },
): { expiresAt: number } {
  const { db } = tx;
  const json = JSON.stringify(request);
  const known = pairingRow(db, request.key);
  if (known !== undefined) {
    if (JSON.stringify(known.request) !== json || known.expiresAt <= now || known.state !== 'waiting')
      throw new SkerryError('code_invalid');
    keepNonce(tx, nonce);
    return { expiresAt: known.expiresAt };
  }
  const open = db.value<number>('SELECT count(*) FROM pairings WHERE expires_at > ?', now) ?? 0;
  if (open >= MACHINE_LIMITS.pairingsOpen) throw new SkerryError('limit_reached');
  const expiresAt = now + MACHINE_TIMES.pairingMs;
  db.run(
    "INSERT INTO pairings (key, request, asked_at, expires_at, state, changed_at) VALUES (?, ?, ?, ?, 'waiting', ?)",
    request.key,
    json,
    now,
    expiresAt,
    now,
  );
  keepNonce(tx, nonce);
  return { expiresAt };
}

/** What the server made for the machine's next question. */
export type FreshNonce = { readonly nonce: string; readonly expiresAt: number };
/** A question of the machine, whose signature was found good outside; its nonce counts once. */
export type ProvenStep = { readonly key: string; readonly nonce: string; readonly now: number };

/** @throws SkerryError challenge_invalid, code_invalid */
export function pollPairing(tx: Tx, { step, next }: { step: ProvenStep; next: FreshNonce }): PairingStatus {
  const row = proven(tx, step);
  keepNonce(tx, next);
  return statusOf(row, { now: step.now, nonce: next.nonce });
}

/**
 * The machine shows its nonce, which it could not choose after it saw the other one.
 * @throws SkerryError challenge_invalid, code_invalid, bad_request for a nonce that was not committed to
 */
export function revealPairing(
  tx: Tx,
  { step, next, value, serverId }: { step: ProvenStep; next: FreshNonce; value: string; serverId: string },
): PairingStatus {
  const row = proven(tx, step);
  const { commit } = row.request;
  if (sha256(encodePairingNonce({ serverId, key: row.key, nonce: value })) !== commit)
    throw new SkerryError('bad_request', { field: 'value', message: 'This is not what the code commits to.' });
  if (row.state === 'waiting') throw new SkerryError('bad_request', { message: 'Nobody has taken this request yet.' });
  if (row.state === 'claimed')
    tx.db.run("UPDATE pairings SET state = 'revealed', nonce = ? WHERE key = ?", value, row.key);
  keepNonce(tx, next);
  const state = row.state === 'claimed' ? 'revealed' : row.state;
  return statusOf({ ...row, state, nonce: value }, { now: step.now, nonce: next.nonce });
}

/**
 * A device of a person takes the request; from then on nobody else can.
 * @throws SkerryError no_device, code_invalid, bad_request for a signature that is not the device's
 */
export function claimPairing(
  tx: Tx,
  { caller, claim, now, serverId }: { caller: Caller; claim: PairingClaim; now: number; serverId: string },
): PairingView {
  const { db } = tx;
  const { device, signKey } = personalDevice(db, caller);
  const row = livePairing(db, { key: claim.key, now });
  const { account } = caller;
  if (row.request.commit !== claim.commit) throw new SkerryError('code_invalid');
  const { signature, ...signed } = claim;
  if (!isSigned({ bytes: encodePairingClaim({ serverId, account, device, ...signed }), signature, publicKey: signKey }))
    throw new SkerryError('bad_request', { field: 'signature', message: "This is not the device's signature." });
  const isSame = row.account === account && row.device === device && row.taker?.nonce === claim.nonce;
  if (isSame) return viewOf(row, now);
  if (row.state !== 'waiting') throw new SkerryError('code_invalid');
  const username = db.value<string>('SELECT username FROM accounts WHERE id = ?', account) ?? '';
  const taker: PairingTaker = { account, username, device, signKey, nonce: claim.nonce, signature };
  db.run(
    "UPDATE pairings SET state = 'claimed', account_id = ?, device = ?, taker = ? WHERE key = ?",
    account,
    device,
    JSON.stringify(taker),
    row.key,
  );
  tellPairing(tx, { account, key: row.key });
  return viewOf({ ...row, state: 'claimed', account, device, taker }, now);
}

/**
 * The person's yes, which names this server, this machine and both nonces in its signed bytes. The machine gets its number
 * here; it has no token yet. The same yes again gives the same number.
 * @throws SkerryError no_device, code_invalid, bad_request, limit_reached
 */
export function approvePairing(
  tx: Tx,
  { caller, approval, now, serverId }: { caller: Caller; approval: PairingApproval; now: number; serverId: string },
): { machine: number } {
  const { db } = tx;
  const { device, signKey } = personalDevice(db, caller);
  const row = takenBy(livePairing(db, { key: approval.key, now }), { ...caller, device });
  const { request, taker, nonce } = row;
  if (row.state === 'approved' && row.machine !== null && JSON.stringify(row.approval) === JSON.stringify(approval))
    return { machine: row.machine };
  if (row.state !== 'revealed' || taker === null || nonce === null) throw new SkerryError('code_invalid');
  if (approval.expiry <= now || approval.expiry > row.expiresAt)
    throw new SkerryError('bad_request', { field: 'expiry' });
  const { key, boxKey, identityKey } = request;
  const { expiry, signature } = approval;
  const sealed = sha256(Buffer.from(approval.sealed, 'base64url'));
  const said = { serverId, account: caller.account, device, key, boxKey, identityKey, nonce };
  const bytes = encodePairingApproval({ ...said, takerNonce: taker.nonce, sealed, expiry });
  if (!isSigned({ bytes, signature, publicKey: signKey }))
    throw new SkerryError('bad_request', { field: 'signature', message: "This is not the device's signature." });
  const machine = addDevice(tx, caller.account, request);
  addMachine(tx, { account: caller.account, device: machine, request, by: device });
  db.run(
    "UPDATE pairings SET state = 'approved', approval = ?, machine = ? WHERE key = ?",
    JSON.stringify(approval),
    machine,
    row.key,
  );
  tellPairing(tx, { account: caller.account, key: row.key });
  return { machine };
}

/** A number for the computer, whose keys are nobody else's here. @throws SkerryError code_invalid, limit_reached */
function addDevice(tx: Tx, account: AccountId, request: PairingRequest): number {
  const { key: signKey, identityKey, registrationId, label } = request;
  if (tx.db.has('SELECT 1 FROM devices WHERE account_id = ? AND sign_key = ?', account, signKey))
    throw new SkerryError('code_invalid');
  return insertDevice(tx, account, { signKey, identityKey, registrationId, label, machine: 1 });
}

/** Any device of the person who took it may say no, until the machine has its token. @throws SkerryError no_device, code_invalid */
export function denyPairing(
  tx: Tx,
  { caller, key, report, now }: { caller: Caller; key: string; report: boolean; now: number },
): null {
  personalDevice(tx.db, caller);
  const row = livePairing(tx.db, { key, now });
  if (row.account !== caller.account) throw new SkerryError('code_invalid');
  if (isOver(row.state)) throw new SkerryError('code_invalid');
  end(tx, row, report ? 'reported' : 'denied');
  return null;
}

/** The computer takes its request back, until it has its token. @throws SkerryError challenge_invalid, code_invalid */
export function withdrawPairing(tx: Tx, { step }: { step: ProvenStep }): null {
  const row = proven(tx, step);
  if (isOver(row.state)) throw new SkerryError('code_invalid');
  end(tx, row, 'withdrawn');
  return null;
}

/** What the edge needs to make a machine's token and seal it. @throws SkerryError code_invalid */
export type Redeemable =
  | { readonly kind: 'again'; readonly sealed: string }
  | {
      readonly kind: 'first';
      readonly account: AccountId;
      readonly machine: number;
      readonly boxKey: string;
      readonly label: string;
    };

/**
 * The machine's session begins, once. Whoever asks with the very bytes that did it gets the same sealed answer.
 * @throws SkerryError challenge_invalid, code_invalid
 */
export function redeemPairing(
  tx: Tx,
  { step, by, session, sealed }: { step: ProvenStep; by: string; session: NewSession; sealed: string },
): { sealed: string } {
  const { db } = tx;
  const before = livePairing(db, step);
  if (before.redeemedBy === by && before.redeemed !== null) return { sealed: before.redeemed };
  const row = proven(tx, step);
  if (row.state !== 'approved' || row.account === null || row.machine === null) throw new SkerryError('code_invalid');
  const { account } = row;
  if (db.has('SELECT 1 FROM accounts WHERE id = ? AND disabled = 1', account)) throw new SkerryError('code_invalid');
  startSession(tx, account, session);
  db.run('UPDATE sessions SET device_number = ? WHERE id = ?', row.machine, session.id);
  db.run("UPDATE pairings SET state = 'redeemed', redeemed_by = ?, redeemed = ? WHERE key = ?", by, sealed, row.key);
  db.run('UPDATE machines SET joined = 1 WHERE account_id = ? AND device = ?', account, row.machine);
  tellMachine(tx, account, row.machine);
  return { sealed };
}

/** Rows that no event names any more. What was sealed is gone as soon as it is over. */
export function tidyPairings(tx: Tx, { now }: { readonly now: number }): null {
  tx.db.run(
    'UPDATE pairings SET redeemed = NULL, approval = NULL WHERE expires_at <= ? AND (redeemed IS NOT NULL OR approval IS NOT NULL)',
    now,
  );
  tx.db.run('DELETE FROM pairings WHERE expires_at <= ?', now - KEPT_MS);
  return null;
}

/** The nonce counts once, for whoever holds the key of the request. */
function proven(tx: Tx, { key, nonce, now }: ProvenStep): PairingRow {
  const expiresAt = tx.db.value<number>('SELECT expires_at FROM challenges WHERE nonce = ?', nonce);
  if (expiresAt === undefined || expiresAt <= now) throw new SkerryError('challenge_invalid');
  const row = livePairing(tx.db, { key, now });
  tx.db.run('DELETE FROM challenges WHERE nonce = ?', nonce);
  return row;
}

function keepNonce(tx: Tx, { nonce, expiresAt }: FreshNonce): void {
  tx.db.run('INSERT INTO challenges (nonce, expires_at) VALUES (?, ?)', nonce, expiresAt);
}

function takenBy(row: PairingRow, { account, device }: { account: AccountId; device: number }): PairingRow {
  if (row.account !== account || row.device !== device) throw new SkerryError('code_invalid');
  return row;
}

const isOver = (state: StoredState): boolean =>
  state === 'redeemed' || state === 'denied' || state === 'reported' || state === 'withdrawn';

/** Nothing comes of it any more; a machine that was approved and has no token is taken away again. */
function end(tx: Tx, row: PairingRow, state: StoredState): void {
  tx.db.run('UPDATE pairings SET state = ? WHERE key = ?', state, row.key);
  if (row.account === null) return;
  if (row.machine !== null) removeMachine(tx, row.account, row.machine);
  tellPairing(tx, { account: row.account, key: row.key });
}

/** Every device of the person hears of it, whoever did it. T5. */
function tellPairing(tx: Tx, { account, key }: { account: AccountId; key: string }): void {
  const { n } = tx.append(accountStream(account), 'machines', `pairing ${key}`);
  tx.db.run('UPDATE pairings SET rev = ?, changed_at = ? WHERE key = ?', n, tx.now, key);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
