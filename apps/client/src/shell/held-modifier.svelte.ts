const SHOW_AFTER_MS = 300;

/**
 * Whether the modifiers of the "go to server by number" shortcut have been held for a moment, so that the rail can
 * show the numbers. Ends when one is let go, when another key is pressed and when the window loses the focus.
 */
export class HeldModifier {
  #held: boolean = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(target: Pick<Window, 'addEventListener'>, wanted: readonly string[], signal: AbortSignal) {
    const down = new Set<string>();
    const end = (): void => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#held = false;
    };
    target.addEventListener(
      'keydown',
      (event) => {
        if (!wanted.includes(event.key)) {
          end();
          return;
        }
        down.add(event.key);
        if (down.size === wanted.length)
          this.#timer ??= setTimeout(() => {
            this.#held = true;
          }, SHOW_AFTER_MS);
      },
      { signal },
    );
    target.addEventListener(
      'keyup',
      (event) => {
        down.delete(event.key);
        end();
      },
      { signal },
    );
    target.addEventListener(
      'blur',
      () => {
        down.clear();
        end();
      },
      { signal },
    );
    signal.addEventListener('abort', end);
  }

  get isHeld(): boolean {
    return this.#held;
  }
}
