import type { Statements } from '../db/statements.ts';

const truth = (column: string) => `json(iif(${column}, 'true', 'false'))`;

/** A `machine` of the table `machines` under the alias `m`, with its device as `d`. */
export const MACHINE = `json_object('device', m.device, 'label', d.label, 'system', m.system, 'program', m.program, 'info', m.info,
  'pairedAt', m.paired_at, 'pairedBy', m.paired_by, 'joined', ${truth('m.joined')},
  'lastSeenAt', max(d.last_seen_at, coalesce((SELECT max(s.last_seen_at) FROM sessions s
    WHERE s.account_id = d.account_id AND s.device_number = d.device), 0)),
  'removed', ${truth('m.removed')}, 'rev', m.rev)`;

/** A `run` of the table `runs` under the alias `r`. */
export const RUN = `json_object('id', r.id, 'machine', r.device, 'state', r.state, 'head', r.head, 'meta', r.meta,
  'startedAt', r.started_at, 'updatedAt', r.updated_at, 'erased', ${truth('r.erased')}, 'rev', r.rev)`;

/** An `ask` of the table `asks` under the alias `q`. */
export const ASK = `json_object('id', q.id, 'run', q.run_id, 'machine', q.device, 'ask', q.kind, 'state', q.state, 'digest', q.digest,
  'body', q.body, 'openedAt', q.opened_at, 'expiresAt', q.expires_at, 'closedAt', q.closed_at, 'answer', json(q.answer),
  'takenAt', q.taken_at, 'rev', q.rev)`;

const PAIRING = `json_object('key', p.key, 'label', json_extract(p.request, '$.label'),
  'state', CASE p.state WHEN 'revealed' THEN 'claimed' WHEN 'redeemed' THEN 'approved' ELSE p.state END,
  'device', p.device, 'at', p.changed_at, 'rev', p.rev)`;

const item = (kind: string, value: string) => `json_object('kind', '${kind}', '${kind}', ${value})`;

// Each asks for the account as well, so that an event could never show what is somebody else's.
const SQL: Readonly<Record<string, string>> = {
  machine: `SELECT ${item('machine', MACHINE)} FROM machines m
    JOIN devices d ON d.account_id = m.account_id AND d.device = m.device WHERE m.account_id = ? AND m.device = ?`,
  run: `SELECT ${item('run', RUN)} FROM runs r WHERE r.account_id = ? AND r.id = ?`,
  ask: `SELECT ${item('ask', ASK)} FROM asks q WHERE q.account_id = ? AND q.id = ?`,
  pairing: `SELECT ${item('pairing', PAIRING)} FROM pairings p WHERE p.account_id = ? AND p.key = ?`,
};

/** A `machinesItem` as it is now. @param ref the kind and the id, as `append` was given them */
export function machinesItemJson(db: Statements, account: string, ref: string): string {
  const [kind = '', id = ''] = ref.split(' ');
  const sql = SQL[kind];
  return (sql === undefined ? undefined : db.value<string>(sql, account, kind === 'machine' ? Number(id) : id)) ?? GONE;
}

const GONE = '{"kind":"gone"}';
