import {
  type AccountId,
  type AskAnswer,
  encodeAskAnswer,
  MACHINE_LIMITS,
  MACHINE_TIMES,
  SkerryError,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { isSigned } from '../ed25519.ts';
import { type CommandHandler, UNCHANGED } from '../log/command-handler.ts';
import { accountStream } from '../log/stream-key.ts';
import type { Appended, Tx } from '../log/tx.ts';
import { unreachable } from '../log/unreachable.ts';
import { listedMachine, personalDevice } from './machine-devices.ts';

type AskRow = {
  readonly run: string;
  readonly device: number;
  readonly state: 'open' | 'answered' | 'cancelled' | 'expired';
  readonly digest: string;
  readonly expiresAt: number;
  readonly closedAt: number | null;
  readonly answer: string | null;
  readonly takenAt: number | null;
};

const ASK_SQL = `SELECT run_id AS run, device, state, digest, expires_at AS expiresAt, closed_at AS closedAt, answer,
  taken_at AS takenAt FROM asks WHERE account_id = ? AND id = ?`;

/** @throws SkerryError not_found */
function askOf(db: Statements, account: AccountId, id: string): AskRow {
  const row = db.get<AskRow>(ASK_SQL, account, id);
  if (row === undefined) throw new SkerryError('not_found');
  return row;
}

/** @throws SkerryError no_device, not_found for a run that is not this machine's, bad_request, limit_reached */
export const openAsk: CommandHandler<'ask.open'> = ({ tx, actor, id }, asked) => {
  const { db, now } = tx;
  const { account } = actor;
  const device = listedMachine(db, actor);
  const isOwn = 'SELECT 1 FROM runs WHERE account_id = ? AND id = ? AND device = ? AND erased = 0';
  if (!db.has(isOwn, account, asked.run, device)) throw new SkerryError('not_found', { field: 'run' });
  if (db.has('SELECT 1 FROM asks WHERE id = ?', id)) throw new SkerryError('id_conflict');
  const wait = asked.expiresAt - now;
  if (wait < MACHINE_TIMES.askLeastMs || wait > MACHINE_TIMES.askMostMs)
    throw new SkerryError('bad_request', { field: 'expiresAt', message: 'An ask waits from a second to thirty days.' });
  const many = (condition: string, ...args: string[]) =>
    db.value<number>(`SELECT count(*) FROM asks WHERE state = 'open' AND ${condition}`, ...args) ?? 0;
  if (many('run_id = ?', asked.run) >= MACHINE_LIMITS.openAsksPerRun) throw new SkerryError('limit_reached');
  if (many('account_id = ?', account) >= MACHINE_LIMITS.openAsksPerAccount) throw new SkerryError('limit_reached');
  db.run(
    `INSERT INTO asks (id, account_id, run_id, device, kind, state, digest, body, opened_at, expires_at, rev)
     VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, 0)`,
    id,
    account,
    asked.run,
    device,
    asked.ask,
    asked.digest,
    asked.body,
    now,
    asked.expiresAt,
  );
  return tellAsk(tx, account, id);
};

/**
 * The first answer that is committed is the one; whoever comes later is told whose it was. What was decided is encrypted,
 * the signature is over its digest and over what was asked, where and until when. SPEC M-10, M-11.
 * @throws SkerryError no_device, not_found, ask_closed, bad_request
 */
export const answerAsk: CommandHandler<'ask.answer'> = ({ tx, actor }, given) => {
  const { db, now } = tx;
  const { account } = actor;
  const { device, signKey } = personalDevice(db, actor);
  const row = askOf(db, account, given.ask);
  if (row.state !== 'open' || row.expiresAt <= now) throw closed(db, account, row);
  if (given.digest !== row.digest) throw new SkerryError('bad_request', { field: 'digest' });
  if (given.expiresAt !== row.expiresAt) throw new SkerryError('bad_request', { field: 'expiresAt' });
  const serverId = db.value<string>('SELECT server_id FROM server') ?? '';
  const { ask, digest, decision, expiresAt, body, signature } = given;
  const said = { serverId, account, machine: row.device, run: row.run, ask, digest, decision, expiresAt, device };
  if (!isSigned({ bytes: encodeAskAnswer(said), signature, publicKey: signKey }))
    throw new SkerryError('bad_request', { field: 'signature', message: "This is not the device's signature." });
  const answer: AskAnswer = { device, at: now, decision, body, signature };
  return close(tx, { account, id: ask, state: 'answered', answer });
};

/** The agent no longer waits. @throws SkerryError no_device, not_found, ask_closed */
export const cancelAsk: CommandHandler<'ask.cancel'> = ({ tx, actor }, { ask }) => {
  const device = listedMachine(tx.db, actor);
  const row = askOf(tx.db, actor.account, ask);
  if (row.device !== device) throw new SkerryError('not_found');
  if (row.state === 'cancelled') return UNCHANGED;
  if (row.state !== 'open') throw closed(tx.db, actor.account, row);
  return close(tx, { account: actor.account, id: ask, state: 'cancelled', answer: null });
};

/** Its time has come; whoever says so first. @throws SkerryError not_found, ask_closed, bad_request before its time */
export const expireAsk: CommandHandler<'ask.expire'> = ({ tx, actor }, { ask }) => {
  const row = askOf(tx.db, actor.account, ask);
  if (row.state === 'expired') return UNCHANGED;
  if (row.state !== 'open') throw closed(tx.db, actor.account, row);
  if (row.expiresAt > tx.now) throw new SkerryError('bad_request', { message: 'Its time has not come yet.' });
  return close(tx, { account: actor.account, id: ask, state: 'expired', answer: null });
};

/** The machine has the answer and acts on it. @throws SkerryError no_device, not_found */
export const takeAnswer: CommandHandler<'ask.taken'> = ({ tx, actor }, { ask }) => {
  const device = listedMachine(tx.db, actor);
  const row = askOf(tx.db, actor.account, ask);
  if (row.device !== device || row.state !== 'answered') throw new SkerryError('not_found');
  if (row.takenAt !== null) return UNCHANGED;
  tx.db.run('UPDATE asks SET taken_at = ? WHERE id = ?', tx.now, ask);
  return tellAsk(tx, actor.account, ask);
};

/**
 * Expires what is due, a few at a time, for the server itself.
 * @returns when the next one is, Unix milliseconds; null: none is open
 */
export function expireAsks(tx: Tx, { now, most }: { readonly now: number; readonly most: number }): number | null {
  const due = tx.db.all<{ id: string; account: AccountId }>(
    "SELECT id, account_id AS account FROM asks WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at LIMIT ?",
    now,
    most,
  );
  for (const { id, account } of due) close(tx, { account, id, state: 'expired', answer: null });
  return tx.db.value<number | null>("SELECT min(expires_at) FROM asks WHERE state = 'open'") ?? null;
}

/** Closed asks beyond what is kept of an account, the oldest first. */
export function tidyAsks(tx: Tx, { most }: { readonly most: number }): null {
  tx.db.run(
    `DELETE FROM asks WHERE id IN (SELECT id FROM (
       SELECT id, row_number() OVER (PARTITION BY account_id ORDER BY closed_at DESC) AS place FROM asks WHERE state <> 'open'
     ) WHERE place > ? LIMIT ?)`,
    MACHINE_LIMITS.closedAsksKept,
    most,
  );
  return null;
}

/** What a machine asked that is no more. */
export function cancelAsksOf(tx: Tx, account: AccountId, device: number): void {
  const open = tx.db.values<string>(
    "SELECT id FROM asks WHERE account_id = ? AND device = ? AND state = 'open'",
    account,
    device,
  );
  for (const id of open) close(tx, { account, id, state: 'cancelled', answer: null });
}

/** The words of a run's asks and answers; that there were some stays. */
export function eraseAsks(tx: Tx, account: AccountId, run: string): void {
  for (const { id, state } of tx.db.all<{ id: string; state: string }>(
    'SELECT id, state FROM asks WHERE run_id = ?',
    run,
  )) {
    tx.db.run('UPDATE asks SET body = NULL, answer = NULL WHERE id = ?', id);
    if (state === 'open') close(tx, { account, id, state: 'cancelled', answer: null });
    else tellAsk(tx, account, id);
  }
}

type Closing = {
  readonly account: AccountId;
  readonly id: string;
  readonly state: 'answered' | 'cancelled' | 'expired';
  readonly answer: AskAnswer | null;
};

function close(tx: Tx, { account, id, state, answer }: Closing): Appended {
  tx.db.run(
    'UPDATE asks SET state = ?, closed_at = ?, answer = ? WHERE id = ?',
    state,
    tx.now,
    answer === null ? null : JSON.stringify(answer),
    id,
  );
  return tellAsk(tx, account, id);
}

function tellAsk(tx: Tx, account: AccountId, id: string): Appended {
  const event = tx.append(accountStream(account), 'machines', `ask ${id}`);
  tx.db.run('UPDATE asks SET rev = ? WHERE id = ?', event.n, id);
  return event;
}

/** Says to whoever is late what became of it. */
function closed(db: Statements, account: AccountId, { state, answer, closedAt }: AskRow): SkerryError {
  const at = closedAt === null ? '' : ` at ${new Date(closedAt).toISOString()}`;
  switch (state) {
    case 'answered': {
      const device = answer === null ? 0 : (JSON.parse(answer) as AskAnswer).device;
      const label = db.value<string>('SELECT label FROM devices WHERE account_id = ? AND device = ?', account, device);
      const where = label === undefined ? '' : ` on ${label}`;
      return new SkerryError('ask_closed', { message: `This was answered${where}${at} already.` });
    }
    case 'cancelled':
      return new SkerryError('ask_closed', { message: `This was cancelled${at}: the agent no longer waits.` });
    case 'expired':
    case 'open':
      return new SkerryError('ask_closed', { message: 'The time to answer this is over.' });
    default:
      return unreachable(state);
  }
}
