import MarkdownIt from 'markdown-it';
import type { Document } from './nodes.ts';
import { treeOf } from './tree.ts';
import { externalTarget } from '../external-target.ts';

/** UTF-16 units. Above what any server may accept; a longer text is shown as it is, unparsed and cut. */
export const MAX_PARSED = 20_000;

const MENTION = /^<@([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})>/;
const PICTURE = String.raw`\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?[\u{e0020}-\u{e007f}]*`;
const ONE_EMOJI = String.raw`(?:\p{RI}\p{RI}|[0-9#*]\ufe0f?\u20e3|${PICTURE}(?:\u200d${PICTURE})*)`;
const EMOJI_ONLY = new RegExp(`^(?:${ONE_EMOJI}\\s*){1,8}$`, 'u');
/** Signs such as © count as pictographic but are drawn as text. */
const DRAWN_AS_PICTURE = /\p{Emoji_Presentation}|\ufe0f|\u20e3|\p{RI}/u;

const parser = withRules(MarkdownIt);
const known = new Map<string, Document>();
const KEPT = 400;

/**
 * Reads the Markdown of one message. Total: any text gives a document, at worst one paragraph of plain text.
 * The same text gives the same document object, so a row that scrolls back into view costs nothing.
 */
export function parseMessage(text: string): Document {
  const kept = known.get(text);
  if (kept !== undefined) return kept;
  const document = parse(text);
  if (known.size >= KEPT) known.delete(known.keys().next().value ?? '');
  known.set(text, document);
  return document;
}

function parse(text: string): Document {
  if (text.length > MAX_PARSED) return plain(`${text.slice(0, MAX_PARSED)}…`);
  try {
    const blocks = treeOf(parser.parse(text, {}));
    const trimmed = text.trim();
    const emojiOnly = trimmed.length <= 100 && EMOJI_ONLY.test(trimmed) && DRAWN_AS_PICTURE.test(trimmed);
    return { blocks, emojiOnly };
  } catch {
    return plain(text);
  }
}

function plain(text: string): Document {
  return { blocks: [{ kind: 'paragraph', children: [{ kind: 'text', text }] }], emojiOnly: false };
}

/** The parser is told what a message may hold. */
export function withRules(Parser: typeof MarkdownIt): InstanceType<typeof MarkdownIt> {
  const markdown = new Parser('default', {
    html: false,
    linkify: true,
    breaks: true,
    typographer: false,
    maxNesting: 20,
  });
  // No pictures from outside, no headings that shout, no markup, and no rule whose tables were left out of the bundle.
  // Most are not even in the bundle (lean-markdown.ts), which is no reason to fail.
  markdown.disable(
    ['image', 'heading', 'lheading', 'hr', 'reference', 'table', 'html_block', 'html_inline', 'entity', 'code'],
    true,
  );
  markdown.validateLink = (address) => externalTarget(address) !== undefined;
  markdown.normalizeLink = (address) => externalTarget(address)?.href ?? '';
  // Not decoded: what looks like another alphabet must stay visible as such.
  markdown.normalizeLinkText = (address) => address;
  markdown.inline.ruler.before('autolink', 'mention', (state, silent) => {
    const match = MENTION.exec(state.src.slice(state.pos, state.pos + 39));
    if (match === null) return false;
    if (!silent) state.push('mention', '', 0).content = match[1] ?? '';
    state.pos += match[0].length;
    return true;
  });
  return markdown;
}
