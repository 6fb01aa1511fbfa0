import { describe, expect, it } from 'vitest';
import { plainText, quoted, shortened } from './plain-text.ts';

const ACTING = [
  '\u001b[2J',
  '\u0007',
  '\u0008',
  '\u009b31m',
  '\u202e',
  '\u2066',
  '\u200b',
  '\ufeff',
  '\u2028',
  '\u{e0041}',
  '\r',
  '\u00ad',
];

describe('texts of others in a terminal', () => {
  it('shows every character that would act as its number (T18)', () => {
    for (const text of ACTING) {
      const shown = [plainText(`rm${text} -rf`), quoted(`rm${text} -rf`)];
      for (const one of shown) {
        expect(one, escape(text)).toMatch(/rm\\u\{[\da-f]+\}/);
        expect(one).not.toMatch(/[^\P{C}\n]|[\u2028\u200b]/u);
      }
    }
    expect(plainText('ok\nnext\tcell \ud800')).toBe('ok\nnext    cell \\u{d800}');
  });

  it('keeps an argument on one line, whatever is in it', () => {
    expect(quoted('a\n$ rm -rf /"\\')).toBe('"a\\n$ rm -rf /\\"\\\\"');
  });

  it('shows ten thousand lines as their two ends, a count and a digest of the whole', () => {
    const lines = Array.from({ length: 10_000 }, (_, at) => `line ${at}`);
    const shown = shortened(lines.join('\n'));
    expect(shown.split('\n')).toHaveLength(33);
    expect(shown).toContain('… 9968 more lines');
    expect(shown.endsWith('line 9999')).toBe(true);
    const changed = shortened(lines.with(5_000, 'rm -rf /').join('\n'));
    expect(changed).not.toBe(shown);
    const wide = shortened(`${'a'.repeat(5_000)}b${'c'.repeat(5_000)}`);
    expect(wide.length).toBeLessThan(500);
    expect(wide).not.toBe(shortened(`${'a'.repeat(5_000)}d${'c'.repeat(5_000)}`));
  });

  it('leaves short texts as they are', () => {
    expect(shortened('one\ntwo')).toBe('one\ntwo');
  });
});
