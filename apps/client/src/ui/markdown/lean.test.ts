import WholeParser from 'markdown-it/browser';
import { describe, expect, it } from 'vitest';
import { parseMessage, withRules } from './parse.ts';
import { LinkifyIt } from './plain-links.ts';
import { treeOf } from './tree.ts';

/** The package as it is published, with the addresses of ours. */
const whole = withRules(WholeParser);
Object.assign(whole, { linkify: new LinkifyIt() });

const PARTS = [
  ...[
    '*',
    '**',
    '_',
    '__',
    '~~',
    '`',
    '``',
    '```',
    '~~~\n',
    '> ',
    '- ',
    '* ',
    '1. ',
    '7) ',
    '    ',
    '\t',
    '\n',
    '\n\n',
  ],
  ...[
    '[',
    ']',
    '(',
    ')',
    '](',
    '![',
    '<',
    '>',
    '<b>',
    '</b>',
    '<!-- x -->',
    '\\',
    '"t"',
    "'t'",
    '#',
    '# h',
    '---',
    '===',
    '|',
  ],
  ...[
    '[a]: https://example.org "t"\n',
    '[a]',
    '[a][b]',
    '[a](https://example.org "t")',
    '[a](<https://example.org/b>)',
  ],
  ...[
    '| a | b |\n|---|---|\n',
    '<div>\n',
    '<https://example.org>',
    '<anna@example.org>',
    'https://example.org/a_b_',
    '&',
    '&#35;',
  ],
  ...[
    '[x](javascript:alert(1))',
    '(c)',
    '...',
    '"',
    'word',
    ' ',
    'ß',
    '😀',
    '\u00a0',
    '\u0000',
    '\r\n',
    '```js\nlet a;\n```\n',
  ],
];

describe('The parser that lacks what no message needs', () => {
  it('reads every text as the whole package does that is given the same rules', () => {
    let seed = 20261120;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const kinds = new Set<string>();
    for (let round = 0; round < 6000; round += 1) {
      let text = '';
      for (let left = 1 + random(16); left > 0; left -= 1) text += PARTS[random(PARTS.length)] ?? '';
      const { blocks } = parseMessage(text);
      for (const { kind } of blocks) kinds.add(kind);
      expect(blocks, JSON.stringify(text)).toEqual(treeOf(whole.parse(text, {})));
    }
    expect([...kinds].sort()).toEqual(['code', 'list', 'paragraph', 'quote']);
  });
});
