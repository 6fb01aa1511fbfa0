import { type DeviceBinding, SkerryError } from '@skerry/protocol';
import { endSessionsOfDevice } from '../auth/sessions.ts';
import type { Tx } from '../log/tx.ts';
import { type Caller, sessionRow } from './devices.ts';

/** Of one account, removed ones aside. */
export const MOST_DEVICES = 1_000;
const LAST_NUMBER = 65_535;

type Row = { device: number; identityKey: string; registrationId: number; state: string };

/**
 * Ties the session to a device, whose signature was found good outside of the transaction. The device's signing key is
 * what it is known by: it gets the number it had, or the next one. SPEC E-2.
 * @throws SkerryError no_device, limit_reached, session_revoked
 */
export function bindDevice(
  tx: Tx,
  { caller, binding }: { caller: Caller; binding: Omit<DeviceBinding, 'signature'> },
): { device: number } {
  const { db, now } = tx;
  const { account, session } = caller;
  const { device: current } = sessionRow(db, caller);
  const known = db.get<Row>(
    `SELECT device, identity_key AS identityKey, registration_id AS registrationId, state
     FROM devices WHERE account_id = ? AND sign_key = ?`,
    account,
    binding.signKey,
  );
  requireSame(binding, known);
  // A session belongs to one device for as long as it lives.
  if (current !== null && current !== known?.device) throw new SkerryError('no_device');
  const device = known?.device ?? addDevice(tx, caller, binding);
  db.run('UPDATE devices SET last_seen_at = ? WHERE account_id = ? AND device = ?', now, account, device);
  if (current === device) return { device };
  endSessionsOfDevice(tx, account, device);
  db.run('UPDATE sessions SET device_number = ? WHERE id = ?', device, session);
  return { device };
}

/** What is known of a key is what was said of it the first time, and a removed device stays out. */
function requireSame({ device, identityKey, registrationId }: Omit<DeviceBinding, 'signature'>, known?: Row): void {
  if (known === undefined) {
    if (device !== null) throw new SkerryError('no_device');
    return;
  }
  const isSame = known.identityKey === identityKey && known.registrationId === registrationId;
  if (!isSame || known.state === 'removed' || (device !== null && device !== known.device))
    throw new SkerryError('no_device');
}

function addDevice(tx: Tx, { account, session }: Caller, binding: Omit<DeviceBinding, 'signature'>): number {
  const { db, now } = tx;
  const { last, here } = db.get<{ last: number; here: number }>(
    "SELECT coalesce(max(device), 0) AS last, count(*) FILTER (WHERE state <> 'removed') AS here FROM devices WHERE account_id = ?",
    account,
  ) ?? { last: 0, here: 0 };
  if (here >= MOST_DEVICES || last >= LAST_NUMBER) throw new SkerryError('limit_reached');
  const label = db.value<string>('SELECT device FROM sessions WHERE id = ?', session) ?? '';
  db.run(
    `INSERT INTO devices (account_id, device, label, sign_key, identity_key, registration_id, created_at, last_seen_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    account,
    last + 1,
    label,
    binding.signKey,
    binding.identityKey,
    binding.registrationId,
    now,
    now,
  );
  return last + 1;
}

/** The label is the account's own affair; sessions of the device show it as well. @throws SkerryError not_found */
export function renameDevice(
  tx: Tx,
  { account, device, label }: { account: Caller['account']; device: number; label: string },
): null {
  const { db } = tx;
  if (!db.has("SELECT 1 FROM devices WHERE account_id = ? AND device = ? AND state <> 'removed'", account, device))
    throw new SkerryError('not_found');
  db.run('UPDATE devices SET label = ? WHERE account_id = ? AND device = ?', label, account, device);
  db.run('UPDATE sessions SET device = ? WHERE account_id = ? AND device_number = ?', label, account, device);
  return null;
}
