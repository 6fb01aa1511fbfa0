import { EMOJI } from './emoji-data.ts';
import { afterUse, inTone, searchEmoji, type Emoji } from './emoji-search.ts';

export type EmojiTab = 'recent' | number;

export const COLUMNS = 8;
const RECENT = 'skerry.emoji';
const TONE = 'skerry.emojiTone';
/** Offered before anything was used. */
const USUAL = ['👍', '❤️', '😂', '🎉', '👀', '🙏', '✅', '🚀'];
/** Group of the source → tab, in the order shown. */
export const GROUPS: readonly number[] = [0, 1, 3, 4, 5, 6, 7, 8, 9];

/** What the emoji picker shows, and which one Enter would take. Recent ones and the skin tone belong to this device. */
export class EmojiChoice {
  #text = $state('');
  #tab: EmojiTab = $state('recent');
  #at = $state(-1);
  #tone = $state(readTone());
  readonly #recent = readRecent();

  readonly shown: readonly Emoji[] = $derived.by(() => {
    if (this.#text.trim() !== '') return searchEmoji(EMOJI, this.#text);
    const tab = this.#tab;
    if (tab !== 'recent') return EMOJI.filter((emoji) => emoji.group === tab);
    const used = this.#recent.flatMap(
      (one) => EMOJI.find(({ emoji, skins }) => emoji === one || skins.includes(one)) ?? [],
    );
    // Few at first, so the smileys follow.
    return [...new Set([...used, ...EMOJI.filter((emoji) => emoji.group === 0)])];
  });

  get text(): string {
    return this.#text;
  }
  get isSearching(): boolean {
    return this.#text.trim() !== '';
  }
  get tab(): EmojiTab {
    return this.#tab;
  }
  /** The one that is marked, -1 while the person types. */
  get at(): number {
    return Math.min(this.#at, this.shown.length - 1);
  }
  get tone(): number {
    return this.#tone;
  }

  type(text: string): void {
    this.#text = text;
    this.#at = text.trim() === '' ? -1 : 0;
  }

  show(tab: EmojiTab): void {
    this.#tab = tab;
    this.#text = '';
    this.#at = -1;
  }

  /** Moves the mark. @returns false where the key should do what it does in a text field */
  move(key: string): boolean {
    const last = this.shown.length - 1;
    if (last < 0) return false;
    const at = this.at;
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: COLUMNS,
      ArrowUp: -COLUMNS,
      ArrowRight: 1,
      ArrowLeft: -1,
    };
    const step = steps[key];
    if (step === undefined || (at < 0 && key !== 'ArrowDown')) return false;
    const to = at < 0 ? 0 : at + step;
    // Up from the first row goes back to the text.
    this.#at = to < 0 ? (key === 'ArrowUp' ? -1 : 0) : Math.min(to, last);
    return true;
  }

  point(index: number): void {
    this.#at = index;
  }

  /** The emoji in the person's skin tone, remembered as used. */
  take(emoji: Emoji): string {
    const chosen = inTone(emoji, this.#tone);
    store(RECENT, JSON.stringify(afterUse(this.#recent, chosen)));
    return chosen;
  }

  nextTone(): void {
    this.#tone = (this.#tone + 1) % 6;
    store(TONE, String(this.#tone));
  }
}

function readRecent(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(RECENT) ?? '[]');
    const known = Array.isArray(stored) ? stored.filter((one): one is string => typeof one === 'string') : [];
    return [...new Set([...known, ...USUAL])].slice(0, 24);
  } catch {
    return USUAL;
  }
}

function readTone(): number {
  try {
    const tone = Number(localStorage.getItem(TONE) ?? 0);
    return Number.isInteger(tone) && tone >= 0 && tone <= 5 ? tone : 0;
  } catch {
    return 0;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage it is forgotten with the page.
  }
}
