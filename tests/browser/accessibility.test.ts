import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings } from '../harness/axe.ts';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { makeIdentity } from '../harness/lying/identity.ts';
import { PLACES } from '../harness/places.ts';
import { Screen } from '../harness/screen.ts';
import { settled } from '../harness/settled.ts';

describe('Every screen', () => {
  let hub: Hub;
  let harbour: LyingServer;
  let lighthouse: LyingServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let bert: Friend;
  photographFailures(() => visitor);

  beforeAll(async () => {
    [hub, harbour, lighthouse, browser] = [
      await Hub.start(),
      await LyingServer.start({ name: 'Harbour' }),
      await LyingServer.start({ name: 'Lighthouse' }),
      await launchBrowser(),
    ];
    bert = await Friend.found({ origin: harbour.origin, setupCode: harbour.world.setupCode }, 'bert');
    await Friend.found({ origin: lighthouse.origin, setupCode: lighthouse.world.setupCode }, 'bert');
    visitor = await Visitor.arrive(browser, { reducedMotion: 'reduce', allowed: [/status of 404/] });
    screen = await new Screen(visitor.page).open(hub.origin);
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [hub, harbour, lighthouse]) await one?.[Symbol.asyncDispose]();
  });

  const inBothThemes = async (): Promise<string[]> => {
    const found: string[] = [];
    // What the pointer happens to rest on has a test of its own.
    await visitor.page.mouse.move(0, 0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await visitor.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // Colours fade into each other.
      await settled(visitor.page);
      for (const one of await axeFindings(visitor.page, colorScheme === 'light' ? 'all' : 'colours'))
        found.push(`${colorScheme}: ${one}`);
    }
    return found;
  };

  it('of the way in is sound: first visit, checks that fail and pass, the door', async () => {
    await visitor.page.getByText('All your servers, in one place').waitFor();
    expect(await inBothThemes()).toEqual([]);
    await screen.goTo('#/add');
    const address = visitor.page.getByRole('textbox', { name: 'Server address or invite link' });
    await address.fill('http://127.0.0.1:1');
    await visitor.page
      .getByText(/Nothing answers at/)
      .first()
      .waitFor();
    expect(await inBothThemes()).toEqual([]);
    await address.fill(harbour.origin);
    await visitor.page.getByRole('region', { name: 'Harbour' }).waitFor();
    expect(await inBothThemes()).toEqual([]);
    await visitor.page.getByRole('button', { name: 'Continue' }).click();
    await visitor.page.getByText('It proved its key').waitFor();
    expect(await inBothThemes()).toEqual([]);
  });

  for (const [index, place] of PLACES.entries()) {
    it(`is sound: ${place.name}`, async () => {
      if (index === 0) {
        await screen.open(hub.origin);
        await screen.register(lighthouse.origin, 'anna');
        await screen.register(harbour.origin, 'anna');
        await bert.says(
          '**Strong**, _leaning_, `code`, [a link](https://example.org)\n\n> said before\n\n- one\n- two',
        );
        await bert.mentions('anna', 'look at this');
        await screen.message('look at this').waitFor();
      }
      await place.show(screen);
      expect(await inBothThemes()).toEqual([]);
      await place.leave?.(screen);
    });
  }

  it('keeps its filled buttons readable under the pointer', async () => {
    await screen.goTo('#/add');
    await visitor.page.getByRole('textbox', { name: 'Server address or invite link' }).fill(lighthouse.origin);
    await visitor.page.getByRole('button', { name: 'Add a second account' }).waitFor();
    const filled = visitor.page.getByRole('dialog').getByRole('button', { name: 'Open it' });
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await visitor.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await filled.hover();
      await settled(visitor.page);
      for (const one of await axeFindings(visitor.page)) found.push(`${colorScheme}: ${one}`);
    }
    expect(found).toEqual([]);
    await visitor.page.keyboard.press('Escape');
  });

  it('of trouble is sound: a server away, a message waiting, another key', async () => {
    await harbour.stop();
    await screen.goTo('#/');
    await screen.showServer('Harbour');
    await visitor.page
      .getByText(/Nothing answers at|not reachable/i)
      .first()
      .waitFor();
    await screen.send('waits');
    await screen.timeline
      .getByText(/waiting to be sent/)
      .first()
      .waitFor();
    expect(await inBothThemes()).toEqual([]);
    const from = harbour.requests.length;
    harbour.identity = makeIdentity(harbour.identity.serverId);
    await harbour.listen();
    await visitor.page.getByRole('button', { name: 'Try now' }).first().click();
    await visitor.page
      .getByText(/answers with another key/)
      .first()
      .waitFor();
    expect(await inBothThemes()).toEqual([]);
    await visitor.page.getByRole('button', { name: 'Review' }).first().click();
    await visitor.page
      .getByText(/The key of Harbour has changed/)
      .first()
      .waitFor();
    expect(await inBothThemes()).toEqual([]);
    // T11: not a word of a secret to the other key.
    const told = harbour.requests.slice(from);
    expect(told.some((one) => one.headers.authorization !== undefined)).toBe(false);
    expect(told.some((one) => one.frames.some((frame) => frame.includes('"auth"')))).toBe(false);
    visitor.expectQuiet();
  });
});
