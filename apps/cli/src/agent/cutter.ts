import { AGENT_LIMITS } from '@skerry/protocol/agents';

/** Characters and counts that are left at each step down; the first one fits nearly everything. */
const STEPS = 8;

/**
 * Makes texts and lists fit the limits of what goes to a person's devices, and knows whether anything was lost by it. What
 * is still too large as bytes is made again one step narrower.
 */
export class Cutter {
  /** Something was longer. */
  cut = false;
  readonly #step: number;

  constructor(step = 0) {
    this.#step = step;
  }

  text(text: string): string {
    return this.short(text, AGENT_LIMITS.text >> this.#step);
  }

  path(path: string): string {
    return this.short(path, AGENT_LIMITS.path >> this.#step);
  }

  /** Never ends in half of a character. */
  short(text: string, most: number): string {
    if (text.length <= most) return text;
    this.cut = true;
    return text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
  }

  list<T, U>(items: readonly T[], most: number, each: (item: T) => U): U[] {
    const count = Math.max(1, most >> this.#step);
    if (items.length > count) this.cut = true;
    return items.slice(0, count).map(each);
  }
}

/**
 * The largest form of something whose JSON has at most so many bytes.
 * @param make makes it with texts and lists cut by what it is given
 */
export function fitted<T>(most: number, make: (cutter: Cutter) => T): T {
  for (let step = 0; ; step++) {
    const made = make(new Cutter(step));
    if (step === STEPS || Buffer.byteLength(JSON.stringify(made)) <= most) return made;
  }
}

/** A name as everybody may show it: one line, cut without a word. */
export const named = (text: string, most: number = AGENT_LIMITS.name): string =>
  new Cutter().short(text.replaceAll(/\s+/g, ' ').trim(), most);
