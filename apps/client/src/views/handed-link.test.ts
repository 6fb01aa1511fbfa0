import { describe, expect, it } from 'vitest';
import { linkToHandOver, routeOfHandedLink } from './handed-link.ts';

const PAGE = 'https://hub.example';
const INVITE = { kind: 'link', link: 'join', params: 'i=abc&fp=xyz' } as const;

describe('a link that was opened in a second tab', () => {
  it('arrives in the live tab as it was opened', () => {
    const link = linkToHandOver(INVITE, PAGE);
    expect(link).toBe('https://hub.example/l/join#i=abc&fp=xyz');
    expect(routeOfHandedLink(link ?? '', PAGE)).toEqual(INVITE);
    const bare = linkToHandOver({ ...INVITE, params: '' }, PAGE);
    expect(routeOfHandedLink(bare ?? '', PAGE)).toEqual({ ...INVITE, params: '' });
  });

  it('is nothing where the tab was opened without one', () => {
    expect([linkToHandOver({ kind: 'home' }, PAGE), linkToHandOver({ kind: 'inbox' }, PAGE)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('is passed over when it is not one of this page, or none at all', () => {
    const texts = ['', 'x', 'javascript:alert(1)', 'https://evil.example/l/join#i=abc', `${PAGE}/settings`];
    for (const text of [...texts, `${PAGE}/l/join#${'a'.repeat(5_000)}`])
      expect(routeOfHandedLink(text, PAGE)).toBeUndefined();
  });
});
