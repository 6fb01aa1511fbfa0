import { flushSync } from 'svelte';
import type { Subscribable } from '../state/bridge.svelte.ts';

/** A value of the kind the core shows, with a count of those who listen. */
export interface TestValue<T> extends Subscribable<T> {
  set(next: T): void;
  readonly listeners: number;
}

export function value<T>(initial: T): TestValue<T> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set: (next) => {
      current = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    get listeners() {
      return listeners.size;
    },
  };
}

/** Runs functions as effects, as components would; the returned function ends them. */
export function inEffects(...runs: (() => void)[]): () => void {
  const stop = $effect.root(() => {
    for (const run of runs) $effect(run);
  });
  flushSync();
  return stop;
}
