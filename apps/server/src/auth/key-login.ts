import { type AccountId, encodeLogin, type KeyProof, SkerryError } from '@skerry/protocol';
import { isSigned } from '../ed25519.ts';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';
import { type AccountRow, enabledAccount } from './account-row.ts';
import { type NewSession, startSession } from '../log/sessions.ts';

/** A proof whose signature was looked at outside of the transaction; whether its challenge still counts is seen inside. */
export type CheckedProof = {
  readonly publicKey: string;
  readonly nonce: string;
  readonly expiry: number;
  readonly isGenuine: boolean;
  /** Unix milliseconds, by the same clock that the challenge was made with. */
  readonly now: number;
};

/** So many challenges wait at once; a flood pushes out the oldest. */
const MOST_CHALLENGES = 10_000;

/** The origin the person dialled is bound by the signature; a server does not know all the addresses it is reached at. */
export function checkProof(proof: KeyProof, { serverId, now }: { serverId: string; now: number }): CheckedProof {
  const { publicKey, origin, nonce, expiry, signature } = proof;
  const bytes = encodeLogin({ serverId, origin, nonce, expiry, publicKey });
  return { publicKey, nonce, expiry, isGenuine: isSigned({ bytes, signature, publicKey }), now };
}

/** Keeps a challenge until it is used or has run out. Times in Unix milliseconds. */
export function addChallenge(
  tx: Tx,
  { nonce, expiresAt, now }: { nonce: string; expiresAt: number; now: number },
): null {
  const { db } = tx;
  if ((db.value<number>('SELECT count(*) FROM challenges') ?? 0) >= MOST_CHALLENGES) {
    db.run('DELETE FROM challenges WHERE expires_at <= ?', now);
    db.run(
      'DELETE FROM challenges WHERE nonce IN (SELECT nonce FROM challenges ORDER BY expires_at DESC LIMIT -1 OFFSET ?)',
      MOST_CHALLENGES - 1,
    );
  }
  db.run('INSERT INTO challenges (nonce, expires_at) VALUES (?, ?)', nonce, expiresAt);
  return null;
}

/**
 * A session for whoever holds an account's key.
 * @throws SkerryError challenge_invalid; credentials_wrong for a wrong signature and an unknown key alike, T31; forbidden
 * when the account is disabled
 */
export function keySignIn(tx: Tx, { proof, session }: { proof: CheckedProof; session: NewSession }): AccountRow {
  requireChallenge(tx.db, proof);
  const id = tx.db.value<AccountId>('SELECT id FROM accounts WHERE account_key = ?', proof.publicKey);
  if (id === undefined || !proof.isGenuine) throw notTheirs();
  const account = enabledAccount(tx, id);
  useChallenge(tx, proof);
  startSession(tx, id, session);
  return account;
}

/**
 * Gives an account its first key; its password was found right outside of the transaction.
 * @throws SkerryError challenge_invalid, credentials_wrong, key_taken
 */
export function addKey(tx: Tx, args: { account: AccountId; passwordHash: string; proof: CheckedProof }): null {
  const { db } = tx;
  requireFreeKey(db, args.proof);
  const { id } = enabledAccount(tx, args.account);
  const row = db.get<{ passwordHash: string | null; accountKey: string | null }>(
    'SELECT password_hash AS passwordHash, account_key AS accountKey FROM accounts WHERE id = ?',
    id,
  );
  if (row?.passwordHash !== args.passwordHash) throw new SkerryError('credentials_wrong');
  if (row.accountKey !== null) throw new SkerryError('key_taken');
  useChallenge(tx, args.proof);
  db.run('UPDATE accounts SET account_key = ? WHERE id = ?', args.proof.publicKey, id);
  return null;
}

/** That the proof is good and its key no account's. @throws SkerryError challenge_invalid, credentials_wrong, key_taken */
export function requireFreeKey(db: Statements, proof: CheckedProof): void {
  requireChallenge(db, proof);
  if (!proof.isGenuine) throw notTheirs();
  if (db.has('SELECT 1 FROM accounts WHERE account_key = ?', proof.publicKey)) throw new SkerryError('key_taken');
}

/** From here on the challenge has counted: in the same transaction as what it was used for. P-29. */
export function useChallenge(tx: Tx, { nonce }: CheckedProof): void {
  tx.db.run('DELETE FROM challenges WHERE nonce = ?', nonce);
}

function requireChallenge(db: Statements, { nonce, expiry, now }: CheckedProof): void {
  const expiresAt = db.value<number>('SELECT expires_at FROM challenges WHERE nonce = ?', nonce);
  if (expiresAt === undefined || expiresAt !== expiry || expiresAt <= now) throw new SkerryError('challenge_invalid');
}

const notTheirs = () => new SkerryError('credentials_wrong', { message: 'No account here is entered by this key.' });
