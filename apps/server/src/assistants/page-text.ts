import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';

export type PageText = { readonly title: string | null; readonly content: string };

/** More than this is no page that a person reads; building a tree of it takes minutes. */
const MOST_TAGS = 50_000;

const BLOCK =
  /^<\/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|td|th|tr|ul)\b/i;
/** What is between such a tag and its end is shown to nobody. */
const UNSHOWN = /^<(script|style|noscript|template|title)\b/i;

/** Characters of a page's text that are looked at, blanks included; of a title. */
const MOST_TEXT = 200_000;
const MOST_TITLE = 1_000;

/** The article of a page; what is no article gives all of its text. No script of it runs and nothing of it is loaded. */
export function pageText(html: string): PageText {
  const { title, content } = articleOf(html);
  const shown = content.replace(/[^\S\n]+/g, ' ').slice(0, MOST_TEXT);
  return { title: title?.slice(0, MOST_TITLE) ?? null, content: shown };
}

/** What is found without building a tree, of the beginning of a page that took too long. */
export function hurriedText(html: string): PageText {
  return { title: titleOf(html), content: allTextOf(html.slice(0, 2 * MOST_TEXT)) };
}

function articleOf(html: string): PageText {
  const title = titleOf(html);
  if (tagsOf(html) > MOST_TAGS) return { title, content: allTextOf(html) };
  try {
    const { document } = parseHTML(wholePage(html)) as unknown as { document: unknown };
    const article = new Readability(document, { charThreshold: 100, maxElemsToParse: MOST_TAGS }).parse();
    // By its tags, since the text of a tree has no lines.
    const content = allTextOf(article?.content ?? '');
    return { title: article?.title || title, content: content.trim() === '' ? allTextOf(html) : content };
  } catch {
    return { title, content: allTextOf(html) };
  }
}

/** Everything a page would show, found in one pass whatever the page is made of. */
function allTextOf(html: string): string {
  const lower = html.toLowerCase();
  const parts: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    parts.push(html.slice(at, open < 0 ? html.length : open));
    if (open < 0) break;
    const start = html.slice(open, open + 16);
    if (!/^<[a-z/!?]/i.test(start)) {
      parts.push('<');
      at = open + 1;
      continue;
    }
    const unshown = UNSHOWN.exec(start)?.[1]?.toLowerCase();
    const from = unshown === undefined ? open : lower.indexOf(`</${unshown}`, open);
    const end = start.startsWith('<!--') ? html.indexOf('-->', open) : from < 0 ? -1 : html.indexOf('>', from);
    if (end < 0) break;
    if (BLOCK.test(start)) parts.push('\n');
    at = html.indexOf('>', end) + 1;
  }
  return decoded(parts.join(''));
}

function titleOf(html: string): string | null {
  const open = html.search(/<title[\s>]/i);
  const from = open < 0 ? -1 : html.indexOf('>', open);
  if (from < 0) return null;
  const end = html.indexOf('<', from);
  return decoded(html.slice(from + 1, Math.min(end < 0 ? html.length : end, from + MOST_TITLE)));
}

/** The parser wants what a browser adds by itself: a page may do without the tags around its head and body. */
function wholePage(html: string): string {
  if (/<html[\s>]/i.test(html) && /<body[\s>]/i.test(html)) return html;
  const inner = html.replace(/<!doctype[^>]*>|<\/?(?:html|head|body)\b[^>]*>|<title[^>]*>[^<]*<\/title>/gi, '');
  return `<!doctype html><html><head></head><body>${inner}</body></html>`;
}

function tagsOf(html: string): number {
  let tags = 0;
  for (let at = html.indexOf('<'); at >= 0 && tags <= MOST_TAGS; at = html.indexOf('<', at + 1)) tags += 1;
  return tags;
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decoded(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,5}));/gi,
    (whole: string, ...of: (string | undefined)[]) => {
      const [decimal, hex, name] = of;
      if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
      const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return point <= 0x10_ffff ? String.fromCodePoint(point) : whole;
    },
  );
}
