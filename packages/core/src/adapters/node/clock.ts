import type { Clock } from '../../platform.ts';

/** Timers hold 31 bits; a longer wait is cut, and whoever waits looks at the time again. */
const LONGEST_MS = 2 ** 31 - 1;

/** Its timers keep a program running: a client that waits for its next try is not done. */
export const nodeClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const reason = (): Error =>
        signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
      if (signal.aborted) return reject(reason());
      const abort = (): void => {
        clearTimeout(timer);
        reject(reason());
      };
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
        Math.min(ms, LONGEST_MS),
      );
      signal.addEventListener('abort', abort, { once: true });
    }),
  after: (ms, task) => {
    const timer = setTimeout(task, Math.min(ms, LONGEST_MS));
    return () => clearTimeout(timer);
  },
};
