import { type ListedDevice, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { type Caller, sessionRow } from '../log/devices.ts';
import type { Actor } from '../log/command-handler.ts';

type Row = { readonly state: string; readonly signKey: string; readonly machine: number };

const ROW_SQL = 'SELECT state, sign_key AS signKey, machine FROM devices WHERE account_id = ? AND device = ?';

/**
 * The device that a person reads and writes with, on their newest list. A machine is none, so what runs on it can't say
 * yes in its person's name. SPEC M-7.
 * @throws SkerryError no_device, session_revoked
 */
export function personalDevice(db: Statements, caller: Caller): Pick<ListedDevice, 'device' | 'signKey'> {
  return ofKind(db, caller, 0);
}

/** The machine whose session this is, on its person's newest list. @throws SkerryError no_device, session_revoked */
export function listedMachine(db: Statements, caller: Pick<Actor, 'account' | 'session'>): number {
  return ofKind(db, caller, 1).device;
}

function ofKind(db: Statements, caller: Caller, machine: 0 | 1): Pick<ListedDevice, 'device' | 'signKey'> {
  const { device } = sessionRow(db, caller);
  const row = device === null ? undefined : db.get<Row>(ROW_SQL, caller.account, device);
  if (device === null || row?.state !== 'listed' || row.machine !== machine) throw new SkerryError('no_device');
  return { device, signKey: row.signKey };
}
