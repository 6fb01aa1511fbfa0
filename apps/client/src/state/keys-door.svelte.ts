import { createContext } from 'svelte';

/** `make` a master secret, `enter` the 24 words, `unlock` with the passphrase, `link` from another device, see the `words`. */
export type KeysDoorKind = 'make' | 'enter' | 'unlock' | 'link' | 'words';

/**
 * The dialogs in which a person comes by their keys. Asked for from anywhere a thing waits for keys, drawn by one view
 * above the page, so that what was being done stays as it was.
 */
export class KeysDoor {
  #open: KeysDoorKind | undefined = $state();
  #settle: (() => void) | undefined;

  get open(): KeysDoorKind | undefined {
    return this.#open;
  }

  /** Opens it; resolves when it was closed, whatever came of it. One that is open gives way. */
  ask(kind: KeysDoorKind): Promise<void> {
    this.#settle?.();
    this.#open = kind;
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  close(): void {
    this.#open = undefined;
    this.#settle?.();
    this.#settle = undefined;
  }
}

const [useKeysDoor, provideKeysDoor] = createContext<KeysDoor>();
export { provideKeysDoor, useKeysDoor };
