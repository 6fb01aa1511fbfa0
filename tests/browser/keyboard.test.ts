import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { launchBrowser, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { passwordOf } from '../harness/raw-client.ts';
import { Screen } from '../harness/screen.ts';
import { eventually } from '../harness/watch.ts';

it('Everything a person does on a server works without a pointer', async () => {
  await using hub = await Hub.start();
  await using server = await LyingServer.start({ name: 'Harbour' });
  const bert = await Friend.found({ origin: server.origin, setupCode: server.world.setupCode }, 'bert');
  const browser = await launchBrowser();
  try {
    await using visitor = await Visitor.arrive(browser, { reducedMotion: 'reduce' });
    const { page } = visitor;
    const keys = page.keyboard;
    const screen = await new Screen(page).open(hub.origin);
    const message = (text: string) => [...server.world.messages.values()].find((one) => one.text === text);

    // In: from the first page through the checks to an account.
    await tabTo(page, 'button', /Add a server/);
    await keys.press('Enter');
    await page.getByRole('textbox', { name: 'Server address or invite link' }).waitFor();
    await keys.type(server.origin);
    await page.getByRole('region', { name: 'Harbour' }).waitFor();
    await keys.press('Enter');
    await page.getByText('It proved its key').waitFor();
    await tabTo(page, 'button', /Create an account/);
    await keys.press('Enter');
    for (const [label, text] of [
      ['Name', 'anna'],
      ['Display name', 'Anna'],
      ['New password', passwordOf('anna')],
    ] as const) {
      await tabTo(page, 'textbox', new RegExp(`^${label}$`));
      await keys.type(text);
    }
    await keys.press('Enter');
    await screen.composer.waitFor();

    // Write, edit with the arrow, two lines, a mention chosen from the list.
    await focusComposer(screen);
    await keys.type('hello wrld');
    await keys.press('Enter');
    await screen.message('hello wrld').waitFor();
    // Until the server has it, it is no message that could be edited: then the key is pressed once more.
    const edits = async (): Promise<string> => {
      await keys.press('ArrowUp');
      return await screen.composer.inputValue();
    };
    await expect.poll(edits, { timeout: 10_000 }).toBe('hello wrld');
    await keys.press('Control+a');
    await keys.type('hello world');
    await keys.press('Enter');
    await eventually('it was edited', () => message('hello world')?.editedAt != null);
    await keys.type('one');
    await keys.press('Shift+Enter');
    await keys.type('two');
    await keys.press('Enter');
    await eventually('both lines came', () => message('one\ntwo') !== undefined);
    await keys.type('dear @be');
    await page.getByRole('option', { name: /bert/ }).waitFor();
    await keys.press('Enter');
    await keys.type('look');
    await keys.press('Enter');
    await eventually('it mentions', () => [...server.world.messages.values()].some((one) => one.mentions.length === 1));

    // On a message: walk up to it, answer, react, delete.
    await bert.says('what do you think?');
    await screen.message('what do you think?').waitFor();
    await walkTo(page, /what do you think/);
    await keys.press('r');
    await keys.type('I think so');
    await keys.press('Enter');
    await eventually('it answers', () => message('I think so')?.replyTo === message('what do you think?')?.id);
    await screen.message('I think so').waitFor();
    await walkTo(page, /I think so/);
    await keys.press('+');
    await page.getByRole('dialog').waitFor();
    await page.getByRole('dialog').getByRole('combobox').waitFor();
    await keys.type('party popper');
    await page
      .getByRole('dialog')
      .getByRole('option', { name: /party popper/i })
      .first()
      .waitFor();
    await keys.press('ArrowDown');
    await keys.press('Enter');
    await eventually('it reacted', () => message('I think so')?.reactions.some((one) => one.emoji === '🎉') === true);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await walkTo(page, /I think so/);
    await keys.press('Delete');
    await page.getByRole('button', { name: 'Delete', exact: true }).waitFor();
    await tabTo(page, 'button', /^Delete$/);
    await keys.press('Enter');
    await eventually('it is gone', () => [...server.world.messages.values()].some((one) => one.deleted));

    // Around: palette, inbox with its letters, a new channel, the list of keys, the theme.
    await keys.press('Escape');
    await keys.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await keys.type('>inbox');
    await keys.press('Enter');
    await page.getByRole('tabpanel', { name: 'Inbox items' }).waitFor();
    await bert.mentions('anna', 'for your inbox');
    await page.getByRole('tabpanel', { name: 'Inbox items' }).getByRole('button').first().waitFor();
    await tabTo(page, 'button', /for your inbox/);
    await keys.press('e');
    await eventually('it is done', () => [...server.world.inbox.values()].some((item) => item.state === 'done'));
    await keys.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await keys.type('general');
    await keys.press('Enter');
    await screen.composer.waitFor();
    await tabTo(page, 'button', /^Create a channel$/);
    await keys.press('Enter');
    await page.getByRole('dialog').waitFor();
    await keys.type('by-keyboard');
    await keys.press('Enter');
    await eventually('it was made', () =>
      [...server.world.channels.values()].some((one) => one.name === 'by-keyboard'),
    );
    visitor.expectQuiet();
  } finally {
    await browser.close();
  }
});

/** Presses Tab until something of that role and name has the focus. */
async function tabTo(page: Page, role: string, name: RegExp, key = 'Tab'): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null) return { role: '', name: '' };
      const labelled = element.getAttribute('aria-labelledby');
      const labels =
        element instanceof HTMLInputElement ? [...(element.labels ?? [])].map((one) => one.textContent) : [];
      const given =
        element.getAttribute('aria-label') ??
        (labelled === null ? undefined : document.getElementById(labelled)?.textContent) ??
        labels[0] ??
        element.textContent;
      const tag = element.tagName.toLowerCase();
      const implied = tag === 'input' || tag === 'textarea' ? 'textbox' : tag === 'a' ? 'link' : tag;
      return { role: element.getAttribute('role') ?? implied, name: (given ?? '').trim() };
    });
    if (at.role === role && name.test(at.name)) return;
    seen.push(`${at.role} ${at.name.slice(0, 40)}`);
    await page.keyboard.press(key);
  }
  throw new Error(`no ${role} ${name} among what ${key} reaches: ${[...new Set(seen)].join(' | ')}`);
}

/** Goes to the newest message, which must be this one. */
async function walkTo(page: Page, name: RegExp): Promise<void> {
  await tabTo(page, 'article', /./, 'Shift+Tab');
  await page.keyboard.press('End');
  const label = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  await expect.poll(label).toMatch(name);
}

async function focusComposer(screen: Screen): Promise<void> {
  if (await screen.composer.evaluate((element) => element === document.activeElement)) return;
  await tabTo(screen.page, 'textbox', /^Message /);
}
