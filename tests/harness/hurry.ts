import type { Clock } from '@skerry/core';

/** A clock that runs so many times faster, so that waits of a minute take seconds. Waits end in the same order. */
export function hurried(clock: Clock, factor: number): Clock {
  const start = clock.now();
  return {
    now: () => start + (clock.now() - start) * factor,
    sleep: (ms, signal) => clock.sleep(ms / factor, signal),
    after: (ms, task) => clock.after(ms / factor, task),
  };
}
