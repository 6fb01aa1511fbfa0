import type { Exclusive } from '../ports.ts';

/** One after another within this process; what bears different names runs side by side. */
export function createQueues(): Exclusive {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(name, work) {
      const before = tails.get(name) ?? Promise.resolve();
      const mine = before.then(work, work);
      // The tail never rejects: a failed piece of work must not fail the next one.
      const tail = mine.catch(() => undefined);
      tails.set(name, tail);
      try {
        return await mine;
      } finally {
        if (tails.get(name) === tail) tails.delete(name);
      }
    },
  };
}

/** The part of the Web Locks API that is used. */
export interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/**
 * One after another over all tabs of an origin.
 * @param namespace differs between server entries, so that they never wait for each other
 */
export function createTabLocks(locks: Locks, namespace: string): Exclusive {
  return { run: (name, work) => locks.request(`${namespace}/${name}`, work) };
}
