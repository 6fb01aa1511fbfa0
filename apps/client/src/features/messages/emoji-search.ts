export type Emoji = {
  readonly emoji: string;
  /** Its name in words, for screen readers and the search. */
  readonly name: string;
  /** As in `:wave:`, without the colons. */
  readonly codes: readonly string[];
  readonly words: readonly string[];
  readonly group: number;
  /** The same in five skin tones, light to dark; empty where it has none. */
  readonly skins: readonly string[];
};

/** Emoji that fit every word typed, best first: by short code, by name, by what they are about. */
export function searchEmoji(all: readonly Emoji[], typed: string, limit = 80): readonly Emoji[] {
  const wanted = typed.toLocaleLowerCase().replace(/^:|:$/g, '').trim();
  if (wanted === '') return [];
  const words = wanted.split(/[\s_-]+/u).filter((word) => word !== '');
  const found: { emoji: Emoji; score: number; order: number }[] = [];
  for (const [order, emoji] of all.entries()) {
    const score = scoreOf(emoji, wanted, words);
    if (score !== undefined) found.push({ emoji, score, order });
  }
  return found
    .sort((a, b) => a.score - b.score || a.order - b.order)
    .slice(0, limit)
    .map(({ emoji }) => emoji);
}

function scoreOf({ codes, name, words }: Emoji, wanted: string, parts: readonly string[]): number | undefined {
  if (codes.includes(wanted)) return 0;
  if (codes.some((code) => code.startsWith(wanted))) return 1;
  if (name.startsWith(wanted)) return 2;
  const inName = name.split(/[\s:]+/u);
  const fits = (part: string): boolean =>
    inName.some((word) => word.startsWith(part)) ||
    words.some((word) => word.startsWith(part)) ||
    codes.some((code) => code.split('_').some((word) => word.startsWith(part)));
  return parts.every(fits) ? 3 : undefined;
}

/** The emoji in a skin tone: 0 as it is, 1 to 5 light to dark. */
export function inTone({ emoji, skins }: Emoji, tone: number): string {
  return skins[tone - 1] ?? emoji;
}

/** The ones used last, newest first and each once. */
export function afterUse(recent: readonly string[], used: string, limit = 16): readonly string[] {
  return [used, ...recent.filter((one) => one !== used)].slice(0, limit);
}
