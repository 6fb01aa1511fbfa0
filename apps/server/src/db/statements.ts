import type { Bind, Row, SqliteDriver, Statement } from './driver.ts';
import type { Memo } from './memo.ts';

type Prepared = {
  readonly statement: Statement;
  readonly columns: readonly string[];
  /** The table it changes, if it does. */
  readonly writes: string | undefined;
};

const WRITES = /^\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+(\w+)/i;

/**
 * Prepared statements of one connection, by their text. SQL is written by hand behind this seam and not made by a
 * query builder: a procedure runs inside a synchronous transaction, where a builder is only cost, and there is one
 * dialect. Another database comes in by giving the features other procedures, not other SQL.
 */
export class Statements {
  readonly #driver: SqliteDriver;
  readonly #memo: Memo | null;
  readonly #prepared = new Map<string, Prepared>();
  #writeCount = 0;

  /** @param memo for the connection that alone writes; `null` for every other one */
  constructor(driver: SqliteDriver, memo: Memo | null = null) {
    this.#driver = driver;
    this.#memo = memo;
  }

  /** Statements that changed something, or tried to, so far. */
  get writeCount(): number {
    return this.#writeCount;
  }

  /** The first row, or `undefined`. */
  get<R extends Row>(sql: string, ...args: Bind[]): R | undefined {
    const prepared = this.#of(sql);
    const cells = prepared.statement.get(args);
    if (prepared.writes !== undefined) this.#written(prepared.writes);
    return cells === undefined ? undefined : (toRow(prepared.columns, cells) as R);
  }

  all<R extends Row>(sql: string, ...args: Bind[]): R[] {
    const { columns } = this.#of(sql);
    return this.#cells(sql, args).map((cells) => toRow(columns, cells) as R);
  }

  /** The first column of the first row, or `undefined` when there is no row. */
  value<V extends Bind>(sql: string, ...args: Bind[]): V | undefined {
    const prepared = this.#of(sql);
    const cells = prepared.statement.get(args);
    if (prepared.writes !== undefined) this.#written(prepared.writes);
    return cells?.[0] as V | undefined;
  }

  /** The first column of every row. */
  values<V extends Bind>(sql: string, ...args: Bind[]): V[] {
    return this.#cells(sql, args).map((cells) => cells[0] as V);
  }

  run(sql: string, ...args: Bind[]): void {
    const prepared = this.#of(sql);
    prepared.statement.run(args);
    if (prepared.writes !== undefined) this.#written(prepared.writes);
  }

  /** Whether the statement found a row. */
  has(sql: string, ...args: Bind[]): boolean {
    return this.#of(sql).statement.get(args) !== undefined;
  }

  /** What `load` gives, kept where that is safe until one of these tables is written. It must read from no other ones. */
  remember<T>(key: string, tables: readonly string[], load: () => T): T {
    return this.#memo === null ? load() : this.#memo.get(key, tables, load);
  }

  /** After writes were undone. */
  forget(): void {
    this.#memo?.clear();
  }

  #cells(sql: string, args: readonly Bind[]): Bind[][] {
    const { statement, writes } = this.#of(sql);
    const rows = statement.all(args);
    if (writes !== undefined) this.#written(writes);
    return rows;
  }

  #written(table: string): void {
    this.#writeCount += 1;
    this.#memo?.written(table);
  }

  #of(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#driver.prepare(sql);
    const prepared = { statement, columns: statement.columns(), writes: WRITES.exec(sql)?.[1]?.toLowerCase() };
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

function toRow(columns: readonly string[], cells: readonly Bind[]): Row {
  const row: Record<string, Bind> = {};
  for (let i = 0; i < columns.length; i++) row[columns[i] ?? ''] = cells[i] ?? null;
  return row;
}
