import type { KeysHandle } from '@skerry/core';

/** While somebody waits for a new device, and while nobody does. */
export const LOOKED_AT_MS = 4_000;
export const UNSEEN_MS = 60_000;

/**
 * Asks for the own devices again and again: a server tells nobody that a device wants to be let in. Not while the page is
 * hidden. What fails is asked again with the next round. @returns the function that ends it
 */
export function followDevices(keys: Pick<KeysHandle, 'reload'>, everyMs: number): () => void {
  const leaving = new AbortController();
  let isAsking = false;
  const timer = setInterval(() => {
    if (document.hidden || isAsking) return;
    isAsking = true;
    keys
      .reload(leaving.signal)
      .catch(() => undefined)
      .finally(() => (isAsking = false));
  }, everyMs);
  return () => {
    clearInterval(timer);
    leaving.abort();
  };
}
