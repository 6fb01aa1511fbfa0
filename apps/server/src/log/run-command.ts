import { hash, randomBytes } from 'node:crypto';
import {
  SkerryError,
  uuidv7,
  type AccountId,
  type Command,
  type CommandId,
  type CommandResult,
  type Role,
  type SessionId,
} from '@skerry/protocol';
import type { Actor, CommandHandler } from './command-handler.ts';
import type { Tx } from './tx.ts';

export type CommandArgs = {
  readonly account: AccountId;
  readonly session: SessionId;
  readonly id: CommandId;
  /** The parsed command as JSON again: the same bytes for the same command. */
  readonly json: string;
};

export type CommandHandlers = { readonly [Kind in Command['kind']]: CommandHandler<Kind> };

type Tombstone = { readonly hash: string; readonly seq: number; readonly n: number };

/**
 * The one way a command is done. An id that was seen gives the answer it gave then; a refusal leaves no trace, so the
 * same id may be tried again. SPEC P-21.
 */
export function commandProcedure(handlers: CommandHandlers) {
  return (tx: Tx, { account, session, id, json }: CommandArgs): CommandResult => {
    const actor = actorOf(tx, account, session);
    const digest = hash('sha256', json, 'base64url');
    const known = tx.db.get<Tombstone>(
      'SELECT hash, seq, n FROM commands WHERE account_id = ? AND id = ?',
      account,
      id,
    );
    if (known !== undefined) {
      if (known.hash !== digest) throw new SkerryError('id_conflict');
      return { seq: known.seq, n: known.n };
    }
    const command = JSON.parse(json) as Command;
    if (actor.isMachine && !OF_MACHINES.has(command.kind)) throw new SkerryError('forbidden');
    const result = handle(handlers, { tx, actor, id }, command);
    tx.db.run(
      'INSERT INTO commands (account_id, id, hash, seq, n) VALUES (?, ?, ?, ?, ?)',
      account,
      id,
      digest,
      result.seq,
      result.n,
    );
    return result;
  };
}

/** For the crash test alone: repeats are done again, to show that the test notices. */
export function commandProcedureWithoutDedupe(handlers: CommandHandlers) {
  return (tx: Tx, { account, session, id, json }: CommandArgs): CommandResult => {
    const isUsed = tx.db.has('SELECT 1 FROM messages WHERE id = ?1 UNION ALL SELECT 1 FROM sealed WHERE id = ?1', id);
    return handle(
      handlers,
      { tx, actor: actorOf(tx, account, session), id: isUsed ? uuidv7(tx.now, randomBytes(10)) : id },
      JSON.parse(json) as Command,
    );
  };
}

const ACTOR_SQL = `SELECT a.role, coalesce(d.machine, 0) AS machine FROM sessions s JOIN accounts a ON a.id = s.account_id
  LEFT JOIN devices d ON d.account_id = s.account_id AND d.device = s.device_number
  WHERE s.id = ? AND s.account_id = ? AND s.ended_at IS NULL AND a.disabled = 0`;

function handle(
  handlers: CommandHandlers,
  call: { tx: Tx; actor: Actor; id: CommandId },
  command: Command,
): CommandResult {
  return (handlers[command.kind] as CommandHandler<Command['kind']>)(call, command);
}

/** What a machine's session may ask for, where its own handler lets it. SPEC M-7. */
const OF_MACHINES: ReadonlySet<Command['kind']> = new Set<Command['kind']>([
  'machine.describe',
  'run.create',
  'run.set',
  'run.append',
  'ask.open',
  'ask.cancel',
  'ask.taken',
  'ask.expire',
  'envelopes.send',
]);

/** @throws SkerryError session_revoked when the session was ended or its account disabled since the request came in */
function actorOf({ db }: Tx, account: AccountId, session: SessionId): Actor {
  const row = db.remember(`actor ${session} ${account}`, ['sessions', 'accounts'], () =>
    db.get<{ role: Role; machine: number }>(ACTOR_SQL, session, account),
  );
  if (row === undefined) throw new SkerryError('session_revoked');
  return { account, session, role: row.role, isMachine: row.machine === 1 };
}
