import { SkerryError, type ErrorBody } from '@skerry/protocol';
import { LogWriter } from '../log/log-writer.ts';
import { buildOutput, type Output } from '../log/output.ts';
import type { Tx } from '../log/tx.ts';
import { KillSwitch, type Faults } from '../testing/kill-points.ts';
import type { SqliteDriver } from './driver.ts';
import { Memo } from './memo.ts';
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

/** Thrown where a write failed after it had changed something that no savepoint can undo. */
class NeedsSavepoints extends Error {}

/** Runs groups of writes, each group as one transaction. */
export class Batches {
  readonly #deps: BatchDeps;
  readonly #log: LogWriter;
  readonly #kill: KillSwitch;

  constructor(deps: BatchDeps) {
    this.#deps = deps;
    this.#log = new LogWriter(new Statements(deps.driver, new Memo()), deps.newTag);
    this.#kill = new KillSwitch(deps.faults);
  }

  /**
   * Runs the group and commits it. When this returns, what succeeded is on the disk. A write that fails is undone alone;
   * when the group cannot be committed (a full disk), all of it is undone and every write fails with the same code.
   *
   * Refusals come before anything is written, nearly always. So the group is tried without savepoints; if a write fails
   * later than that, the group starts over with one for each write.
   */
  run(ops: readonly Op[]): BatchResult {
    try {
      return this.#attempt(ops, (op) => this.#runPlainly(op));
    } catch (error) {
      if (!(error instanceof NeedsSavepoints)) return this.#failAll(ops, error);
    }
    try {
      this.#undoAll();
      return this.#attempt(ops, (op) => this.#runWithSavepoint(op));
    } catch (error) {
      return this.#failAll(ops, error);
    }
  }

  /** @throws what ends the whole group */
  #attempt(ops: readonly Op[], runOne: (op: Op) => Outcome): BatchResult {
    const { faults, now, onEarlyAnswer } = this.#deps;
    const { db } = this.#log;
    db.run('BEGIN IMMEDIATE');
    this.#log.startBatch(now());
    const outcomes = ops.map(runOne);
    const finished = this.#log.finishBatch();
    const output = finished.pending.length === 0 ? null : buildOutput(db, finished);
    if (faults.breaks.includes('answer-before-commit')) onEarlyAnswer(outcomes);
    this.#kill.pass('before-commit');
    db.run('COMMIT');
    this.#kill.pass('committed');
    return { outcomes, output };
  }

  #runPlainly(op: Op): Outcome {
    const { db } = this.#log;
    const written = db.writeCount;
    this.#log.startCommand();
    try {
      return { ok: true, value: this.#call(op) };
    } catch (error) {
      this.#endIfBroken(error);
      if (db.writeCount !== written) throw new NeedsSavepoints();
      this.#log.undoCommand();
      return this.#refusal(error);
    }
  }

  #runWithSavepoint(op: Op): Outcome {
    const { db } = this.#log;
    db.run('SAVEPOINT one');
    this.#log.startCommand();
    try {
      const value = this.#call(op);
      db.run('RELEASE one');
      return { ok: true, value };
    } catch (error) {
      this.#endIfBroken(error);
      db.run('ROLLBACK TO one');
      db.run('RELEASE one');
      this.#log.undoCommand();
      return this.#refusal(error);
    }
  }

  #call({ name, args }: Op): unknown {
    const { procedures } = this.#deps;
    const procedure = Object.hasOwn(procedures, name) ? procedures[name] : undefined;
    if (procedure === undefined) throw new SkerryError('internal');
    return procedure(this.#log, args as never);
  }

  /** SQLite has already undone the group when it ran out of room. */
  #endIfBroken(error: unknown): void {
    if (!this.#deps.driver.inTransaction || isDiskFull(error)) throw error;
  }

  #refusal(error: unknown): Outcome {
    if (error instanceof SkerryError) return failure(error);
    this.#deps.onBug(error);
    return failure(new SkerryError('internal'));
  }

  #failAll(ops: readonly Op[], error: unknown): BatchResult {
    this.#undoAll();
    const code = isDiskFull(error) ? 'disk_full' : isBusy(error) ? 'unavailable' : 'internal';
    if (code === 'internal') this.#deps.onBug(error);
    const failed = failure(new SkerryError(code));
    return { outcomes: ops.map(() => failed), output: null };
  }

  #undoAll(): void {
    this.#log.forget();
    if (this.#deps.driver.inTransaction) this.#deps.driver.exec('ROLLBACK');
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
