import { createSubscriber } from 'svelte/reactivity';

/** The shape in which the headless core shows a value that changes. */
export interface Subscribable<T> {
  get(): T;
  /** Calls `listener` after each change; the returned function ends that. */
  subscribe(listener: () => void): () => void;
}

/** A value of the core as Svelte reads it: `.current` inside an effect or template follows every change. */
export interface Bridged<T> {
  readonly current: T;
}

/**
 * The only place where the core meets runes. Subscribes when the first effect reads `.current`, unsubscribes when the
 * last one is gone, and outside effects simply reads. The source is given as a function so that a component may
 * point it at another subscribable (another channel, another server) without being mounted anew.
 */
export function bridge<T>(source: () => Subscribable<T>): Bridged<T> {
  const connected = $derived.by(() => {
    const subscribable = source();
    const follow = createSubscriber((update) => subscribable.subscribe(update));
    return {
      read: (): T => {
        follow();
        return subscribable.get();
      },
    };
  });
  return {
    get current() {
      return connected.read();
    },
  };
}
