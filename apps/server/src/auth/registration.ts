import {
  type AccountId,
  type ChannelId,
  LIMITS,
  type RegistrationMode,
  type Role,
  SkerryError,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { createDefaultChannel, joinDefaultChannels } from '../log/membership.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { accountById, type AccountRow } from './account-row.ts';
import { isUsable, useInvite } from './invites.ts';
import { type CheckedProof, requireFreeKey, useChallenge } from './key-login.ts';
import { type NewSession, startSession } from '../log/sessions.ts';

/** The hash of what the person typed as code, or `null` for none. */
type CodeHash = string | null;

export type NewAccount = {
  readonly id: AccountId;
  readonly username: string;
  readonly displayName: string;
  readonly passwordHash: string | null;
  /** Of the key the account is entered by; `null` for none. */
  readonly proof: CheckedProof | null;
  readonly codeHash: CodeHash;
  readonly session: NewSession;
  /** Id of the channel that is made together with the first account. */
  readonly firstChannel: ChannelId;
};

const FIRST_CHANNEL = 'general';

/**
 * Makes an account and signs it in. On a new server the set-up code makes the owner, and with the owner comes the first
 * channel. Everybody joins the channels that are marked for it.
 * @throws SkerryError code_invalid, registration_closed, invite_required, name_taken, limit_reached; with a key also
 * challenge_invalid, credentials_wrong, key_taken
 */
export function register(tx: Tx, args: NewAccount): AccountRow {
  const { db } = tx;
  if (args.proof !== null) requireFreeKey(db, args.proof);
  const isFirst = !hasAccounts(db);
  requireAdmission(db, { codeHash: args.codeHash, now: tx.now });
  if (isFirst) {
    db.run('UPDATE server SET setup_code_hash = NULL');
    createDefaultChannel(tx, { id: args.firstChannel, name: FIRST_CHANNEL });
  } else if (registrationMode(db) === 'invite') useInvite(tx, args.codeHash ?? '');
  if ((db.value<number>('SELECT count(*) FROM accounts') ?? 0) >= LIMITS.accountsPerServer)
    throw new SkerryError('limit_reached');
  const account = addAccount(tx, { ...args, role: isFirst ? 'owner' : 'member' });
  if (args.proof !== null) {
    useChallenge(tx, args.proof);
    db.run('UPDATE accounts SET account_key = ? WHERE id = ?', args.proof.publicKey, account.id);
  }
  joinDefaultChannels(tx, account.id);
  startSession(tx, account.id, args.session);
  return account;
}

/** The account with its event; who joins what is the caller's. @throws SkerryError name_taken */
export function addAccount(
  tx: Tx,
  account: { id: AccountId; username: string; displayName: string; passwordHash: string | null; role: Role },
): AccountRow {
  const { db, now } = tx;
  if (db.has('SELECT 1 FROM accounts WHERE username = ?', account.username))
    throw new SkerryError('name_taken', { field: 'username' });
  const { n } = tx.append(SERVER_STREAM, 'account', account.id);
  db.run(
    'INSERT INTO accounts (id, username, display_name, role, password_hash, created_at, rev) VALUES (?, ?, ?, ?, ?, ?, ?)',
    account.id,
    account.username,
    account.displayName,
    account.role,
    account.passwordHash,
    now,
    n,
  );
  return accountById(db, account.id);
}

/**
 * Whether this code, or none, lets somebody in now. Asked once before the password is hashed, so that a wrong code costs
 * little, and again in the transaction.
 * @throws SkerryError code_invalid, registration_closed, invite_required
 */
export function requireAdmission(db: Statements, { codeHash, now }: { codeHash: CodeHash; now: number }): null {
  if (!hasAccounts(db)) {
    const expected = db.value<string | null>('SELECT setup_code_hash FROM server');
    if (codeHash === null || expected === null || expected === undefined || expected !== codeHash)
      throw new SkerryError('code_invalid', {
        field: 'code',
        message: 'This server is new. It needs the set-up code it printed when it started.',
      });
    return null;
  }
  const mode = registrationMode(db);
  if (mode === 'closed') throw new SkerryError('registration_closed');
  if (mode === 'invite') {
    if (codeHash === null) throw new SkerryError('invite_required', { field: 'code' });
    if (!isUsable(db, codeHash, now)) throw new SkerryError('code_invalid', { field: 'code' });
  }
  return null;
}

/** Puts a fresh set-up code in place. @returns false, with nothing changed, once somebody has an account */
export function prepareSetup(tx: Tx, { codeHash }: { codeHash: string }): boolean {
  if (hasAccounts(tx.db)) return false;
  tx.db.run('UPDATE server SET setup_code_hash = ?', codeHash);
  return true;
}

export const hasAccounts = (db: Statements): boolean => db.has('SELECT 1 FROM accounts LIMIT 1');

const registrationMode = (db: Statements): RegistrationMode =>
  db.value<RegistrationMode>('SELECT registration FROM server') ?? 'closed';
