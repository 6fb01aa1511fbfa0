import { createHash } from 'node:crypto';
import { type DeviceList, encodeDeviceList, encodeSuccession, type ListedDevice, SkerryError } from '@skerry/protocol';
import { endSessionsOfDevice } from '../auth/sessions.ts';
import { isSigned } from '../ed25519.ts';
import type { Actor, CommandHandler } from '../log/command-handler.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { newestList } from './devices.ts';

/**
 * Takes the next signed list of the actor's devices; what is no longer on it is shut out in the same transaction. The
 * list must follow the one before exactly: the server holds it, but cannot make one. SPEC E-3, E-4, E-10.
 */
export const setDevices: CommandHandler<'devices.set'> = ({ tx, actor }, { list }) => {
  const { db } = tx;
  const before = newestList(db, actor.account);
  if (list.account !== actor.account) throw refused('account');
  if (list.version !== (before?.list.version ?? 0) + 1) throw refused('version');
  if (list.previous !== (before?.digest ?? null)) throw refused('previous');
  const serverId = db.value<string>('SELECT server_id FROM server') ?? '';
  requireAccountKey(tx, actor, { list, serverId });
  const bytes = encodeDeviceList(serverId, list);
  if (!isSigned({ bytes, signature: list.signature, publicKey: list.accountKey })) throw refused('signature');
  requireDevices(tx, list);

  db.run(
    'INSERT INTO device_lists (account_id, version, account_key, digest, json) VALUES (?, ?, ?, ?, ?)',
    actor.account,
    list.version,
    list.accountKey,
    createHash('sha256').update(bytes).digest('base64url'),
    JSON.stringify(list),
  );
  for (const { device } of list.devices)
    db.run("UPDATE devices SET state = 'listed' WHERE account_id = ? AND device = ?", actor.account, device);
  const event = tx.append(SERVER_STREAM, 'account', actor.account);
  db.run(
    'UPDATE accounts SET devices = ?, account_key = ?, rev = ? WHERE id = ?',
    list.version,
    list.accountKey,
    event.n,
    actor.account,
  );
  const kept = new Set(list.devices.map(({ device }) => device));
  for (const { device } of before?.list.devices ?? []) if (!kept.has(device)) removeDevice(tx, actor, device);
  return event;
};

/** The account's own key signs, or one that this key vouches for by name and version. */
function requireAccountKey(
  { db }: Tx,
  { account }: Actor,
  { list, serverId }: { list: DeviceList; serverId: string },
): void {
  const { accountKey: to, succession, version } = list;
  const from = db.value<string | null>('SELECT account_key FROM accounts WHERE id = ?', account) ?? null;
  if (from === null) throw refused('accountKey');
  if (to === from) {
    if (succession !== null) throw refused('succession');
    return;
  }
  if (succession?.from !== from) throw refused('accountKey');
  const bytes = encodeSuccession({ serverId, account, from, to, version });
  if (!isSigned({ bytes, signature: succession.signature, publicKey: from })) throw refused('succession');
  // A key that was given up may be in other hands; another account's key would take that account's place.
  if (db.has('SELECT 1 FROM device_lists WHERE account_id = ? AND account_key = ?', account, to))
    throw refused('accountKey');
  if (db.has('SELECT 1 FROM accounts WHERE account_key = ?', to)) throw new SkerryError('key_taken');
}

/** Every listed device is one this account has bound, with these keys, and none that was removed before. */
function requireDevices({ db }: Tx, { account, devices }: DeviceList): void {
  let last = 0;
  for (const { device, signKey, identityKey } of devices) {
    if (device <= last) throw refused('devices');
    last = device;
    const known = db.get<Pick<ListedDevice, 'signKey' | 'identityKey'> & { state: string }>(
      'SELECT sign_key AS signKey, identity_key AS identityKey, state FROM devices WHERE account_id = ? AND device = ?',
      account,
      device,
    );
    if (known === undefined || known.state === 'removed') throw refused('devices');
    if (known.signKey !== signKey || known.identityKey !== identityKey) throw refused('devices');
  }
}

/** Nothing reaches the device from here on, and it reaches nothing: its sessions, its queue and its prekeys are gone. E-10, I12. */
function removeDevice(tx: Tx, { account }: Actor, device: number): void {
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

const refused = (field: string) => new SkerryError('list_refused', { field: `list.${field}` });
