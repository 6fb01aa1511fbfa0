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
    const result = handle(handlers, { tx, actor, id }, JSON.parse(json) as Command);
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

function handle(
  handlers: CommandHandlers,
  call: { tx: Tx; actor: Actor; id: CommandId },
  command: Command,
): CommandResult {
  return (handlers[command.kind] as CommandHandler<Command['kind']>)(call, command);
}

/** @throws SkerryError session_revoked when the session was ended or its account disabled since the request came in */
function actorOf({ db }: Tx, account: AccountId, session: SessionId): Actor {
  const role = db.remember(`actor ${session} ${account}`, ['sessions', 'accounts'], () =>
    db.value<Role>(
      'SELECT a.role FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.id = ? AND s.account_id = ? AND s.ended_at IS NULL AND a.disabled = 0',
      session,
      account,
    ),
  );
  if (role === undefined) throw new SkerryError('session_revoked');
  return { account, session, role };
}
