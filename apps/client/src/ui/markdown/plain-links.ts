/** An address found in a text: where it stands, and as what it is shown and opened. */
type Found = {
  readonly schema: string;
  readonly index: number;
  readonly lastIndex: number;
  readonly raw: string;
  readonly text: string;
  readonly url: string;
};

const ADDRESS = String.raw`(?:https?:\/\/|mailto:)[^\s<>"\u0000-\u001f\u007f]+`;
/** Not in the middle of a word: `xhttps://…` is not one. */
const ANYWHERE = String.raw`(?<![\p{L}\p{N}_])${ADDRESS}`;
const FIRST = new RegExp(ANYWHERE, 'iu');
/** Nobody else may use it: where one search ended, the next would begin. */
const EVERY = new RegExp(ANYWHERE, 'giu');
const AT_START = new RegExp(`^${ADDRESS}`, 'iu');
const TRAILING = new Set([...'.,;:!?\'"*_~|`…']);
const CLOSING = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);

/**
 * Finds whole addresses in plain text: http, https and mailto, nothing guessed ("readme.md" leads nowhere). Stands in
 * for the parser's own finder, which also knows bare hosts and is five times this size. What it finds still has to pass
 * the gate for addresses. Time is linear in the text.
 */
export class LinkifyIt {
  test(text: string): boolean {
    return FIRST.test(text);
  }

  match(text: string): Found[] | null {
    const found = [...text.matchAll(EVERY)]
      .map((match) => foundAt(match[0], match.index))
      .filter((one) => one !== null);
    return found.length === 0 ? null : found;
  }

  matchAtStart(text: string): Found | null {
    const match = AT_START.exec(text);
    return match === null ? null : foundAt(match[0], 0);
  }
}

function foundAt(raw: string, index: number): Found | null {
  const text = withoutTail(raw);
  const schema = text.slice(0, text.indexOf(':') + 1).toLowerCase();
  if (text.length <= schema.length + (schema === 'mailto:' ? 0 : 2)) return null;
  return { schema, index, lastIndex: index + text.length, raw: text, text, url: text };
}

/** What ends a sentence or closes a bracket that was opened before the address does not belong to it. */
function withoutTail(text: string): string {
  let end = text.length;
  const open = new Map<string, number>();
  for (const character of text) open.set(character, (open.get(character) ?? 0) + 1);
  for (; end > 0; end -= 1) {
    const last = text.charAt(end - 1);
    const opener = CLOSING.get(last);
    const isUnopened = opener !== undefined && (open.get(last) ?? 0) > (open.get(opener) ?? 0);
    if (!TRAILING.has(last) && !isUnopened) break;
    open.set(last, (open.get(last) ?? 1) - 1);
  }
  return text.slice(0, end);
}
