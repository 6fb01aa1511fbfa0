import { ASSISTANT_WRITES } from '../assistants/procedures.ts';
import { AUTH_WRITES } from '../auth/procedures.ts';
import { KEY_WRITES } from '../keys/procedures.ts';
import { MACHINE_WRITES } from '../machines/procedures.ts';
import { pruneEvents } from '../log/prune.ts';
import { commandProcedure, commandProcedureWithoutDedupe } from '../log/run-command.ts';
import type { Tx } from '../log/tx.ts';
import { SEALED_WRITES } from '../sealed/procedures.ts';
import { applySeed } from '../seed/apply-seed.ts';
import { SERVER_WRITES } from '../server/procedures.ts';
import type { Faults } from '../testing/kill-points.ts';
import { VOICE_WRITES } from '../voice/procedures.ts';
import { COMMAND_HANDLERS } from './command-handlers.ts';

/**
 * Every change there is, by name. A procedure is a plain synchronous function `(tx, args) => result` in its feature's
 * `writes.ts`; it runs in the write worker, in a savepoint of its own, and refuses by throwing a SkerryError.
 */
export const WRITE_PROCEDURES = {
  /** Does nothing; its answer says that everything before it is committed. */
  'log.barrier': (_tx: Tx, _args: null): null => null,
  'log.prune': pruneEvents,
  'command.run': commandProcedure(COMMAND_HANDLERS),
  ...ASSISTANT_WRITES,
  ...AUTH_WRITES,
  ...KEY_WRITES,
  ...MACHINE_WRITES,
  ...SERVER_WRITES,
  ...SEALED_WRITES,
  ...VOICE_WRITES,
  'seed.apply': applySeed,
};

type Procedures = typeof WRITE_PROCEDURES;
export type Writes = {
  [N in keyof Procedures]: { args: Parameters<Procedures[N]>[1]; result: ReturnType<Procedures[N]> };
};

/** The procedures a worker runs: those above, unless a crash test asks for one that is broken. */
export function writeProcedures({ breaks }: Faults): typeof WRITE_PROCEDURES {
  return breaks.includes('no-dedupe')
    ? { ...WRITE_PROCEDURES, 'command.run': commandProcedureWithoutDedupe(COMMAND_HANDLERS) }
    : WRITE_PROCEDURES;
}
