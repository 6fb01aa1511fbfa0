/** How many of the words that begin so are offered. */
const OFFERED = 6;
/** The first four letters tell every word of the list from the others. */
const TELLING = 4;

/** The words of a text, as a person may have typed, pasted or numbered them. */
export function wordsOf(text: string): readonly string[] {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\d+[.):]?/g, ' ')
    .split(/[\s,;]+/)
    .filter((word) => word !== '');
}

/** Fields for words of the list, each at its place in the phrase. What is typed is kept nowhere else. */
export class WordsInput {
  /** Places in the phrase, from 1, in the order of the fields. */
  readonly positions: readonly number[];
  readonly #list: readonly string[];
  readonly #known: ReadonlySet<string>;
  #values: readonly string[] = $state.raw([]);
  /** The field that is typed in. */
  #current: number | undefined = $state();
  #overflow: number | undefined = $state();

  constructor(positions: readonly number[], list: readonly string[]) {
    this.positions = positions;
    this.#list = list;
    this.#known = new Set(list);
    this.#values = positions.map(() => '');
  }

  get values(): readonly string[] {
    return this.#values;
  }
  get current(): number | undefined {
    return this.#current;
  }
  /** So many words were pasted, and did not fit. */
  get overflow(): number | undefined {
    return this.#overflow;
  }
  get text(): string {
    return this.#values.join(' ').trim();
  }
  get filled(): number {
    return this.#values.filter((value) => value !== '').length;
  }
  get isFull(): boolean {
    return this.filled === this.positions.length;
  }

  /** Words that begin as what is typed now; none once it is a whole word that no longer one begins with. */
  get suggestions(): readonly string[] {
    const typed = this.#current === undefined ? '' : (this.#values[this.#current] ?? '');
    if (typed === '') return [];
    const found: string[] = [];
    for (const word of this.#list) {
      if (found.length === OFFERED) break;
      if (word.startsWith(typed)) found.push(word);
    }
    return found.length === 1 && found[0] === typed ? [] : found;
  }

  /** Whether what stands there can't become a word of the list, or was left without being one. */
  isUnknown(field: number): boolean {
    const value = this.#values[field] ?? '';
    if (value === '' || this.#known.has(value)) return false;
    return field !== this.#current || !this.#list.some((word) => word.startsWith(value));
  }

  /** The first field with something that is no word of the list. */
  get firstUnknown(): number | undefined {
    const at = this.#values.findIndex((_value, field) => this.isUnknown(field));
    return at === -1 ? undefined : at;
  }

  get firstEmpty(): number | undefined {
    const at = this.#values.indexOf('');
    return at === -1 ? undefined : at;
  }

  enter(field: number): void {
    this.#current = field;
  }

  /** A word that only one of the list begins with is completed. */
  leave(field: number): void {
    if (this.#current === field) this.#current = undefined;
    const value = this.#values[field] ?? '';
    if (value.length < TELLING || this.#known.has(value)) return;
    const [only, second] = this.#list.filter((word) => word.startsWith(value));
    if (only !== undefined && second === undefined) this.#set(field, only);
  }

  /** @returns the field to go on with */
  type(field: number, text: string): number {
    this.#overflow = undefined;
    const words = wordsOf(text);
    if (words.length <= 1) {
      this.#set(field, words[0] ?? '');
      // A space after a word means: the next one.
      return words.length === 1 && /\s$/.test(text) ? this.#next(field) : field;
    }
    return this.#spread(field, words);
  }

  take(field: number, word: string): number {
    this.#set(field, word);
    return this.#next(field);
  }

  clear(): void {
    this.#overflow = undefined;
    this.#values = this.positions.map(() => '');
  }

  #spread(field: number, words: readonly string[]): number {
    // The whole phrase belongs to the beginning, wherever it was pasted.
    const from = words.length === this.positions.length ? 0 : field;
    if (from + words.length > this.positions.length) {
      this.#overflow = words.length;
      return field;
    }
    this.#values = this.#values.map((value, at) => words[at - from] ?? value);
    return Math.min(from + words.length, this.positions.length - 1);
  }

  #next(field: number): number {
    return Math.min(field + 1, this.positions.length - 1);
  }

  #set(field: number, value: string): void {
    this.#values = this.#values.with(field, value);
  }
}

/** Three places to ask for, ascending. @param random a number below the given one */
export function placesToAsk(words: number, random: (below: number) => number): readonly number[] {
  const left = Array.from({ length: words }, (_one, at) => at + 1);
  const asked: number[] = [];
  while (asked.length < 3 && left.length > 0) asked.push(...left.splice(random(left.length), 1));
  return asked.sort((a, b) => a - b);
}

/** Even over small numbers: the bias of 2^32 over 24 is below one in a hundred million. */
export function anyBelow(below: number): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value % below;
}
