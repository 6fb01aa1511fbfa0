import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { startReal, type RealServer } from '../harness/real-server.ts';
import { Screen } from '../harness/screen.ts';

describe('Who is there', () => {
  let hub: Hub;
  let server: RealServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let bert: Friend;
  photographFailures(() => visitor);

  beforeAll(async () => {
    [hub, server, browser] = await Promise.all([Hub.start(), startReal(['--name', 'Harbour']), launchBrowser()]);
    bert = await Friend.found(server, 'bert');
    await bert.listens();
    visitor = await Visitor.arrive(browser);
    await visitor.page.clock.install();
    screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(server.origin, 'anna');
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [bert, hub, server]) await one?.[Symbol.asyncDispose]();
  });

  it('shows beside a name that somebody is there, and that they went away', async () => {
    await visitor.page.getByRole('button', { name: 'Members', exact: true }).click();
    const line = visitor.page.getByRole('button', { name: /bert/ }).last();
    await line.getByRole('img', { name: 'Online' }).waitFor();
    bert.isHere('away');
    await line.getByRole('img', { name: 'Away' }).waitFor();
    bert.isHere('online');
    await line.getByRole('img', { name: 'Online' }).waitFor();
  });

  it('tells others when the page lay unused for five minutes, and at once when it is used again', async () => {
    await bert.seesSomebody('online', 5_000);
    await visitor.page.mouse.move(300, 300);
    await visitor.page.clock.fastForward('04:50');
    await expect(bert.seesSomebody('away', 1_000)).rejects.toThrow('nothing like it');
    await visitor.page.clock.fastForward('00:11');
    await bert.seesSomebody('away', 10_000);
    await visitor.page.mouse.move(400, 400);
    await bert.seesSomebody('online', 5_000);
    visitor.expectQuiet();
  });
});
