import { abortReason } from './abort.ts';
import type { Subscribable } from './subscribable.ts';

/** The one implementation of {@link Subscribable} that can be set. Setting what is there already tells nobody. */
export class Value<T> implements Subscribable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) tell(listener);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  subscribe(listener: () => void): () => void {
    // A wrapper per subscription, so that one function may listen twice and leave twice.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }
}

/** A listener that throws is a fault that has to be seen, but not by whoever set the value, nor by the other listeners. */
function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    void Promise.reject(error instanceof Error ? error : new Error('a listener threw', { cause: error }));
  }
}

type Values<Sources extends readonly Subscribable<unknown>[]> = {
  [K in keyof Sources]: Sources[K] extends Subscribable<infer T> ? T : never;
};

/** A value made from others, computed when asked for and only when one of them changed since. */
export function derived<const Sources extends readonly Subscribable<unknown>[], T>(
  sources: Sources,
  compute: (...values: Values<Sources>) => T,
): Subscribable<T> {
  let seen: readonly unknown[] | undefined;
  let value: T;
  return {
    get() {
      const now = sources.map((source) => source.get());
      if (seen === undefined || now.some((item, index) => !Object.is(item, seen?.[index]))) {
        value = compute(...(now as Values<Sources>));
        seen = now;
      }
      return value;
    },
    subscribe(listener) {
      const ends = sources.map((source) => source.subscribe(listener));
      return () => ends.forEach((end) => end());
    },
  };
}

/** Follows what `pick` takes out of `outer`, and goes over to the new one when `outer` changes. */
export function followed<Outer, T>(
  outer: Subscribable<Outer>,
  pick: (value: Outer) => Subscribable<T>,
): Subscribable<T> {
  return {
    get: () => pick(outer.get()).get(),
    subscribe(listener) {
      let inner = pick(outer.get());
      let end = inner.subscribe(listener);
      const endOuter = outer.subscribe(() => {
        const next = pick(outer.get());
        if (next === inner) return;
        end();
        inner = next;
        end = inner.subscribe(listener);
        listener();
      });
      return () => {
        endOuter();
        end();
      };
    },
  };
}

/** A value that never changes. */
export function constant<T>(value: T): Subscribable<T> {
  return { get: () => value, subscribe: () => () => undefined };
}

/** Waits until the value is as wanted. @throws the signal's reason when aborted */
export function waitFor<T, U extends T>(
  source: Subscribable<T>,
  wanted: (value: T) => value is U,
  signal?: AbortSignal,
): Promise<U>;
export function waitFor<T>(source: Subscribable<T>, wanted: (value: T) => boolean, signal?: AbortSignal): Promise<T>;
export function waitFor<T>(source: Subscribable<T>, wanted: (value: T) => boolean, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const check = (): void => {
      const value = source.get();
      if (!wanted(value)) return;
      leave();
      resolve(value);
    };
    const abort = (): void => {
      leave();
      if (signal !== undefined) reject(abortReason(signal));
    };
    const end = source.subscribe(check);
    const leave = (): void => {
      end();
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort);
    check();
  });
}
