import type { Storage } from '../platform.ts';
import { StoreBroken, StoreFull, type TableStore } from '../stores/stores.ts';

/**
 * A storage whose process can die: from then on nothing is written and no call comes back, as for a page that was killed.
 * Deaths can be set to a write, to happen right before it or right after it.
 */
export class MortalStorage {
  readonly storage: Storage;
  /** No room is left: every write is refused. */
  isFull = false;
  /** The databases fail: nothing can be read or written. */
  isBroken = false;
  /** Told of every call. */
  onCall: (name: string) => void = () => undefined;
  /** Writes so far. */
  commits = 0;
  #dead = false;
  #dieAt: { readonly commit: number; readonly written: boolean } | undefined;

  constructor(storage: Storage) {
    this.storage = {
      ...storage,
      state: async (entry) => this.#wrap(await storage.state(entry)),
      cache: async (entry) => this.#wrap(await storage.cache(entry)),
    };
  }

  get isDead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
  }

  /** Dies at the write with that number (from 1): `written` says whether that one is still done. */
  dieAt(commit: number, written: boolean): void {
    this.#dieAt = { commit, written };
  }

  #wrap<T extends TableStore>(store: T): T {
    return new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          this.onCall(String(name));
          if (this.#dead) return new Promise(() => undefined);
          if (this.isBroken && name !== Symbol.asyncDispose) return Promise.reject(new StoreBroken('The disk is gone'));
          const call = (): unknown => value.apply(target, args) as unknown;
          return name === 'commit' ? this.#commit(call as () => Promise<void>) : call();
        };
      },
    });
  }

  async #commit(commit: () => Promise<void>): Promise<void> {
    if (this.isFull) throw new StoreFull('No room is left');
    this.commits += 1;
    const dies = this.#dieAt?.commit === this.commits;
    if (dies) this.#dead = true;
    if (!dies || this.#dieAt?.written === true) await commit();
    if (this.#dead) await new Promise(() => undefined);
  }
}
