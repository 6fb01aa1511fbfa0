import { hash } from 'node:crypto';
import {
  encodeRoster,
  SkerryError,
  type AccountId,
  type ChannelId,
  type DeviceList,
  type ListedDevice,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Actor } from '../log/command-handler.ts';
import type { Tx } from '../log/tx.ts';

/** The newest signed list of an account, as far as the server needs it. */
export type Devices = {
  /** 0: there is no list. */
  readonly version: number;
  readonly accountKey: string | null;
  readonly listed: ReadonlyMap<number, ListedDevice>;
  /** Computers that run agents: nothing of a conversation is for them. */
  readonly machines: ReadonlyMap<number, ListedDevice>;
};

const NONE: Devices = { version: 0, accountKey: null, listed: new Map(), machines: new Map() };
const NEWEST_SQL = 'SELECT json FROM device_lists WHERE account_id = ? ORDER BY version DESC LIMIT 1';

export function devicesOf(db: Statements, account: string): Devices {
  return db.remember(`devices ${account}`, ['device_lists'], () => {
    const json = db.value<string>(NEWEST_SQL, account);
    if (json === undefined) return NONE;
    const { version, accountKey, devices, machines = [] } = JSON.parse(json) as DeviceList;
    const byNumber = (listed: readonly ListedDevice[]) => new Map(listed.map((device) => [device.device, device]));
    return { version, accountKey, listed: byNumber(devices), machines: byNumber(machines) };
  });
}

/**
 * The device that the actor's session is bound to. Only one on the newest list of its account may send. SPEC E-11.
 * @throws SkerryError no_device
 */
export function listedDevice(tx: Tx, actor: Actor): ListedDevice {
  return listedUnder(tx, actor, 'listed');
}

/** The same, of a machine. @throws SkerryError no_device */
export function listedMachine(tx: Tx, actor: Actor): ListedDevice {
  return listedUnder(tx, actor, 'machines');
}

function listedUnder({ db }: Tx, { account, session }: Actor, part: 'listed' | 'machines'): ListedDevice {
  const number = db.remember(`device ${session}`, ['sessions'], () =>
    db.value<number | null>('SELECT device_number FROM sessions WHERE id = ? AND account_id = ?', session, account),
  );
  const device = typeof number === 'number' ? devicesOf(db, account)[part].get(number) : undefined;
  if (device === undefined) throw new SkerryError('no_device');
  return device;
}

/** Whom something said in a conversation now must be encrypted for. */
export type Roster = { readonly digest: string; readonly members: ReadonlyMap<AccountId, Devices> };

/** The server's own answer to what a send names. SPEC E-5. */
export function rosterOf(db: Statements, channel: ChannelId): Roster {
  return db.remember(`roster ${channel}`, ['intervals', 'group_blocks', 'device_lists'], () => {
    const accounts = db.values<AccountId>(
      'SELECT account_id FROM intervals WHERE channel_id = ? AND to_seq IS NULL',
      channel,
    );
    const members = new Map(accounts.map((account) => [account, devicesOf(db, account)]));
    const chain = db.value<number>('SELECT coalesce(max(version), 0) FROM group_blocks WHERE channel_id = ?', channel);
    const versions = [...members].map(([account, { version }]) => ({ account, devices: version }));
    const bytes = encodeRoster({ channel, chain: chain ?? 0, members: versions });
    return { digest: hash('sha256', bytes, 'base64url'), members };
  });
}
