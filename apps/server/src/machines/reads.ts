import { type PairingView, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Caller } from '../log/devices.ts';
import { jsonBytes } from '../log/json-bytes.ts';
import { accountStream } from '../log/stream-key.ts';
import { personalDevice } from './machine-devices.ts';
import { livePairing, viewOf } from './pairing-rows.ts';
import { ASK, MACHINE, RUN } from './item-json.ts';
import type { Redeemable } from './pairing-writes.ts';

/** The request as the device that took it sees it. @throws SkerryError no_device, code_invalid */
export function readPairing(
  db: Statements,
  { caller, key, now }: { readonly caller: Caller; readonly key: string; readonly now: number },
): PairingView {
  const { device } = personalDevice(db, caller);
  const row = livePairing(db, { key, now });
  if (row.account !== caller.account || row.device !== device) throw new SkerryError('code_invalid');
  return viewOf(row, now);
}

/** @throws SkerryError code_invalid */
export function readRedeemable(
  db: Statements,
  asked: { readonly key: string; readonly by: string; readonly now: number },
): Redeemable {
  const row = livePairing(db, asked);
  if (row.redeemedBy === asked.by && row.redeemed !== null) return { kind: 'again', sealed: row.redeemed };
  if (row.state !== 'approved' || row.account === null || row.machine === null) throw new SkerryError('code_invalid');
  const { account, machine, request } = row;
  return { kind: 'first', account, machine, boxKey: request.boxKey, label: request.label };
}

/** Closed ones that come with what is open. */
const RUNS_SHOWN = 100;
const ASKS_SHOWN = 200;
const MOST = 1_000;

const array = (json: string, from: string) => `(SELECT json_group_array(json(j)) FROM (SELECT ${json} AS j ${from}))`;
const SNAPSHOT_SQL = `SELECT json_object(
  'asOf', (SELECT json_object('seq', l.seq, 'tag', l.tag) FROM log l WHERE l.id = 1),
  'account', coalesce((SELECT s.head FROM streams s WHERE s.stream = ?2), 0),
  'machines', json(${array(
    MACHINE,
    `FROM machines m JOIN devices d ON d.account_id = m.account_id AND d.device = m.device
     WHERE m.account_id = ?1 ORDER BY m.removed, m.device DESC LIMIT ${MOST}`,
  )}),
  'online', json(?3),
  'runs', json(${array(
    RUN,
    `FROM (SELECT * FROM (SELECT * FROM runs WHERE account_id = ?1 AND state NOT IN ('ended', 'failed') ORDER BY started_at DESC LIMIT ${MOST - RUNS_SHOWN})
     UNION ALL SELECT * FROM (SELECT * FROM runs WHERE account_id = ?1 AND state IN ('ended', 'failed') ORDER BY started_at DESC LIMIT ${RUNS_SHOWN})) r`,
  )}),
  'asks', json(${array(
    ASK,
    `FROM (SELECT * FROM (SELECT * FROM asks WHERE account_id = ?1 AND state = 'open' ORDER BY expires_at LIMIT ${MOST - ASKS_SHOWN})
     UNION ALL SELECT * FROM (SELECT * FROM asks WHERE account_id = ?1 AND state <> 'open' ORDER BY closed_at DESC LIMIT ${ASKS_SHOWN})) q`,
  )}))`;

/** Everything of an account's machines, as its client starts from it. */
export function readMachines(
  db: Statements,
  { account, online }: { readonly account: string; readonly online: readonly number[] },
): Uint8Array {
  return jsonBytes(db.value<string>(SNAPSHOT_SQL, account, accountStream(account), JSON.stringify(online)) ?? '{}');
}

const RUN_SQL = `SELECT ${RUN} FROM runs r WHERE r.account_id = ? AND r.id = ?`;
const ASK_SQL = `SELECT ${ASK} FROM asks q WHERE q.account_id = ? AND q.id = ?`;

/** @throws SkerryError not_found */
export function readRun(
  db: Statements,
  { account, run }: { readonly account: string; readonly run: string },
): Uint8Array {
  return found(db.value<string>(RUN_SQL, account, run));
}

/** @throws SkerryError not_found */
export function readAsk(
  db: Statements,
  { account, ask }: { readonly account: string; readonly ask: string },
): Uint8Array {
  return found(db.value<string>(ASK_SQL, account, ask));
}

const RUNS_SQL = `SELECT json_group_array(json(j)) FROM (SELECT ${RUN} AS j FROM runs r
  WHERE r.account_id = ?1 AND r.state IN ('ended', 'failed') AND r.started_at < ?2 ORDER BY r.started_at DESC LIMIT ?3)`;

/** Runs that are over, the newest first. */
export function readRuns(
  db: Statements,
  asked: { readonly account: string; readonly before: number | null; readonly limit: number },
): Uint8Array {
  const before = asked.before ?? Number.MAX_SAFE_INTEGER;
  const runs = JSON.parse(db.value<string>(RUNS_SQL, asked.account, before, asked.limit + 1) ?? '[]') as unknown[];
  return jsonBytes(JSON.stringify({ runs: runs.slice(0, asked.limit), more: runs.length > asked.limit }));
}

/** Characters of ciphertext in one answer; a single entry may be larger. */
const ANSWER_CHARS = 512 * 1_024;
const HEAD_SQL = 'SELECT head FROM runs WHERE account_id = ? AND id = ?';
const entriesSql = (condition: string, order: string) =>
  `SELECT n, id, at, body FROM run_entries WHERE run_id = ? AND ${condition} ORDER BY n ${order} LIMIT ?`;
const AFTER_SQL = entriesSql('n > ?', 'ASC');
const BEFORE_SQL = entriesSql('n < ?', 'DESC');

/** A range of a run's stream: after a number, or the last ones before one; by default the last ones. @throws SkerryError not_found */
export function readEntries(
  db: Statements,
  asked: {
    readonly account: string;
    readonly run: string;
    readonly after: number | null;
    readonly before: number | null;
    readonly limit: number;
  },
): Uint8Array {
  const { account, run, after, before, limit } = asked;
  const head = db.value<number>(HEAD_SQL, account, run);
  if (head === undefined) throw new SkerryError('not_found');
  const rows =
    after === null
      ? db.all<EntryRow>(BEFORE_SQL, run, before ?? Number.MAX_SAFE_INTEGER, limit + 1)
      : db.all<EntryRow>(AFTER_SQL, run, after, limit + 1);
  let room = ANSWER_CHARS;
  let fitting = 0;
  while (fitting < Math.min(limit, rows.length)) {
    room -= rows[fitting]?.body.length ?? 0;
    if (room < 0 && fitting > 0) break;
    fitting += 1;
  }
  const entries = rows.slice(0, fitting);
  if (after === null) entries.reverse();
  return jsonBytes(JSON.stringify({ head, entries, more: rows.length > fitting }));
}

type EntryRow = { readonly n: number; readonly id: string; readonly at: number; readonly body: string };

function found(json: string | undefined): Uint8Array {
  if (json === undefined) throw new SkerryError('not_found');
  return jsonBytes(json);
}
