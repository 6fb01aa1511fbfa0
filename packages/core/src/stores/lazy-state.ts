import { memoryState } from './memory-tables.ts';
import type { Expect, Key, Range, Row, StateStore, Write } from './stores.ts';

/**
 * A state store that is being opened. One that is broken was set aside by its adapter, so opening is tried once more;
 * after that the session goes on with one in memory, and the person has been told.
 */
export class LazyState implements StateStore {
  readonly durability = 'strict';
  #store: Promise<StateStore>;
  readonly #onBroken: () => void;

  constructor(open: () => Promise<StateStore>, onBroken: () => void) {
    this.#onBroken = onBroken;
    this.#store = open().catch(() => {
      onBroken();
      return open().catch(() => memoryState());
    });
  }

  /** What is stored can't be read: it is left alone, and the session goes on in memory. */
  async fallBack(): Promise<void> {
    const broken = await this.#store;
    this.#onBroken();
    this.#store = Promise.resolve(memoryState());
    await Promise.resolve(broken[Symbol.asyncDispose]()).catch(() => undefined);
  }

  async get(table: string, key: Key): Promise<Row | undefined> {
    return (await this.#store).get(table, key);
  }

  async range(table: string, range: Range): Promise<readonly Row[]> {
    return (await this.#store).range(table, range);
  }

  async count(table: string): Promise<number> {
    return (await this.#store).count(table);
  }

  async commit(writes: readonly Write[], expect?: readonly Expect[]): Promise<void> {
    return (await this.#store).commit(writes, expect);
  }

  async size(): Promise<number | null> {
    return (await this.#store).size();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#store)[Symbol.asyncDispose]();
  }
}
