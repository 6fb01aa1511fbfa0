import { describe, expect, it } from 'vitest';
import { hrefOf, parseRoute, routeOfOutsideLink, type Route } from './route.ts';

const ENTRY = '0f0e8c1a-8c46-4a8b-9a3e-2f6f6a6f9a11';
const routes: Route[] = [
  { kind: 'home' },
  { kind: 'welcome' },
  { kind: 'add', input: undefined },
  { kind: 'add', input: 'https://chat.example.org/l/join#invite=a b&c' },
  { kind: 'server', entry: ENTRY },
  { kind: 'channel', entry: ENTRY, channel: 'c1', message: undefined },
  { kind: 'channel', entry: ENTRY, channel: 'c/1?#%', message: 'm 1' },
  { kind: 'inbox' },
  { kind: 'pair' },
  { kind: 'servers', entry: undefined },
  { kind: 'servers', entry: ENTRY },
  { kind: 'settings', section: 'appearance' },
  { kind: 'link', link: 'join', params: 'invite=abc&fp=def' },
];

describe('a route', () => {
  it.each(routes.map((route) => [hrefOf(route), route] as const))('comes back from its address: %s', (href, route) => {
    expect(parseRoute(href)).toEqual(route);
  });

  it('is the start for an empty address, and the first section for bare settings', () => {
    expect(['', '#', '#/'].map(parseRoute)).toEqual([{ kind: 'home' }, { kind: 'home' }, { kind: 'home' }]);
    expect(parseRoute('#/settings')).toEqual({ kind: 'settings', section: 'you' });
  });

  it.each([
    '#inbox',
    '#/nothing',
    '#/s',
    '#/s//c/x',
    '#/s/a/b',
    '#/s/a/c',
    '#/s/a/c/b/m',
    '#/s/a/c/b/x/d',
    '#/settings/nothing',
    '#/l',
    '#/l/JOIN',
    '#/l/join/more',
    '#/inbox/x',
    '#/s/%E0%A4%A',
    `#/${'a'.repeat(5000)}`,
  ])('is not found for %s', (hash) => {
    expect(parseRoute(hash)).toEqual({ kind: 'notFound' });
  });
});

describe('a link from outside', () => {
  it('is read from its path, or from the query a redirect leaves', () => {
    const expected: Route = { kind: 'link', link: 'join', params: 'invite=abc' };
    expect(routeOfOutsideLink(new URL('https://chat.example.org/l/join#invite=abc'))).toEqual(expected);
    expect(routeOfOutsideLink(new URL('https://chat.example.org/app/?l=join#invite=abc'))).toEqual(expected);
  });

  it('is not seen in an address of the app itself', () => {
    for (const address of [
      'https://a.example/',
      'https://a.example/#/inbox',
      'https://a.example/?l=../x',
      'https://a.example/l/',
    ]) {
      expect(routeOfOutsideLink(new URL(address))).toBeUndefined();
    }
  });
});
