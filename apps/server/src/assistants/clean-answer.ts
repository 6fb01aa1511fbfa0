import { safeText } from '@skerry/protocol';
import type { Knowledge } from './knowledge-reads.ts';

const URLS = /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|\bwww\.)[^\s<>"'`\\()[\]{}|^]+/gi;
const TRAILING = /[.,;:!?*_~]+$/;
/** What is left in the place of an address that is none of the assistant's own. */
const REMOVED = '[link removed]';

/**
 * Makes what a model wrote harmless to show: an address could carry away what was said, so only those stay that stand
 * word for word in what the person set up; nobody is called by it. T16, T17
 */
export function cleaner({ guild, websites }: Knowledge): (text: string) => string {
  const own = [guild.information, guild.rules, guild.personality].flatMap((text) => text.match(URLS) ?? []);
  const known = new Set([...own.map(bare), ...websites.map(({ url }) => bare(url))]);
  return (text) =>
    safeText(text)
      .replace(URLS, (url) => (known.has(bare(url)) ? url : REMOVED + (TRAILING.exec(url)?.[0] ?? '')))
      .replace(/@(everyone|here)\b/gi, '$1')
      .replace(/<@[&!]?\d{1,20}>/g, 'someone');
}

const bare = (url: string): string => url.replace(TRAILING, '').replace(/\/$/, '');

/** At most so many code points, ending with a sentence or a word where that is near. */
export function shorten(text: string, most: number): string {
  const letters = Array.from(text);
  if (letters.length <= most) return text;
  const cut = letters.slice(0, most - 1).join('');
  const end = Math.max(cut.lastIndexOf('. '), cut.lastIndexOf('\n'), cut.lastIndexOf(' '));
  return `${(end > cut.length * 0.7 ? cut.slice(0, end) : cut).trimEnd()}…`;
}
