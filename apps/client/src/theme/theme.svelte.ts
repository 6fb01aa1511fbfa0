import { createContext } from 'svelte';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'skerry.theme';
const BAR = { light: '#E8E6E1', dark: '#0E0F12' } as const;

/**
 * The theme of this device. `boot.js` has already painted it; this follows the system and the person's choice from
 * there. It is a matter of the device, so it lives in local storage and not with any server.
 */
export class Theme {
  #choice: ThemeChoice = $state(readChoice());
  #systemDark: boolean = $state(matchMedia('(prefers-color-scheme: dark)').matches);

  constructor(signal: AbortSignal) {
    const query = matchMedia('(prefers-color-scheme: dark)');
    query.addEventListener(
      'change',
      (event) => {
        this.#systemDark = event.matches;
        this.#paint();
      },
      { signal },
    );
    // Another tab of this origin may change it.
    addEventListener(
      'storage',
      (event) => {
        if (event.key === KEY) {
          this.#choice = readChoice();
          this.#paint();
        }
      },
      { signal },
    );
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  get isDark(): boolean {
    return this.#choice === 'dark' || (this.#choice === 'system' && this.#systemDark);
  }

  choose(choice: ThemeChoice): void {
    this.#choice = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Storage is off: the choice lasts as long as the page.
    }
    this.#paint();
  }

  #paint(): void {
    const name = this.isDark ? 'dark' : 'light';
    document.documentElement.dataset['theme'] = name;
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', BAR[name]);
  }
}

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

const [useTheme, provideTheme] = createContext<Theme>();
export { provideTheme, useTheme };
