import { type AccountId, type DeviceBinding, SkerryError } from '@skerry/protocol';
import { endSessionsOfDevice } from './sessions.ts';
import type { Tx } from './tx.ts';

/** Of one account, removed ones aside. */
export const MOST_DEVICES = 1_000;
const LAST_NUMBER = 65_535;

export type NewDevice = Pick<DeviceBinding, 'signKey' | 'identityKey' | 'registrationId'> & {
  readonly label: string;
  readonly machine: 0 | 1;
};

/** Gives a new device of the account the next number. SPEC E-2. @throws SkerryError limit_reached */
export function insertDevice({ db, now }: Tx, account: AccountId, made: NewDevice): number {
  const { last, here } = db.get<{ last: number; here: number }>(
    "SELECT coalesce(max(device), 0) AS last, count(*) FILTER (WHERE state <> 'removed') AS here FROM devices WHERE account_id = ?",
    account,
  ) ?? { last: 0, here: 0 };
  if (here >= MOST_DEVICES || last >= LAST_NUMBER) throw new SkerryError('limit_reached');
  db.run(
    `INSERT INTO devices (account_id, device, label, sign_key, identity_key, registration_id, machine, created_at, last_seen_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    account,
    last + 1,
    made.label,
    made.signKey,
    made.identityKey,
    made.registrationId,
    made.machine,
    now,
    now,
  );
  return last + 1;
}

/** Nothing reaches the device from here on, and it reaches nothing: its sessions, its queue and its prekeys are gone. E-10, I12. */
export function shutOut(tx: Tx, account: AccountId, device: number): void {
  const { db } = tx;
  endSessionsOfDevice(tx, account, device);
  db.run('DELETE FROM queue WHERE account_id = ? AND device = ?', account, device);
  db.run('DELETE FROM prekeys WHERE account_id = ? AND device = ?', account, device);
  db.run(
    `UPDATE devices SET state = 'removed', signed_prekey = NULL, kyber_prekey = NULL, queue_first = queue_head + 1
     WHERE account_id = ? AND device = ?`,
    account,
    device,
  );
}

/** The label is the account's own affair; sessions of the device show it as well. @throws SkerryError not_found */
export function renameDevice(
  tx: Tx,
  { account, device, label }: { account: AccountId; device: number; label: string },
): null {
  const { db } = tx;
  if (!db.has("SELECT 1 FROM devices WHERE account_id = ? AND device = ? AND state <> 'removed'", account, device))
    throw new SkerryError('not_found');
  db.run('UPDATE devices SET label = ? WHERE account_id = ? AND device = ?', label, account, device);
  db.run('UPDATE sessions SET device = ? WHERE account_id = ? AND device_number = ?', label, account, device);
  return null;
}
