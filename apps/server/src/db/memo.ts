/** More than this is not worth keeping. */
const MOST_KEPT = 50_000;

/**
 * Answers of the one connection that writes, kept until a table they were read from is written. No other connection
 * changes the database, so nothing kept here can be out of date.
 */
export class Memo {
  readonly #kept = new Map<string, unknown>();
  readonly #keysOf = new Map<string, Set<string>>();

  /** What `load` gave for this key; it may read from these tables only. */
  get<T>(key: string, tables: readonly string[], load: () => T): T {
    if (this.#kept.has(key)) return this.#kept.get(key) as T;
    const value = load();
    if (this.#kept.size >= MOST_KEPT) this.clear();
    this.#kept.set(key, value);
    for (const table of tables) {
      const keys = this.#keysOf.get(table) ?? new Set();
      this.#keysOf.set(table, keys.add(key));
    }
    return value;
  }

  /** A table was written. */
  written(table: string): void {
    const keys = this.#keysOf.get(table);
    if (keys === undefined) return;
    this.#keysOf.delete(table);
    for (const key of keys) this.#kept.delete(key);
  }

  /** Writes were undone, so what was read in between may never have been. */
  clear(): void {
    this.#kept.clear();
    this.#keysOf.clear();
  }
}
