import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { createKeybindingsHandler, parseKeybinding } from 'tinykeys';

export type ShortcutGroup = 'everywhere' | 'servers' | 'messages' | 'inbox';

export type Shortcut = {
  /** As tinykeys reads it: `$mod+KeyK`, `Alt+Shift+ArrowUp`, `j`. */
  readonly keys: string;
  /** What it does, for the help dialog. */
  readonly label: string;
  readonly group: ShortcutGroup;
  readonly run: (event: KeyboardEvent) => void;
  /** Works while a dialog, popover or menu is open as well. */
  readonly overDialogs?: boolean;
  /** Listed in the help but handled elsewhere (by the composer, say). */
  readonly shownOnly?: boolean;
  /** Works without being listed: another one stands for it. */
  readonly hidden?: boolean;
};

const SINGLE_KEYS_OFF = 'skerry.singleKeysOff';

/**
 * All shortcuts of the page, registered by the components that own what they do and gone with them. A shortcut
 * without a modifier never fires while a person types, and all of those can be switched off.
 */
export class Shortcuts {
  readonly #registered = new SvelteMap<number, Shortcut>();
  #next = 0;
  #singleKeys: boolean = $state(readSingleKeys());
  #handler: ((event: KeyboardEvent) => void) | undefined;

  constructor(target: Pick<Window, 'addEventListener'>, signal: AbortSignal) {
    target.addEventListener(
      'keydown',
      (event) => {
        if (!event.isComposing && !event.defaultPrevented) this.#handle(event);
      },
      { signal },
    );
  }

  /** Every shortcut that works now, in the order they were registered. */
  get all(): readonly Shortcut[] {
    return [...this.#registered.values()];
  }

  get singleKeys(): boolean {
    return this.#singleKeys;
  }

  set singleKeys(on: boolean) {
    this.#singleKeys = on;
    try {
      if (on) localStorage.removeItem(SINGLE_KEYS_OFF);
      else localStorage.setItem(SINGLE_KEYS_OFF, '1');
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  /** Adds shortcuts; the returned function takes them away. Made for `$effect(() => shortcuts.add(...))`. */
  add(...shortcuts: readonly Shortcut[]): () => void {
    const ids = shortcuts.map((shortcut) => {
      const id = this.#next++;
      this.#registered.set(id, shortcut);
      return id;
    });
    this.#handler = undefined;
    return () => {
      for (const id of ids) this.#registered.delete(id);
      this.#handler = undefined;
    };
  }

  #handle(event: KeyboardEvent): void {
    this.#handler ??= this.#build();
    this.#handler(event);
  }

  #build(): (event: KeyboardEvent) => void {
    const map: Record<string, (event: KeyboardEvent) => void> = {};
    // A later registration of the same keys is the nearer one and wins.
    for (const shortcut of this.#registered.values()) {
      if (shortcut.shownOnly !== true)
        map[shortcut.keys] = (event) => {
          if (this.#applies(shortcut, event)) shortcut.run(event);
        };
    }
    return createKeybindingsHandler(map);
  }

  #applies(shortcut: Shortcut, event: KeyboardEvent): boolean {
    if (
      shortcut.overDialogs !== true &&
      document.querySelector('[role=dialog], [role=alertdialog], [role=menu]') !== null
    )
      return false;
    if (hasModifier(shortcut.keys)) return true;
    return this.#singleKeys && !isTyping(event.target);
  }
}

/** How a shortcut is written for a person: "Ctrl K", or "⌘ K" on a Mac. */
export function keysLabel(keys: string, isMac: boolean): string {
  const [press] = parseKeybinding(keys);
  if (press === undefined) return keys;
  const [modifiers, key] = press;
  const names = modifiers.map((name) => (isMac ? MAC[name] : OTHER[name]) ?? name);
  return [...names, keyName(typeof key === 'string' ? key : key.source)].join(' ');
}

export const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);

const MAC: Record<string, string> = { Meta: '⌘', Control: '⌃', Alt: '⌥', Shift: '⇧' };
const OTHER: Record<string, string> = { Control: 'Ctrl', Meta: 'Win' };
const NAMES: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  Enter: 'Enter',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Delete: 'Del',
  ' ': 'Space',
};

function keyName(key: string): string {
  return NAMES[key] ?? key.replace(/^(Key|Digit)/, '').toUpperCase();
}

function hasModifier(keys: string): boolean {
  return parseKeybinding(keys).some(([modifiers]) => modifiers.some((name) => name !== 'Shift'));
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio]), textarea, select'))
  );
}

function readSingleKeys(): boolean {
  try {
    return localStorage.getItem(SINGLE_KEYS_OFF) === null;
  } catch {
    return true;
  }
}

const [useShortcuts, provideShortcuts] = createContext<Shortcuts>();
export { provideShortcuts, useShortcuts };
