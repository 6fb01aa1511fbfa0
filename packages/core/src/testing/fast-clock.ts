import type { Clock } from '../platform.ts';

/** Time that runs many times faster than it does, for what waits on real work in between. */
export function fastClock(speed: number, start = 1_750_000_000_000): Clock {
  const began = performance.now();
  return {
    now: () => Math.round(start + (performance.now() - began) * speed),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms / speed);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason as Error);
        });
      }),
    after: (ms, task) => {
      const timer = setTimeout(task, ms / speed);
      return () => clearTimeout(timer);
    },
  };
}
