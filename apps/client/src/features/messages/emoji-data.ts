// As text: a module of 2,000 literals would be parsed as code, and typed as 2,000 types.
import source from 'emoji-picker-element-data/en/emojibase/data.json?raw';
import type { Emoji } from './emoji-search.ts';

type Row = {
  readonly emoji: string;
  readonly annotation: string;
  readonly shortcodes?: readonly string[];
  readonly tags?: readonly string[];
  readonly group: number;
  readonly version: number;
  readonly skins?: readonly { readonly emoji: string; readonly tone: number | readonly number[] }[];
};

/** Newer ones are missing from the fonts of most systems and would show as boxes. */
const NEWEST = 15;
/** Parts that only exist to be combined with others. */
const COMPONENTS = 2;

/** Every emoji in the usual order. Fetched with the app's own files, so that looking for one tells nobody. */
export const EMOJI: readonly Emoji[] = (JSON.parse(source) as readonly Row[])
  .filter((row) => row.version <= NEWEST && row.group !== COMPONENTS)
  .map((row) => ({
    emoji: asSent(row.emoji),
    name: row.annotation,
    codes: row.shortcodes ?? [],
    words: row.tags ?? [],
    group: row.group,
    skins: (row.skins ?? []).flatMap(({ emoji, tone }) => (typeof tone === 'number' ? [asSent(emoji)] : [])),
  }));

/** Without the selector that asks for a picture where a picture is drawn anyway: one spelling means one reaction. */
function asSent(emoji: string): string {
  return emoji.replace(/(\p{Emoji_Presentation})\ufe0f/gu, '$1');
}
