/** A value that can be read now and watched. Listeners are told after the value changed and must not throw. */
export interface Subscribable<T> {
  get(): T;
  /** @returns the function that ends the subscription */
  subscribe(listener: () => void): () => void;
}
