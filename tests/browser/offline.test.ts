import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { Screen } from '../harness/screen.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { eventually } from '../harness/watch.ts';

/** C-2, C-6: what is stored is there without any server, and what is written then is sent once. */
describe('A page whose servers are both away', () => {
  let hub: Hub;
  let harbour: SpawnedServer;
  let lighthouse: SpawnedServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let bert: Friend;
  photographFailures(() => visitor);

  beforeAll(async () => {
    [hub, harbour, lighthouse, browser] = await Promise.all([
      Hub.start(),
      SpawnedServer.start({ name: 'Harbour', args: ['--client', 'none'] }),
      SpawnedServer.start({ name: 'Lighthouse', args: ['--client', 'none'] }),
      launchBrowser(),
    ]);
    bert = await Friend.found(harbour, 'bert');
    await Friend.found(lighthouse, 'carla');
    visitor = await Visitor.arrive(browser);
    screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(lighthouse.origin, 'anna');
    await screen.register(harbour.origin, 'anna');
    for (let i = 0; i < 5; i++) await bert.says(`recent ${i}`);
    await screen.message('recent 4').waitFor();
    // A moment for the last commit to the storage.
    await visitor.page.waitForTimeout(500);
    await Promise.all([harbour.stop(), lighthouse.stop()]);
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [hub, harbour, lighthouse, bert]) await one?.[Symbol.asyncDispose]();
  });

  it('S0.1: shows rail, channels and recent messages after a reload', async () => {
    await visitor.page.reload();
    await screen.rail.getByRole('link', { name: /^Harbour/ }).waitFor();
    await screen.rail.getByRole('link', { name: /^Lighthouse/ }).waitFor();
    await screen.showServer('Harbour');
    await visitor.page
      .getByRole('navigation', { name: 'Channels of Harbour' })
      .getByRole('link', { name: /general/ })
      .waitFor();
    await screen.message('recent 4').waitFor();
    expect(await screen.texts('recent')).toEqual([0, 1, 2, 3, 4].map((i) => `recent ${i}`));
    visitor.expectQuiet();
  });

  it('sends what is written now once, when its server is back, also after another reload', async () => {
    await screen.send('written offline');
    await screen.timeline.getByText('written offline').waitFor();
    await screen.timeline
      .getByText(/waiting to be sent/)
      .first()
      .waitFor();
    await visitor.page.reload();
    await screen.showServer('Harbour');
    await screen.timeline.getByText('written offline').waitFor();
    await screen.composer.fill('a thought not finished');
    await visitor.page.waitForTimeout(800);
    await visitor.page.reload();
    await screen.showServer('Harbour');
    await expect.poll(() => screen.composer.inputValue()).toBe('a thought not finished');
    await harbour.start();
    const tryNow = visitor.page.getByRole('button', { name: 'Try now' }).first();
    await eventually(
      'it was sent',
      async () => {
        if (await tryNow.isVisible()) await tryNow.click({ timeout: 500 }).catch(() => undefined);
        return (await bert.history()).includes('written offline');
      },
      20_000,
    );
    await screen.message('written offline').waitFor();
    await expect.poll(() => screen.timeline.getByText(/waiting to be sent/).count()).toBe(0);
    expect(await screen.texts('written')).toEqual(['written offline']);
    expect((await bert.history()).filter((text) => text === 'written offline')).toHaveLength(1);
    visitor.expectQuiet();
  });
});
