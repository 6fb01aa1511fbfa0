import { type DeviceBinding, SkerryError } from '@skerry/protocol';
import { insertDevice } from '../log/device-rows.ts';
import { endSessionsOfDevice } from '../log/sessions.ts';
import type { Tx } from '../log/tx.ts';
import { type Caller, sessionRow } from '../log/devices.ts';

type Row = { device: number; identityKey: string; registrationId: number; state: string; machine: number };

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
    `SELECT device, identity_key AS identityKey, registration_id AS registrationId, state, machine
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
  // A machine gets its session when it is paired, never by a password.
  if (!isSame || known.machine === 1 || known.state === 'removed' || (device !== null && device !== known.device))
    throw new SkerryError('no_device');
}

function addDevice(tx: Tx, { account, session }: Caller, binding: Omit<DeviceBinding, 'signature'>): number {
  const label = tx.db.value<string>('SELECT device FROM sessions WHERE id = ?', session) ?? '';
  return insertDevice(tx, account, { ...binding, label, machine: 0 });
}
