import { type AccountId, LIMITS, type PairingRequest, SkerryError } from '@skerry/protocol';
import { renameDevice, shutOut } from '../log/device-rows.ts';
import { type CommandHandler, UNCHANGED } from '../log/command-handler.ts';
import { accountStream } from '../log/stream-key.ts';
import type { Appended, Tx } from '../log/tx.ts';
import { listedMachine, personalDevice } from './machine-devices.ts';
import { endRunsOf } from './run-writes.ts';

/** The row of a device that is a machine, and the first that anyone is told of it. @throws SkerryError limit_reached */
export function addMachine(
  tx: Tx,
  made: { account: AccountId; device: number; request: PairingRequest; by: number },
): void {
  const { account, device, request, by } = made;
  const here = tx.db.value<number>('SELECT count(*) FROM machines WHERE account_id = ? AND removed = 0', account) ?? 0;
  if (here >= LIMITS.machinesPerAccount) throw new SkerryError('limit_reached');
  tx.db.run(
    'INSERT INTO machines (account_id, device, system, program, paired_at, paired_by, rev) VALUES (?, ?, ?, ?, ?, ?, 0)',
    account,
    device,
    request.system,
    request.program,
    tx.now,
    by,
  );
  tellMachine(tx, account, device);
}

/** Ends all that a machine can do here. What it asked is open no more, and its runs are over. M-8. */
export function removeMachine(tx: Tx, account: AccountId, device: number): Appended {
  shutOut(tx, account, device);
  endRunsOf(tx, account, device);
  tx.db.run('UPDATE machines SET removed = 1, info = NULL WHERE account_id = ? AND device = ?', account, device);
  return tellMachine(tx, account, device);
}

/** Everybody of the account hears how the machine stands now. */
export function tellMachine(tx: Tx, account: AccountId, device: number): Appended {
  const event = tx.append(accountStream(account), 'machines', `machine ${device}`);
  tx.db.run('UPDATE machines SET rev = ? WHERE account_id = ? AND device = ?', event.n, account, device);
  return event;
}

export const renameMachine: CommandHandler<'machine.rename'> = ({ tx, actor }, { machine, label }) => {
  personalDevice(tx.db, actor);
  requireMachine(tx, actor.account, machine);
  renameDevice(tx, { account: actor.account, device: machine, label });
  return tellMachine(tx, actor.account, machine);
};

/** One that a signed list names goes by the next list alone: the server could not take it off. */
export const dropMachine: CommandHandler<'machine.remove'> = ({ tx, actor }, { machine }) => {
  personalDevice(tx.db, actor);
  requireMachine(tx, actor.account, machine);
  if (
    tx.db.has("SELECT 1 FROM devices WHERE account_id = ? AND device = ? AND state = 'listed'", actor.account, machine)
  )
    throw new SkerryError('list_refused', { field: 'machine' });
  return removeMachine(tx, actor.account, machine);
};

export const describeMachine: CommandHandler<'machine.describe'> = ({ tx, actor }, { info }) => {
  const device = listedMachine(tx.db, actor);
  const before = tx.db.value<string | null>(
    'SELECT info FROM machines WHERE account_id = ? AND device = ?',
    actor.account,
    device,
  );
  if (before === info) return UNCHANGED;
  tx.db.run('UPDATE machines SET info = ? WHERE account_id = ? AND device = ?', info, actor.account, device);
  return tellMachine(tx, actor.account, device);
};

function requireMachine({ db }: Tx, account: AccountId, device: number): void {
  if (!db.has('SELECT 1 FROM machines WHERE account_id = ? AND device = ? AND removed = 0', account, device))
    throw new SkerryError('not_found');
}
