import { flushSync } from 'svelte';

/** Makes something that runs effects, as a component would while it starts. `stop` is what its leaving would be. */
export function inRoot<T>(make: () => T): { readonly value: T; readonly stop: () => void } {
  const held: { value?: T } = {};
  const stop = $effect.root(() => {
    held.value = make();
  });
  flushSync();
  return { value: held.value as T, stop };
}
