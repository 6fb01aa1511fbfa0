import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { Screen } from '../harness/screen.ts';
import { timeSends } from '../harness/time-sends.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { eventually } from '../harness/watch.ts';

/** Both servers are the real program; one of them goes away and comes back while a person works on the other. */
describe('One page, two servers', () => {
  let hub: Hub;
  let harbour: SpawnedServer;
  let lighthouse: SpawnedServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let bertA: Friend;
  let bertB: Friend;

  beforeAll(async () => {
    [hub, harbour, lighthouse, browser] = await Promise.all([
      Hub.start(),
      SpawnedServer.start({ name: 'Harbour', args: ['--client', 'none'] }),
      SpawnedServer.start({ name: 'Lighthouse', args: ['--client', 'none'] }),
      launchBrowser(),
    ]);
    [bertA, bertB] = [await Friend.found(harbour, 'bert'), await Friend.found(lighthouse, 'bert')];
    visitor = await Visitor.arrive(browser);
    screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(harbour.origin, 'anna');
    await screen.register(lighthouse.origin, 'anna');
  });
  afterAll(async () => {
    for (const one of [
      visitor,
      browser && { [Symbol.asyncDispose]: () => browser.close() },
      hub,
      harbour,
      lighthouse,
      bertA,
      bertB,
    ])
      await one?.[Symbol.asyncDispose]();
  });

  photographFailures(() => visitor);

  it('S0.30, S1.19: lists the servers at the far left, before the channels, and titles the page with who one is where', async () => {
    for (const name of ['Lighthouse', 'Harbour']) {
      await screen.showServer(name);
      await eventually('the title follows', async () => (await visitor.page.title()).startsWith(`anna@${name}`));
    }
    const rail = await screen.rail.boundingBox();
    const channels = await visitor.page.getByRole('region', { name: 'Channels' }).boundingBox();
    expect([rail?.x, rail?.height]).toEqual([0, visitor.page.viewportSize()?.height]);
    expect(channels?.x).toBe(rail?.width);
    expect((await screen.composer.boundingBox())?.x).toBeGreaterThan((channels?.x ?? 0) + (channels?.width ?? 0));
  });

  it('S1.1: sends live, each to its own server, within a second', async () => {
    await screen.showServer('Harbour');
    await screen.send('to the harbour');
    await bertA.hears('to the harbour', 1_000);
    await screen.showServer('Lighthouse');
    await screen.send('to the lighthouse');
    await bertB.hears('to the lighthouse', 1_000);
    expect(await bertA.history()).not.toContain('to the lighthouse');
    await bertB.says('and back');
    await screen.message('and back').waitFor({ timeout: 1_000 });
    visitor.expectQuiet();
  });

  it('S1.10, S1.17, S1.26: shows what needs the person of both servers in one inbox, newest first and named', async () => {
    // Away from every channel: what is seen there is read at once and needs nobody any more.
    await screen.goTo('#/inbox');
    await bertA.mentions('anna', 'first');
    await bertB.mentions('anna', 'second');
    await bertA.mentions('anna', 'third');
    const rows = visitor.page.getByRole('tabpanel', { name: 'Inbox items' }).getByRole('button');
    await rows.nth(2).waitFor();
    const said = await rows.allInnerTexts();
    expect(said.map((text) => /(Harbour|Lighthouse)/.exec(text)?.[1])).toEqual(['Harbour', 'Lighthouse', 'Harbour']);
    expect(said.map((text) => /(first|second|third)/.exec(text)?.[1])).toEqual(['third', 'second', 'first']);
    await visitor.page.getByRole('button', { name: /^Lighthouse, 1/ }).click();
    await rows.nth(1).waitFor({ state: 'detached' });
    expect(await rows.count()).toBe(1);
    visitor.expectQuiet();
  });

  it('answers from the inbox on the server of the message alone', async () => {
    const before = await bertA.head();
    await visitor.page.getByRole('tabpanel', { name: 'Inbox items' }).getByRole('button').first().click();
    const reply = visitor.page.getByRole('textbox', { name: 'Reply to bert' });
    await reply.fill('I come over');
    await reply.press('Enter');
    await bertB.hears('I come over', 2_000);
    expect(await bertA.history()).not.toContain('I come over');
    // Nothing at all happened on the other one.
    expect(await bertA.head()).toEqual(before);
  });

  it('stays as quick on one while the other is away, says why and when it tries again, and misses nothing', async () => {
    await screen.showServer('Harbour');
    await timeSends(screen, bertA, 10);
    const before = await timeSends(screen, bertA, 40);
    await lighthouse.stop();
    await screen.rail.getByRole('link', { name: /^Lighthouse.*(Not reachable|Waiting)/i }).waitFor();
    const during = await timeSends(screen, bertA, 40);
    // A machine with other work has a wide tail; the long test asks for the p95 and a tighter ratio.
    expect(during.median).toBeLessThan(1.5 * before.median + 20);

    await screen.rail.getByRole('link', { name: /^Lighthouse/ }).click();
    await visitor.page
      .getByText(/Nothing answers at/)
      .first()
      .waitFor();
    await visitor.page
      .getByText(/(?:Trying again in|next try in)/)
      .first()
      .waitFor();
    await screen.send('written while it was away');

    await lighthouse.start();
    for (let i = 0; i < 5; i++) await bertB.says(`missed ${i}`);
    const tryNow = visitor.page.getByRole('button', { name: 'Try now' }).first();
    await eventually('it is live again', async () => {
      if (await tryNow.isVisible()) await tryNow.click({ timeout: 500 }).catch(() => undefined);
      return (await screen.message('missed 4').count()) > 0;
    });
    await bertB.hears('written while it was away', 5_000);
    expect(await screen.texts('missed')).toEqual([0, 1, 2, 3, 4].map((i) => `missed ${i}`));
    expect((await bertB.history()).filter((text) => text === 'written while it was away')).toHaveLength(1);
    expect(await screen.texts('written')).toEqual(['written while it was away']);
    visitor.expectQuiet();
  });
});
