import { describe, expect, it } from 'vitest';
import { LinkifyIt } from './plain-links.ts';

const finder = new LinkifyIt();
const found = (text: string) => (finder.match(text) ?? []).map((one) => one.url);

describe('addresses in plain text', () => {
  it('are found whole, without what ends the sentence', () => {
    expect(found('see https://example.org/x?a=b#c. Or http://localhost:4400/, HTTPS://EXAMPLE.ORG!')).toEqual([
      'https://example.org/x?a=b#c',
      'http://localhost:4400/',
      'HTTPS://EXAMPLE.ORG',
    ]);
    expect(found('mail mailto:ada@example.org, please')).toEqual(['mailto:ada@example.org']);
  });

  it('are found again and again, whatever was looked for before', () => {
    const text = 'mail mailto:ada@example.org and mailto:bob@example.org';
    expect(finder.test(text)).toBe(true);
    expect(found(text)).toEqual(['mailto:ada@example.org', 'mailto:bob@example.org']);
    expect(found(text)).toHaveLength(2);
  });

  it('keep the brackets they opened and leave those around them', () => {
    expect(found('(https://en.example.org/wiki/A_(b)) [https://example.org/]')).toEqual([
      'https://en.example.org/wiki/A_(b)',
      'https://example.org/',
    ]);
    expect(found('https://example.org/)))')).toEqual(['https://example.org/']);
  });

  it('are not guessed', () => {
    for (const text of [
      'readme.md',
      'www.example.org',
      'ada@example.org',
      '//example.org',
      'xhttps://example.org',
      'https://',
      'https://...',
      'mailto:',
      'javascript:alert(1)',
      'ftp://example.org',
    ]) {
      expect([text, found(text)]).toEqual([text, []]);
    }
  });

  it('say where they stand', () => {
    expect(finder.match('a https://b.example, c')?.[0]).toMatchObject({ index: 2, lastIndex: 19, schema: 'https:' });
    expect(finder.matchAtStart('https://b.example) x')?.url).toBe('https://b.example');
    expect(finder.matchAtStart('x https://b.example')).toBeNull();
  });

  it('take linear time, however they are piled up', () => {
    for (const wall of [
      'https://a'.repeat(20_000),
      `https://${')'.repeat(100_000)}`,
      `https://${'(['.repeat(50_000)}`,
      'https:'.repeat(20_000),
      `https://a${'.'.repeat(100_000)}`,
    ]) {
      const started = performance.now();
      finder.match(wall);
      expect(performance.now() - started).toBeLessThan(500);
    }
  });
});
