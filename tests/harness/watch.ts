import type { Subscribable } from '@skerry/core';

/**
 * Waits until a watched value is as wanted.
 * @throws Error that shows the value it stayed at
 */
export function until<T, W extends T>(
  source: Subscribable<T>,
  wanted: (value: T) => value is W,
  timeoutMs?: number,
): Promise<W>;
export function until<T>(source: Subscribable<T>, wanted: (value: T) => boolean, timeoutMs?: number): Promise<T>;
export async function until<T>(source: Subscribable<T>, wanted: (value: T) => boolean, timeoutMs = 10_000): Promise<T> {
  const now = source.get();
  if (wanted(now)) return now;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      leave();
      reject(new Error(`it stayed at ${show(source.get())}`));
    }, timeoutMs);
    const leave = source.subscribe(() => {
      const value = source.get();
      if (!wanted(value)) return;
      clearTimeout(timer);
      leave();
      resolve(value);
    });
  });
}

/** Waits until something is so, looking every few milliseconds. @throws Error with `what` it was waiting for */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it never happened that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : part));
  return text === undefined ? String(value) : text.slice(0, 1_000);
}
