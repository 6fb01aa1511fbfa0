import { expect, it } from 'vitest';
import { axeFindings } from '../harness/axe.ts';
import { launchBrowser, PHONE, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { Screen } from '../harness/screen.ts';

/** The narrowest width that pages must fit without scrolling sideways (WCAG 1.4.10). */
const NARROW = { width: 320, height: 640 };

it('Every screen is sound on a phone, in both themes and at both widths', async () => {
  await using hub = await Hub.start();
  await using server = await LyingServer.start({ name: 'Harbour' });
  const bert = await Friend.found({ origin: server.origin, setupCode: server.world.setupCode }, 'bert');
  const browser = await launchBrowser();
  try {
    await using visitor = await Visitor.arrive(browser, {
      viewport: PHONE,
      hasTouch: true,
      isMobile: true,
      reducedMotion: 'reduce',
    });
    const { page } = visitor;
    const screen = await new Screen(page).open(hub.origin);
    await screen.register(server.origin, 'anna');
    await bert.mentions(
      'anna',
      'a rather long message that has to wrap, with `code` and a [link](https://example.org)',
    );
    await screen.message('a rather long message').waitFor();
    const channel = await page.evaluate(() => location.hash);
    const found: string[] = [];
    const look = async (name: string): Promise<void> => {
      for (const viewport of [PHONE, NARROW]) {
        await page.setViewportSize(viewport);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          // Colours fade into each other.
          await page.waitForTimeout(300);
          for (const one of await axeFindings(page)) found.push(`${name}, ${viewport.width}, ${colorScheme}: ${one}`);
        }
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        if (wide > 0) found.push(`${name}, ${viewport.width}: ${wide} pixels too wide`);
      }
      await page.setViewportSize(PHONE);
    };
    await look('channel');
    for (const place of [
      channel.replace(/\/c\/.*/, ''),
      '#/inbox',
      '#/servers',
      '#/add',
      '#/settings',
      '#/settings/you',
      '#/settings/keys',
      '#/settings/devices',
      '#/settings/appearance',
      '#/settings/keyboard',
      '#/settings/about',
    ]) {
      await screen.goTo(place);
      await page.waitForTimeout(700);
      await look(place);
    }
    await screen.goTo('#/settings/keys');
    for (const way of [/^Make your keys/, /^Enter your 24 words/]) {
      await page.getByRole('button', { name: way }).click();
      await page.getByRole('dialog').waitFor();
      await page.waitForTimeout(700);
      await look(String(way));
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    expect(found).toEqual([]);
    visitor.expectQuiet();
  } finally {
    await browser.close();
  }
});
