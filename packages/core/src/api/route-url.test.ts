import { type ChannelId, type RouteName, ROUTES } from '@skerry/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { routeUrl, staysAt } from './route-url.ts';

const ORIGIN = 'https://a.example:8443';

test('an address is made from the route, its parameters and its query', () => {
  const channelId = '0197f3f4-0000-7000-8000-000000000001' as ChannelId;
  expect(routeUrl(ORIGIN, ROUTES.messages, { params: { channelId }, query: { before: 9, limit: 50 } })).toBe(
    `${ORIGIN}/api/channels/${channelId}/messages?before=9&limit=50`,
  );
});

test('T3: whatever a parameter holds, the address stays on that origin and on that path, or is refused', () => {
  const evil = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '//evil.example',
      'https://evil.example/',
      '..',
      '../..',
      '\\\\evil.example',
      '%2e%2e',
      '.',
      '?x',
      '#x',
      '@evil.example',
      'a/../../b',
      '\u0000',
      '\n//evil',
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...(Object.keys(ROUTES) as RouteName[])), evil, evil, (name, param, value) => {
      const params = Object.fromEntries([...ROUTES[name].path.matchAll(/:(\w+)/g)].map(([, key]) => [key, param]));
      let url: string;
      try {
        url = routeUrl(ORIGIN, ROUTES[name], { params, query: { limit: value } });
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_request' });
        return;
      }
      const read = new URL(url);
      expect(read.origin).toBe(ORIGIN);
      expect(read.pathname.split('/')).toHaveLength(ROUTES[name].path.split('/').length);
      expect(read.username + read.password + read.hash).toBe('');
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  'https://evil.example/api',
  'http://a.example:8443/api',
  'https://u@a.example:8443/',
  '//a.example:8443',
  '/api',
  'javascript:alert(1)',
  'https://a.example:8443.evil.example/',
])('T3: %s is not on the origin', (url) => {
  expect(staysAt(url, ORIGIN)).toBe(false);
});
