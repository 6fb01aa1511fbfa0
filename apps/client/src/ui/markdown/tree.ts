import type { Token } from 'markdown-it';
import type { Block, Inline } from './nodes.ts';
import { externalTarget } from '../external-target.ts';

/** Deeper quotes and lists are shown at this depth: a wall of ">" must not build a wall of elements. */
const MAX_DEPTH = 6;

type Frame =
  | { readonly kind: 'quote'; readonly blocks: Block[] }
  | { readonly kind: 'item'; readonly blocks: Block[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly start: number; readonly items: Block[][] };

/** Turns the flat tokens of the parser into our closed set of nodes. Tokens of other kinds are left out. */
export function treeOf(tokens: readonly Token[]): Block[] {
  const root: Block[] = [];
  const stack: Frame[] = [];
  const place = (): Block[] => {
    for (let index = stack.length - 1; index >= 0; index -= 1) {
      const frame = stack[index];
      if (frame !== undefined && frame.kind !== 'list') return frame.blocks;
    }
    return root;
  };

  for (const token of tokens) {
    switch (token.type) {
      case 'blockquote_open':
        stack.push({ kind: 'quote', blocks: stack.length < MAX_DEPTH ? [] : place() });
        break;
      case 'bullet_list_open':
      case 'ordered_list_open':
        stack.push({
          kind: 'list',
          ordered: token.type === 'ordered_list_open',
          start: Number(token.attrGet('start') ?? 1),
          items: [],
        });
        break;
      case 'list_item_open':
        stack.push({ kind: 'item', blocks: [] });
        break;
      case 'blockquote_close':
      case 'bullet_list_close':
      case 'ordered_list_close':
      case 'list_item_close':
        close(stack, place);
        break;
      case 'inline': {
        const children = inlines(token.children ?? []);
        if (children.length > 0) place().push({ kind: 'paragraph', children });
        break;
      }
      case 'fence':
        place().push({ kind: 'code', language: language(token.info), text: token.content.replace(/\n$/, '') });
        break;
      default:
        break;
    }
  }
  return root;
}

function close(stack: Frame[], place: () => Block[]): void {
  const frame = stack.pop();
  if (frame === undefined) return;
  const outer = place();
  switch (frame.kind) {
    case 'quote':
      // A frame beyond the depth wrote into its outer list already.
      if (frame.blocks !== outer) outer.push({ kind: 'quote', children: frame.blocks });
      break;
    case 'list':
      outer.push({ kind: 'list', ordered: frame.ordered, start: frame.start, items: frame.items });
      break;
    case 'item': {
      const list = stack[stack.length - 1];
      if (list?.kind === 'list') list.items.push(frame.blocks);
      break;
    }
  }
}

type Span = { readonly kind: 'strong' | 'em' | 'strike' } | { readonly kind: 'link'; readonly href: string };

function inlines(tokens: readonly Token[]): Inline[] {
  const root: Inline[] = [];
  const stack: { span: Span; children: Inline[] }[] = [];
  const add = (node: Inline): void => {
    const children = stack[stack.length - 1]?.children ?? root;
    const last = children[children.length - 1];
    if (node.kind === 'text' && last?.kind === 'text')
      children[children.length - 1] = { kind: 'text', text: last.text + node.text };
    else children.push(node);
  };
  const open = (span: Span): void => {
    stack.push({ span, children: [] });
  };
  const end = (): void => {
    const top = stack.pop();
    if (top !== undefined)
      add(
        top.span.kind === 'link' ? link(top.span.href, top.children) : { kind: top.span.kind, children: top.children },
      );
  };

  for (const token of tokens) {
    switch (token.type) {
      case 'text':
        if (token.content !== '') add({ kind: 'text', text: token.content });
        break;
      case 'softbreak':
      case 'hardbreak':
        add({ kind: 'break' });
        break;
      case 'code_inline':
        add({ kind: 'code', text: token.content });
        break;
      case 'mention':
        add({ kind: 'mention', account: token.content });
        break;
      case 'strong_open':
        open({ kind: 'strong' });
        break;
      case 'em_open':
        open({ kind: 'em' });
        break;
      case 's_open':
        open({ kind: 'strike' });
        break;
      case 'link_open':
        open({ kind: 'link', href: String(token.attrGet('href') ?? '') });
        break;
      case 'strong_close':
      case 'em_close':
      case 's_close':
      case 'link_close':
        end();
        break;
      default:
        if (token.content !== '') add({ kind: 'text', text: token.content });
        break;
    }
  }
  while (stack.length > 0) end();
  return root;
}

function link(href: string, children: readonly Inline[]): Inline {
  const target = externalTarget(href);
  const words = textOf(children).trim();
  if (target === undefined) return { kind: 'text', text: words };
  const shown = words === '' ? [{ kind: 'text' as const, text: target.href }] : children;
  return {
    kind: 'link',
    href: target.href,
    host: target.host,
    showHost: misleads(words, target.host),
    children: shown,
  };
}

/** Whether words look like an address that is not the one behind them, or the host imitates another alphabet. */
function misleads(words: string, host: string): boolean {
  if (host.includes('xn--')) return true;
  const named =
    externalTarget(words)?.host ??
    (/^[\w-]+(?:\.[\w-]+)+(?:[/:?#]|$)/u.test(words) ? externalTarget(`https://${words}`)?.host : undefined);
  return named !== undefined && named !== host;
}

/** The bare words of some nodes. */
function textOf(nodes: readonly Inline[]): string {
  let text = '';
  for (const node of nodes) {
    if (node.kind === 'text' || node.kind === 'code') text += node.text;
    else if (node.kind === 'break') text += ' ';
    else if (node.kind === 'mention') text += '@';
    else text += textOf(node.children);
  }
  return text;
}

function language(info: string): string {
  return /^[\w+#-]{1,20}/.exec(info.trim())?.[0].toLowerCase() ?? '';
}
