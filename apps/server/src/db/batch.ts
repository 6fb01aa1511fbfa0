import { SkerryError, type ErrorBody } from '@skerry/protocol';
import { LogWriter } from '../log/log-writer.ts';
import { buildOutput, type Output } from '../log/output.ts';
import type { Tx } from '../log/tx.ts';
import { KillSwitch, type Faults } from '../testing/kill-points.ts';
import type { SqliteDriver } from './driver.ts';
import { Statements } from './statements.ts';

/** A write as the worker gets it: the name of a procedure and its arguments. */
export type Op = { readonly name: string; readonly args: unknown };
export type Outcome =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ErrorBody };
export type WriteProcedure = (tx: Tx, args: never) => unknown;

export type BatchDeps = {
  readonly driver: SqliteDriver;
  readonly procedures: Readonly<Record<string, WriteProcedure>>;
  readonly faults: Faults;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** A fresh random tag for an event. */
  readonly newTag: () => string;
  /** Told of failures that no caller can name; must not throw. */
  readonly onBug: (error: unknown) => void;
  /** Called only when the fault `answer-before-commit` is asked for. */
  readonly onEarlyAnswer: (outcomes: readonly Outcome[]) => void;
};

type BatchResult = { readonly outcomes: readonly Outcome[]; readonly output: Output | null };

/** Runs groups of writes, each group as one transaction and each write as one savepoint in it. */
export class Batches {
  readonly #deps: BatchDeps;
  readonly #log: LogWriter;
  readonly #kill: KillSwitch;

  constructor(deps: BatchDeps) {
    this.#deps = deps;
    this.#log = new LogWriter(new Statements(deps.driver), deps.newTag);
    this.#kill = new KillSwitch(deps.faults);
  }

  /**
   * Runs the group and commits it. When this returns, what succeeded is on the disk. A write that fails is undone alone;
   * when the group cannot be committed (a full disk), all of it is undone and every write fails with the same code.
   */
  run(ops: readonly Op[]): BatchResult {
    const { driver } = this.#deps;
    try {
      this.#log.db.run('BEGIN IMMEDIATE');
      this.#log.startBatch(this.#deps.now());
      const outcomes = ops.map((op) => this.#runOne(op));
      const { pending, position } = this.#log.finishBatch();
      const output = pending.length === 0 ? null : buildOutput(this.#log.db, pending, position);
      if (this.#deps.faults.breaks.includes('answer-before-commit')) this.#deps.onEarlyAnswer(outcomes);
      this.#kill.pass('before-commit');
      this.#log.db.run('COMMIT');
      this.#kill.pass('committed');
      return { outcomes, output };
    } catch (error) {
      this.#log.forget();
      if (driver.inTransaction) driver.exec('ROLLBACK');
      const code = isDiskFull(error) ? 'disk_full' : isBusy(error) ? 'unavailable' : 'internal';
      if (code === 'internal') this.#deps.onBug(error);
      const body = new SkerryError(code).toBody();
      return { outcomes: ops.map(() => ({ ok: false, error: body })), output: null };
    }
  }

  /** @throws what ends the whole group */
  #runOne(op: Op): Outcome {
    const procedure = Object.hasOwn(this.#deps.procedures, op.name) ? this.#deps.procedures[op.name] : undefined;
    if (procedure === undefined) return failure(new SkerryError('internal'));
    const { db } = this.#log;
    db.run('SAVEPOINT one');
    this.#log.startCommand();
    try {
      const value = procedure(this.#log, op.args as never);
      db.run('RELEASE one');
      return { ok: true, value };
    } catch (error) {
      // SQLite has already undone the group when it ran out of room.
      if (!this.#deps.driver.inTransaction || isDiskFull(error)) throw error;
      this.#log.undoCommand();
      db.run('ROLLBACK TO one');
      db.run('RELEASE one');
      if (error instanceof SkerryError) return failure(error);
      this.#deps.onBug(error);
      return failure(new SkerryError('internal'));
    }
  }
}

const failure = (error: SkerryError): Outcome => ({ ok: false, error: error.toBody() });

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
/** Primary result code, whatever the library calls its property. */
const numberOf = (error: unknown): number => {
  if (!(error instanceof Error)) return 0;
  const raw = 'rawCode' in error ? error.rawCode : 'errcode' in error ? error.errcode : 0;
  return typeof raw === 'number' ? raw & 0xff : 0;
};

const FULL = 13;
const BUSY = 5;
const isDiskFull = (error: unknown): boolean => numberOf(error) === FULL || codeOf(error) === 'SQLITE_FULL';
const isBusy = (error: unknown): boolean => numberOf(error) === BUSY || codeOf(error) === 'SQLITE_BUSY';
