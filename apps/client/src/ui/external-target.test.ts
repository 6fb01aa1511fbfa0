import { describe, expect, it } from 'vitest';
import { externalTarget } from './external-target.ts';

describe('the gate for addresses of others', () => {
  it('lets web and mail addresses pass and says where they lead', () => {
    expect(externalTarget('https://chat.example.org:8443/a?b#c')).toEqual({
      href: 'https://chat.example.org:8443/a?b#c',
      host: 'chat.example.org:8443',
    });
    expect(externalTarget('mailto:ada@example.org')).toEqual({
      href: 'mailto:ada@example.org',
      host: 'ada@example.org',
    });
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://example.org/1',
    'about:blank',
    'ftp://example.org',
    'skerry://join/example.org',
    'tel:+49123',
    '//example.org',
    '/settings',
    '#/settings',
    'example.org',
    '',
    'https://',
    'https://bank.example@evil.example/',
    'https://user:pass@evil.example/',
    'mailto:',
    `https://example.org/${'a'.repeat(2048)}`,
  ])('refuses %j', (address) => {
    expect(externalTarget(address)).toBeUndefined();
  });
});
