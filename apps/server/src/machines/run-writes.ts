import { type AccountId, MACHINE_LIMITS, type NewEntry, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { type CommandHandler, UNCHANGED } from '../log/command-handler.ts';
import { accountStream } from '../log/stream-key.ts';
import type { Appended, Tx } from '../log/tx.ts';
import { cancelAsksOf, eraseAsks } from './ask-writes.ts';
import { listedMachine, personalDevice } from './machine-devices.ts';

/**
 * While a run only grows, the log says so this often at most: whoever follows it hears of each entry by `run_heads`, and
 * whoever was away is told where each run stands when they come. Else a busy night would outgrow what can be replayed.
 */
const TOLD_EVERY_MS = 30_000;

type RunRow = {
  readonly device: number;
  readonly state: string;
  readonly head: number;
  readonly meta: string | null;
  readonly erased: number;
  readonly toldAt: number;
};

const RUN_SQL = 'SELECT device, state, head, meta, erased, told_at AS toldAt FROM runs WHERE account_id = ? AND id = ?';

/** A run of this machine, which was not erased. @throws SkerryError not_found */
function ownRun(db: Statements, owner: { account: AccountId; device: number }, id: string): RunRow {
  const row = db.get<RunRow>(RUN_SQL, owner.account, id);
  if (row === undefined || row.device !== owner.device || row.erased === 1) throw new SkerryError('not_found');
  return row;
}

export const createRun: CommandHandler<'run.create'> = ({ tx, actor, id }, { meta }) => {
  const { db, now } = tx;
  const device = listedMachine(db, actor);
  if (db.has('SELECT 1 FROM runs WHERE id = ?', id)) throw new SkerryError('id_conflict');
  const many = db.value<number>('SELECT count(*) FROM runs WHERE account_id = ?', actor.account) ?? 0;
  if (many >= MACHINE_LIMITS.runsPerAccount) throw new SkerryError('limit_reached');
  db.run(
    `INSERT INTO runs (id, account_id, device, state, meta, started_at, updated_at, rev, told_at)
     VALUES (?, ?, ?, 'starting', ?, ?, ?, 0, 0)`,
    id,
    actor.account,
    device,
    meta,
    now,
    now,
  );
  return tellRun(tx, actor.account, id);
};

export const setRun: CommandHandler<'run.set'> = ({ tx, actor }, { run, state, meta }) => {
  const row = ownRun(tx.db, { account: actor.account, device: listedMachine(tx.db, actor) }, run);
  if ((state ?? row.state) === row.state && (meta ?? row.meta) === row.meta) return UNCHANGED;
  tx.db.run('UPDATE runs SET state = ?, meta = ? WHERE id = ?', state ?? row.state, meta ?? row.meta, run);
  return tellRun(tx, actor.account, run);
};

/**
 * Adds entries to a run's own stream, which counts from 1 without a gap. One that is there already is not added again: the
 * machine may send all it is not sure of.
 * @throws SkerryError no_device, not_found, id_conflict for an id with other bytes, limit_reached
 */
export const appendToRun: CommandHandler<'run.append'> = ({ tx, actor }, { run, entries }) => {
  const { db, now } = tx;
  const row = ownRun(db, { account: actor.account, device: listedMachine(db, actor) }, run);
  const fresh = newOnes(db, run, entries);
  const head = row.head + fresh.length;
  if (fresh.length === 0) return { seq: 0, n: head };
  if (head > MACHINE_LIMITS.entriesPerRun) throw new SkerryError('limit_reached');
  takeRoom(
    tx,
    actor.account,
    fresh.reduce((sum, { body }) => sum + body.length, 0),
  );
  for (const [i, { id, body }] of fresh.entries())
    db.run(
      'INSERT INTO run_entries (run_id, n, id, at, body) VALUES (?, ?, ?, ?, ?)',
      run,
      row.head + i + 1,
      id,
      now,
      body,
    );
  db.run('UPDATE runs SET head = ?, updated_at = ? WHERE id = ?', head, now, run);
  if (now - row.toldAt >= TOLD_EVERY_MS) tellRun(tx, actor.account, run);
  return { seq: 0, n: head };
};

/** Those that the run does not have. @throws SkerryError id_conflict */
function newOnes(db: Statements, run: string, entries: readonly NewEntry[]): NewEntry[] {
  const seen = new Map<string, string>();
  return entries.filter(({ id, body }) => {
    const before =
      seen.get(id) ?? db.value<string>('SELECT body FROM run_entries WHERE run_id = ? AND id = ?', run, id);
    if (before !== undefined && before !== body) throw new SkerryError('id_conflict', { field: 'entries' });
    seen.set(id, body);
    return before === undefined;
  });
}

/** @param many characters of ciphertext, which are a third more than its bytes */
function takeRoom({ db }: Tx, account: AccountId, many: number): void {
  const taken = db.value<number>('SELECT bytes FROM run_room WHERE account_id = ?', account) ?? 0;
  if (taken + many > MACHINE_LIMITS.entriesBytes)
    throw new SkerryError('limit_reached', { message: 'Your runs take all the room they may have. Erase old ones.' });
  db.run(
    'INSERT INTO run_room (account_id, bytes) VALUES (?1, ?2) ON CONFLICT (account_id) DO UPDATE SET bytes = bytes + ?2',
    account,
    many,
  );
}

/** What was said is gone; that there was a run, and when, stays. @throws SkerryError no_device, not_found */
export const eraseRun: CommandHandler<'run.erase'> = ({ tx, actor }, { run }) => {
  const { db } = tx;
  personalDevice(db, actor);
  const row = db.get<RunRow>(RUN_SQL, actor.account, run);
  if (row === undefined) throw new SkerryError('not_found');
  if (row.erased === 1) return UNCHANGED;
  const room = db.value<number>('SELECT coalesce(sum(length(body)), 0) FROM run_entries WHERE run_id = ?', run) ?? 0;
  db.run('UPDATE run_room SET bytes = max(0, bytes - ?) WHERE account_id = ?', room, actor.account);
  db.run('DELETE FROM run_entries WHERE run_id = ?', run);
  eraseAsks(tx, actor.account, run);
  const state = row.state === 'failed' ? 'failed' : 'ended';
  db.run('UPDATE runs SET erased = 1, meta = NULL, state = ?, updated_at = ? WHERE id = ?', state, tx.now, run);
  return tellRun(tx, actor.account, run);
};

/** A machine that is taken away leaves nothing open behind. M-8. */
export function endRunsOf(tx: Tx, account: AccountId, device: number): void {
  cancelAsksOf(tx, account, device);
  const open = tx.db.values<string>(
    "SELECT id FROM runs WHERE account_id = ? AND device = ? AND state NOT IN ('ended', 'failed')",
    account,
    device,
  );
  for (const id of open) {
    tx.db.run("UPDATE runs SET state = 'failed', updated_at = ? WHERE id = ?", tx.now, id);
    tellRun(tx, account, id);
  }
}

function tellRun(tx: Tx, account: AccountId, id: string): Appended {
  const event = tx.append(accountStream(account), 'machines', `run ${id}`);
  tx.db.run('UPDATE runs SET rev = ?, told_at = ?, updated_at = ? WHERE id = ?', event.n, tx.now, tx.now, id);
  return event;
}
