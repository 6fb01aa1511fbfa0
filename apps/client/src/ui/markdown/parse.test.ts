import { describe, expect, it } from 'vitest';
import { excerpt } from './excerpt.ts';
import type { Block, Inline } from './nodes.ts';
import { MAX_PARSED, parseMessage } from './parse.ts';

const ADA = '0199a9f2-6c1d-7b3e-8f00-0123456789ab';
const blocks = (text: string): readonly Block[] => parseMessage(text).blocks;
const paragraph = (...children: Inline[]): Block => ({ kind: 'paragraph', children });
const words = (text: string): Inline => ({ kind: 'text', text });

describe('the Markdown of a message', () => {
  it('knows emphasis, code, line breaks and strike-through', () => {
    expect(blocks('a **b _c_** `d*e*`\n~~f~~')).toEqual([
      paragraph(
        words('a '),
        { kind: 'strong', children: [words('b '), { kind: 'em', children: [words('c')] }] },
        words(' '),
        { kind: 'code', text: 'd*e*' },
        { kind: 'break' },
        { kind: 'strike', children: [words('f')] },
      ),
    ]);
  });

  it('knows lists, quotes and fenced code with its language', () => {
    expect(blocks('3. x\n4. y\n\n> q\n\n```TS\nlet a;\n```')).toEqual([
      { kind: 'list', ordered: true, start: 3, items: [[paragraph(words('x'))], [paragraph(words('y'))]] },
      { kind: 'quote', children: [paragraph(words('q'))] },
      { kind: 'code', language: 'ts', text: 'let a;' },
    ]);
  });

  it('reads a mention by its account, and leaves one inside code alone', () => {
    expect(blocks(`hi <@${ADA}>!`)).toEqual([paragraph(words('hi '), { kind: 'mention', account: ADA }, words('!'))]);
    expect(blocks(`\`<@${ADA}>\``)).toEqual([paragraph({ kind: 'code', text: `<@${ADA}>` })]);
    expect(blocks('<@not-an-id>')).toEqual([paragraph(words('<@not-an-id>'))]);
  });

  it('makes links only of whole addresses', () => {
    expect(blocks('see https://example.org/x.')).toEqual([
      paragraph(
        words('see '),
        {
          kind: 'link',
          href: 'https://example.org/x',
          host: 'example.org',
          showHost: false,
          children: [words('https://example.org/x')],
        },
        words('.'),
      ),
    ]);
    expect(blocks('readme.md and www.example.org')).toEqual([paragraph(words('readme.md and www.example.org'))]);
  });

  it('shows where a link leads when its words name another place', () => {
    const [block] = blocks('[https://bank.example](https://evil.example/) [bank.example/login](https://evil.example)');
    expect(
      block?.kind === 'paragraph' && block.children.filter((node) => node.kind === 'link').map((node) => node.showHost),
    ).toEqual([true, true]);
    const [imitation] = blocks('https://раура.example/');
    expect(imitation).toMatchObject({
      children: [{ kind: 'link', host: expect.stringContaining('xn--'), showHost: true }],
    });
  });

  it('gives the words of a link whose address is refused as plain words', () => {
    for (const address of [
      'javascript:alert(1)',
      'data:text/html,x',
      '/settings',
      'JAVASCRIPT:x',
      'vbscript:x',
      '//evil.example',
    ]) {
      expect(kinds(blocks(`[x](${address})`))).not.toContain('link');
    }
  });

  it('never leads to the host behind a user name', () => {
    expect(
      linksOf(blocks('[x](https://bank.example@evil.example) https://bank.example@evil.example')).map(
        (node) => node.host,
      ),
    ).not.toContain('evil.example');
  });

  it('shows markup, pictures, headings, tables and entities as they were typed', () => {
    for (const text of [
      '<b>x</b>',
      '<script>alert(1)</script>',
      '# x',
      '&lt;',
      '| a |',
      '<img src=x onerror=alert(1)>',
      '<!-- x -->',
    ]) {
      expect(blocks(text)).toEqual([paragraph(words(text))]);
    }
    expect(kinds(blocks('a\n---\nb\n===\n'))).toEqual([
      'paragraph',
      'text',
      'break',
      'text',
      'break',
      'text',
      'break',
      'text',
    ]);
    expect(excerpt('![x](https://example.org/track.png)', () => undefined)).toBe('!x');
  });

  it('takes a few emoji alone as such, and digits not', () => {
    for (const text of ['👋', '👩‍👩‍👧‍👦 🇩🇰', '1️⃣', '❤️', '🎉🎉🎉'])
      expect([text, parseMessage(text).emojiOnly]).toEqual([text, true]);
    for (const text of ['1', '12 34', '©', 'a 👋', '👋'.repeat(9), ''])
      expect([text, parseMessage(text).emojiOnly]).toEqual([text, false]);
  });

  it('shows a text above the cap unparsed and cut', () => {
    const [block] = blocks('**x** '.repeat(MAX_PARSED));
    expect(block).toEqual(paragraph(words(`${'**x** '.repeat(MAX_PARSED).slice(0, MAX_PARSED)}…`)));
  });

  it('gives the same object for the same text', () => {
    expect(parseMessage('same **text**')).toBe(parseMessage('same **text**'));
  });
});

describe('hostile text', () => {
  const walls: Record<string, string> = {
    quotes: '>'.repeat(5000),
    'spaced quotes': '> '.repeat(5000),
    lists: '- '.repeat(5000),
    stars: '*'.repeat(8000),
    'open emphasis': '**a '.repeat(2000),
    'open links': '['.repeat(8000),
    'nested links': `${'[a]('.repeat(2000)}x`,
    backticks: '`'.repeat(7999),
    'uneven backticks': Array.from({ length: 120 }, (_, index) => '`'.repeat(index)).join(' '),
    underscores: '_a'.repeat(4000),
    addresses: 'https://a.example/'.repeat(400),
    mentions: `<@${ADA}>`.repeat(200),
    'angle brackets': '<'.repeat(8000),
    'combining marks': `a${'\u0301'.repeat(8000)}`,
    'lone surrogates': '\ud800'.repeat(4000),
    'zero bytes': '\0'.repeat(4000),
    'direction marks': '\u202e\u2066'.repeat(4000),
  };

  it.each(Object.keys(walls))('ends quickly and shallowly: %s', (name) => {
    const started = performance.now();
    const document = parseMessage(walls[name] ?? '');
    expect(performance.now() - started).toBeLessThan(1500);
    expect(depth(document.blocks)).toBeLessThanOrEqual(24);
  });

  it('never yields a link outside the gate, an unknown node or an exception, whatever is thrown together', () => {
    const parts = [
      '[x](',
      ')',
      '<',
      '>',
      '*',
      '**',
      '_',
      '`',
      '```',
      '\n',
      '\n\n',
      '> ',
      '- ',
      '1. ',
      '!',
      '[',
      ']',
      '(',
      '~~',
      '\\',
      '&amp;',
      '"',
      "'",
      '|',
      '---',
      'javascript:alert(1)',
      'data:text/html;base64,PHNjcmlwdD4=',
      'https://example.org',
      'https://a@b.example',
      'mailto:a@b.example',
      'vbscript:x',
      `<@${ADA}>`,
      '<a href="javascript:1">',
      '<svg/onload=1>',
      '\t',
      ' ',
      '\u202e',
      '\0',
      '👋',
      'word',
      '//evil.example',
      '&#106;avascript:1',
      'file:///x',
    ];
    const random = mulberry32(20261120);
    for (let round = 0; round < 3000; round += 1) {
      let text = '';
      for (let index = Math.floor(random() * 40); index >= 0; index -= 1)
        text += parts[Math.floor(random() * parts.length)] ?? '';
      const { blocks: found } = parseMessage(text);
      for (const link of linksOf(found)) {
        const url = new URL(link.href);
        expect([text, ['https:', 'http:', 'mailto:'].includes(url.protocol), url.username]).toEqual([text, true, '']);
      }
      expect([text, kinds(found).every((kind) => KINDS.has(kind))]).toEqual([text, true]);
      expect(typeof excerpt(text, () => 'Ada')).toBe('string');
    }
  });
});

describe('an excerpt', () => {
  it('is one line of words with names in place of mentions', () => {
    expect(excerpt(`**Hi** <@${ADA}>\n\n> old\n\n- a\n- b`, () => 'Ada')).toBe('Hi @Ada “old” • a • b');
  });

  it('is cut at its length, never inside a character', () => {
    expect(excerpt('👋'.repeat(50), () => undefined, 11)).toBe(`${'👋'.repeat(5)}…`);
  });
});

const KINDS = new Set([
  'paragraph',
  'quote',
  'list',
  'code',
  'text',
  'break',
  'strong',
  'em',
  'strike',
  'link',
  'mention',
]);

function* walk(nodes: readonly (Block | Inline)[]): Generator<Block | Inline> {
  for (const node of nodes) {
    yield node;
    if ('children' in node) yield* walk(node.children);
    else if (node.kind === 'list') yield* walk(node.items.flat());
  }
}

const kinds = (nodes: readonly Block[]): string[] => [...walk(nodes)].map((node) => node.kind);
const linksOf = (nodes: readonly Block[]) => [...walk(nodes)].filter((node) => node.kind === 'link');

function depth(nodes: readonly (Block | Inline)[]): number {
  return Math.max(
    0,
    ...nodes.map(
      (node) => 1 + depth('children' in node ? node.children : node.kind === 'list' ? node.items.flat() : []),
    ),
  );
}

/** A small seeded generator, so that a failure can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
