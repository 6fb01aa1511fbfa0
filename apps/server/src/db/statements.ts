import type { Bind, Row, SqliteDriver, Statement } from './driver.ts';

type Prepared = { readonly statement: Statement; readonly columns: readonly string[] };

/**
 * Prepared statements of one connection, by their text. SQL is written by hand behind this seam and not made by a
 * query builder: a procedure runs inside a synchronous transaction, where a builder is only cost, and there is one
 * dialect. Another database comes in by giving the features other procedures, not other SQL.
 */
export class Statements {
  readonly #driver: SqliteDriver;
  readonly #prepared = new Map<string, Prepared>();

  constructor(driver: SqliteDriver) {
    this.#driver = driver;
  }

  /** The first row, or `undefined`. */
  get<R extends Row>(sql: string, ...args: Bind[]): R | undefined {
    const { statement, columns } = this.#of(sql);
    const cells = statement.get(args);
    return cells === undefined ? undefined : (toRow(columns, cells) as R);
  }

  all<R extends Row>(sql: string, ...args: Bind[]): R[] {
    const { statement, columns } = this.#of(sql);
    return statement.all(args).map((cells) => toRow(columns, cells) as R);
  }

  /** The first column of the first row, or `undefined` when there is no row. */
  value<V extends Bind>(sql: string, ...args: Bind[]): V | undefined {
    return this.#of(sql).statement.get(args)?.[0] as V | undefined;
  }

  /** The first column of every row. */
  values<V extends Bind>(sql: string, ...args: Bind[]): V[] {
    return this.#of(sql)
      .statement.all(args)
      .map((cells) => cells[0] as V);
  }

  run(sql: string, ...args: Bind[]): void {
    this.#of(sql).statement.run(args);
  }

  /** Whether the statement found a row. */
  has(sql: string, ...args: Bind[]): boolean {
    return this.#of(sql).statement.get(args) !== undefined;
  }

  #of(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#driver.prepare(sql);
    const prepared = { statement, columns: statement.columns() };
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

function toRow(columns: readonly string[], cells: readonly Bind[]): Row {
  const row: Record<string, Bind> = {};
  for (let i = 0; i < columns.length; i++) row[columns[i] ?? ''] = cells[i] ?? null;
  return row;
}
