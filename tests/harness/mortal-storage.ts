import type { CacheStore, StateStore, Storage, TableStore, Write } from '@skerry/core';

/** Where a client dies: right before the k-th commit reaches the storage, or right after, before it hears of it. */
export type Death = { readonly at: number; readonly when: 'before' | 'after' };

/**
 * Storage of a client that dies at a chosen write. From then on nothing is written and nothing is answered any more, as
 * for a page or process that is gone.
 */
export class MortalStorage {
  commits = 0;
  dead = false;
  /** Stores cursor and state in two commits, which the core never does: for showing that the oracle notices. */
  readonly #cursorFirst: boolean;
  readonly #death: Death | undefined;
  readonly #onDeath: () => void;

  constructor(death: Death | undefined, options: { cursorFirst: boolean; onDeath: () => void }) {
    this.#death = death;
    this.#cursorFirst = options.cursorFirst;
    this.#onDeath = options.onDeath;
  }

  around(storage: Storage): Storage {
    return {
      registry: () => storage.registry(),
      vault: () => storage.vault(),
      state: async (entry) => this.#tables<StateStore>(await storage.state(entry)),
      cache: async (entry) => this.#tables<CacheStore>(await storage.cache(entry)),
      destroy: (entry) => storage.destroy(entry),
    };
  }

  #tables<S extends TableStore>(store: S): S {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'commit') {
          return async (...[writes, expect]: Parameters<TableStore['commit']>): Promise<void> => {
            for (const part of this.#parts(writes)) await this.#guarded(() => target.commit(part, expect));
          };
        }
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown =>
          this.dead ? new Promise(() => undefined) : (value as (...all: unknown[]) => unknown).apply(target, args);
      },
    });
  }

  #parts(writes: readonly Write[]): (readonly Write[])[] {
    const cursor = writes.filter((write) => write.table === 'meta');
    const rest = writes.filter((write) => write.table !== 'meta');
    return this.#cursorFirst && cursor.length > 0 && rest.length > 0 ? [cursor, rest] : [writes];
  }

  async #guarded(commit: () => Promise<void>): Promise<void> {
    if (this.dead) return new Promise(() => undefined);
    this.commits += 1;
    const dies = this.commits === this.#death?.at;
    if (dies && this.#death?.when === 'before') return this.#die();
    await commit();
    if (dies) return this.#die();
  }

  #die(): Promise<never> {
    this.dead = true;
    this.#onDeath();
    return new Promise(() => undefined);
  }
}
