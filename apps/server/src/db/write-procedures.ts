import type { Tx } from '../log/tx.ts';

/**
 * Every change there is, by name. A procedure is a plain synchronous function `(tx, args) => result` in its feature's
 * `writes.ts`; it runs in the write worker, in a savepoint of its own, and refuses by throwing a SkerryError.
 */
export const WRITE_PROCEDURES = {
  /** Does nothing; its answer says that everything before it is committed. */
  'log.barrier': (_tx: Tx, _args: null): null => null,
};

type Procedures = typeof WRITE_PROCEDURES;
export type Writes = { [N in keyof Procedures]: { args: Parameters<Procedures[N]>[1]; result: ReturnType<Procedures[N]> } };
