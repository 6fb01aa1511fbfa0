import { createHash } from 'node:crypto';
import {
  type AccountId,
  type DeviceList,
  encodeDeviceList,
  encodeSuccession,
  type ListedDevice,
  SkerryError,
} from '@skerry/protocol';
import { isSigned } from '../ed25519.ts';
import type { Actor, CommandHandler } from '../log/command-handler.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { shutOut } from '../log/device-rows.ts';
import { newestList } from '../log/devices.ts';

/** Ends what a machine does here, once no list names it any more. */
export type MachineGone = (tx: Tx, account: AccountId, device: number) => void;

/**
 * Takes the next signed list of the actor's devices; what is no longer on it is shut out in the same transaction. The
 * list must follow the one before exactly: the server holds it, but cannot make one. SPEC E-3, E-4, E-10.
 */
export const setDevices =
  (machineGone: MachineGone): CommandHandler<'devices.set'> =>
  ({ tx, actor }, { list }) => {
    const { db } = tx;
    const before = newestList(db, actor.account);
    if (list.account !== actor.account) throw refused('account');
    if (list.version !== (before?.list.version ?? 0) + 1) throw refused('version');
    if (list.previous !== (before?.digest ?? null)) throw refused('previous');
    const serverId = db.value<string>('SELECT server_id FROM server') ?? '';
    requireAccountKey(tx, actor, { list, serverId });
    const bytes = encodeDeviceList(serverId, list);
    if (!isSigned({ bytes, signature: list.signature, publicKey: list.accountKey })) throw refused('signature');
    requireDevices(tx, list, 'devices');
    requireDevices(tx, list, 'machines');

    db.run(
      'INSERT INTO device_lists (account_id, version, account_key, digest, json) VALUES (?, ?, ?, ?, ?)',
      actor.account,
      list.version,
      list.accountKey,
      createHash('sha256').update(bytes).digest('base64url'),
      JSON.stringify(list),
    );
    for (const { device } of [...list.devices, ...(list.machines ?? [])])
      db.run("UPDATE devices SET state = 'listed' WHERE account_id = ? AND device = ?", actor.account, device);
    const event = tx.append(SERVER_STREAM, 'account', actor.account);
    db.run(
      'UPDATE accounts SET devices = ?, account_key = ?, rev = ? WHERE id = ?',
      list.version,
      list.accountKey,
      event.n,
      actor.account,
    );
    const kept = new Set([...list.devices, ...(list.machines ?? [])].map(({ device }) => device));
    for (const { device } of before?.list.devices ?? []) if (!kept.has(device)) shutOut(tx, actor.account, device);
    for (const { device } of before?.list.machines ?? []) if (!kept.has(device)) machineGone(tx, actor.account, device);
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

/** Every listed device is one this account has, with these keys, of this kind, and none that was removed before. */
function requireDevices({ db }: Tx, list: DeviceList, part: 'devices' | 'machines'): void {
  const { account } = list;
  let last = 0;
  for (const { device, signKey, identityKey } of list[part] ?? []) {
    if (device <= last) throw refused(part);
    last = device;
    const known = db.get<Pick<ListedDevice, 'signKey' | 'identityKey'> & { state: string; machine: number }>(
      'SELECT sign_key AS signKey, identity_key AS identityKey, state, machine FROM devices WHERE account_id = ? AND device = ?',
      account,
      device,
    );
    if (known === undefined || known.state === 'removed') throw refused(part);
    if (known.signKey !== signKey || known.identityKey !== identityKey) throw refused(part);
    // A machine among the devices would get every conversation.
    if ((known.machine === 1) !== (part === 'machines')) throw refused(part);
  }
}

const refused = (field: string) => new SkerryError('list_refused', { field: `list.${field}` });
