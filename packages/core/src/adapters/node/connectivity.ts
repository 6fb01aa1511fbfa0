import type { Connectivity, WakeReason } from '../../platform.ts';
import { constant } from '../../value.ts';

const LOOK_MS = 10_000;
const SLEPT_MS = 30_000;

/** Node tells nothing of the network; that the device slept shows in a timer that is late. */
export function nodeConnectivity(): Connectivity {
  const listeners = new Set<(reason: WakeReason) => void>();
  let lookedAt = Date.now();
  setInterval(() => {
    const now = Date.now();
    const slept = now - lookedAt - LOOK_MS > SLEPT_MS;
    lookedAt = now;
    if (slept) for (const listener of listeners) listener('resumed');
  }, LOOK_MS).unref();
  return {
    online: constant(true),
    // A program is never away from itself.
    idle: constant(false),
    onWake: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
