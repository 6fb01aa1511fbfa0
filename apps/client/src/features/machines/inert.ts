import type { Block, Inline } from '../../ui/markdown/nodes.ts';

/** What an agent wrote, with nothing in it that acts: an address is shown beside its words, a mention is text. T17. */
export function inert(blocks: readonly Block[]): readonly Block[] {
  return blocks.map((block): Block => {
    switch (block.kind) {
      case 'paragraph':
        return { ...block, children: ofInlines(block.children) };
      case 'quote':
        return { ...block, children: inert(block.children) };
      case 'list':
        return { ...block, items: block.items.map(inert) };
      case 'code':
        return block;
    }
  });
}

function ofInlines(nodes: readonly Inline[]): readonly Inline[] {
  return nodes.flatMap((node): readonly Inline[] => {
    switch (node.kind) {
      case 'link': {
        const words = ofInlines(node.children);
        const isItself = words.length === 1 && words[0]?.kind === 'text' && isSame(words[0].text, node.href);
        return isItself ? words : [...words, { kind: 'text', text: ` (${node.href})` }];
      }
      case 'mention':
        return [{ kind: 'text', text: `<@${node.account}>` }];
      case 'strong':
      case 'em':
      case 'strike':
        return [{ ...node, children: ofInlines(node.children) }];
      case 'text':
      case 'break':
      case 'code':
        return [node];
    }
  });
}

/** An address and what is written of it; a bare host is read with a slash at its end. */
const isSame = (words: string, href: string): boolean => words === href || `${words}/` === href;
