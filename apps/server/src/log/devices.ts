import { type AccountId, type DeviceList, type SessionId, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';

export type Caller = {
  readonly account: AccountId;
  readonly session: SessionId;
  /** The session is a machine's. */
  readonly machine?: boolean;
};

const SESSION_SQL = `SELECT s.device_number AS device, d.state AS state FROM sessions s JOIN accounts a ON a.id = s.account_id
  LEFT JOIN devices d ON d.account_id = s.account_id AND d.device = s.device_number
  WHERE s.id = ? AND s.account_id = ? AND s.ended_at IS NULL AND a.disabled = 0`;

type SessionRow = { device: number | null; state: 'bound' | 'listed' | 'removed' | null };

/**
 * The device that the session is tied to.
 * @throws SkerryError no_device; session_revoked when the session was ended since the request came in
 */
export function boundDevice(db: Statements, caller: Caller): number {
  const { device, state } = sessionRow(db, caller);
  if (device === null || state === null || state === 'removed') throw new SkerryError('no_device');
  return device;
}

/** The same, for what only a device on its account's newest list may do. SPEC E-11. @throws SkerryError no_device, session_revoked */
export function listedDevice(db: Statements, caller: Caller): number {
  const { device, state } = sessionRow(db, caller);
  if (device === null || state !== 'listed') throw new SkerryError('no_device');
  return device;
}

/** @throws SkerryError session_revoked */
export function sessionRow(db: Statements, { account, session }: Caller): SessionRow {
  const row = db.get<SessionRow>(SESSION_SQL, session, account);
  if (row === undefined) throw new SkerryError('session_revoked');
  return row;
}

export type NewestList = { readonly digest: string; readonly list: DeviceList };

/** The newest signed list of the account's devices. */
export function newestList(db: Statements, account: AccountId): NewestList | undefined {
  const row = db.get<{ digest: string; json: string }>(
    'SELECT digest, json FROM device_lists WHERE account_id = ? ORDER BY version DESC LIMIT 1',
    account,
  );
  return row && { digest: row.digest, list: JSON.parse(row.json) as DeviceList };
}
