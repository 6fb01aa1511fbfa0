import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { Screen } from '../harness/screen.ts';

/** S0.56 on the screen, and one live tab per origin (C-5). */
describe('A page with two servers', () => {
  let hub: Hub;
  let a: LyingServer;
  let b: LyingServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let friendOnB: Friend;
  let requestsToB: number;
  photographFailures(() => visitor);

  beforeAll(async () => {
    [hub, browser] = await Promise.all([Hub.start(), launchBrowser()]);
  });
  beforeEach(async () => {
    [a, b] = await Promise.all([LyingServer.start({ name: 'Alpha' }), LyingServer.start({ name: 'Beta' })]);
    await Friend.found({ origin: a.origin, setupCode: a.world.setupCode }, 'bert');
    friendOnB = await Friend.found({ origin: b.origin, setupCode: b.world.setupCode }, 'bert');
    visitor = await Visitor.arrive(browser);
    screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(a.origin, 'anna');
    await screen.register(b.origin, 'anna');
    await screen.send('before');
    await friendOnB.hears('before', 10_000);
    requestsToB = b.requests.length;
  });
  afterEach(async () => {
    await visitor?.[Symbol.asyncDispose]();
    for (const one of [a, b]) await one?.[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await browser?.close();
    await hub?.[Symbol.asyncDispose]();
  });

  const expectUnnoticed = async (): Promise<void> => {
    await screen.showServer('Beta');
    await screen.send('after');
    await friendOnB.hears('after', 10_000);
    const asked = b.requests.slice(requestsToB).filter((one) => one.route === 'socket' || /auth/.test(one.url));
    expect(asked).toEqual([]);
    expect(await screen.rail.getByRole('link', { name: 'Beta', exact: true }).count()).toBe(1);
  };

  it('signs out of one by its own menu, and the other never notices', async () => {
    await screen.rail.getByRole('link', { name: /^Alpha/ }).click({ button: 'right' });
    await visitor.page.getByRole('menuitem', { name: 'Sign out…' }).click();
    await visitor.page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await screen.rail.getByRole('link', { name: /^Alpha.*signed out/i }).waitFor();
    expect([...a.world.sessions.values()].some((session) => session.ended)).toBe(true);
    await expectUnnoticed();
    visitor.expectQuiet();
  });

  it('is told that a sign-in expired on one, while the other goes on', async () => {
    for (const session of a.world.sessions.values()) session.ended = true;
    for (const socket of a.sockets) socket.close(4401);
    await screen.rail.getByRole('link', { name: /^Alpha.*signed out/i }).waitFor();
    await expectUnnoticed();
    visitor.expectQuiet();
  });

  it('is told the same when one answers 401 to everything', async () => {
    a.onRoute('*', ({ route, usual }) =>
      route === 'proof' || route === 'health' || route === 'info'
        ? usual()
        : { kind: 'json', status: 401, body: { error: { code: 'unauthorized', message: 'no', retry: 'auth' } } },
    );
    a.onUp('auth', (socket) => socket.close(4401));
    for (const socket of a.sockets) socket.ws.terminate();
    await screen.rail.getByRole('link', { name: /^Alpha.*signed out/i }).waitFor();
    await expectUnnoticed();
    visitor.expectQuiet();
  });

  it('lives in one tab; another one offers to go on there, and nobody is signed out and nothing sent twice', async () => {
    const tab = await visitor.openTab();
    await tab.goto(hub.origin);
    const useHere = tab.getByRole('button', { name: 'Use here' });
    await useHere.waitFor();
    const sockets = b.requests.filter((one) => one.route === 'socket').length;
    await screen.send('from the first tab');
    await friendOnB.hears('from the first tab', 10_000);
    expect(b.requests.filter((one) => one.route === 'socket').length).toBe(sockets);
    await useHere.click();
    const second = new Screen(tab);
    await second.showServer('Beta');
    await second.message('from the first tab').waitFor();
    await visitor.page.getByRole('button', { name: 'Use here' }).waitFor();
    await second.send('from the second tab');
    await friendOnB.hears('from the second tab', 10_000);
    await expect.poll(() => b.sockets.size).toBe(2);
    const history = await friendOnB.history();
    for (const text of ['before', 'from the first tab', 'from the second tab'])
      expect(history.filter((one) => one === text)).toHaveLength(1);
    for (const server of [a, b])
      expect([...server.world.sessions.values()].some((session) => session.ended)).toBe(false);
    visitor.expectQuiet();
  });
});
