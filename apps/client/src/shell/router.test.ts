import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Router } from './router.svelte.ts';

let leaving: AbortController;

beforeEach(() => {
  leaving = new AbortController();
  history.replaceState(null, '', '/');
});

afterEach(() => {
  leaving.abort();
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
const start = () => new Router(window, leaving.signal);

describe('the router', () => {
  it('starts where the address points', () => {
    history.replaceState(null, '', '/#/inbox');
    expect(start().route).toEqual({ kind: 'inbox' });
  });

  it('follows the address, whoever changes it', async () => {
    const router = start();
    location.hash = '#/s/a/c/b';
    await settled();
    expect(router.route).toEqual({ kind: 'channel', entry: 'a', channel: 'b', message: undefined });
    router.go({ kind: 'inbox' });
    await settled();
    expect([router.route, location.hash]).toEqual([{ kind: 'inbox' }, '#/inbox']);
  });

  it('turns a link from outside into a route and takes it out of the path and query', () => {
    history.replaceState(null, '', '/app/?l=join#invite=abc');
    const router = start();
    expect([router.route, location.pathname, location.search, location.hash]).toEqual([
      { kind: 'link', link: 'join', params: 'invite=abc' },
      '/app/',
      '',
      '#/l/join?invite=abc',
    ]);
  });

  it('goes back to the fallback where it was opened there', () => {
    history.replaceState(null, '', '/#/s/a/c/b');
    const router = start();
    router.back({ kind: 'server', entry: 'a' });
    expect([router.route, location.hash]).toEqual([{ kind: 'server', entry: 'a' }, '#/s/a']);
  });

  it('remembers the last channel of each server and the server before', async () => {
    const router = start();
    for (const hash of ['#/s/a/c/1', '#/s/b/c/2', '#/inbox', '#/s/b/c/3']) {
      location.hash = hash;
      await settled();
    }
    expect([router.lastChannel('a'), router.lastChannel('b'), router.lastChannel('c'), router.entryBefore]).toEqual([
      '1',
      '3',
      undefined,
      'a',
    ]);
  });

  it('asks before it leaves a place with a guard, and stays, with the address, until the person agrees', async () => {
    history.replaceState(null, '', '/#/assistants/g/a/b');
    const router = start();
    const asked: unknown[] = [];
    let agrees = false;
    const end = router.guard(async (to) => {
      asked.push(to);
      return agrees;
    });
    location.hash = '#/inbox';
    await settled();
    expect([router.route.kind, location.hash, asked]).toEqual([
      'assistants',
      '#/assistants/g/a/b',
      [{ kind: 'inbox' }],
    ]);
    agrees = true;
    router.go({ kind: 'server', entry: 'x' });
    await settled();
    expect([router.route, location.hash]).toEqual([{ kind: 'server', entry: 'x' }, '#/s/x']);
    // It holds until what it guards ends it: a place beside it may be one more to stay in.
    end();
    location.hash = '#/inbox';
    await settled();
    expect([router.route.kind, asked]).toEqual(['inbox', [{ kind: 'inbox' }, { kind: 'server', entry: 'x' }]]);
  });
});
