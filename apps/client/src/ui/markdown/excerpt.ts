import type { Block, Inline } from './nodes.ts';
import { parseMessage } from './parse.ts';

/** One line of a message without marks: for previews, replies and notifications. */
export function excerpt(text: string, nameOf: (account: string) => string | undefined, max = 200): string {
  const line = blocksText(parseMessage(text.slice(0, max * 4)).blocks, nameOf)
    .replace(/\s+/g, ' ')
    .trim();
  if (line.length <= max) return line;
  // Not in the middle of a surrogate pair.
  return `${line.slice(0, max).replace(/[\ud800-\udbff]$/, '')}…`;
}

function blocksText(blocks: readonly Block[], nameOf: (account: string) => string | undefined): string {
  return blocks
    .map((block) => {
      switch (block.kind) {
        case 'paragraph':
          return inlineText(block.children, nameOf);
        case 'quote':
          return `“${blocksText(block.children, nameOf)}”`;
        case 'list':
          return block.items.map((item) => `• ${blocksText(item, nameOf)}`).join(' ');
        case 'code':
          return block.text;
      }
    })
    .join(' ');
}

function inlineText(nodes: readonly Inline[], nameOf: (account: string) => string | undefined): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case 'text':
        case 'code':
          return node.text;
        case 'break':
          return ' ';
        case 'mention':
          return `@${nameOf(node.account) ?? '…'}`;
        case 'strong':
        case 'em':
        case 'strike':
        case 'link':
          return inlineText(node.children, nameOf);
      }
    })
    .join('');
}
