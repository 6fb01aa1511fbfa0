import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings } from '../harness/axe.ts';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Hub } from '../harness/hub.ts';
import { KeyedScreen } from '../harness/keyed-screen.ts';
import { startReal, type RealServer } from '../harness/real-server.ts';
import { Screen } from '../harness/screen.ts';
import { passwordOf } from '../harness/raw-client.ts';

/** A person's keys from the first visit to the last device. */
describe('A person with keys of their own', () => {
  let hub: Hub;
  let harbour: RealServer;
  let browser: Browser;
  let visitor: Visitor;
  let second: Visitor;
  let third: Visitor;
  let words: readonly string[];
  let seen: Visitor | undefined;
  photographFailures(() => seen);

  beforeAll(async () => {
    [hub, harbour, browser] = [await Hub.start(), await startReal(['--name', 'Harbour']), await launchBrowser()];
    visitor = await Visitor.arrive(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
  });
  afterAll(async () => {
    for (const one of [visitor, second, third]) await one?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [hub, harbour]) await one?.[Symbol.asyncDispose]();
  });

  const sixWords = (page: Page | Locator, name: string | RegExp): Promise<string[]> =>
    page.getByRole('list', { name }).locator('[translate=no]').allInnerTexts();

  const goTo = async (who: Visitor, hash: string): Promise<void> => new Screen(who.page).goTo(hash);

  it('makes them at the first visit, sees the 24 words only when asked, and shows that they are written down', async () => {
    seen = visitor;
    const { page } = visitor;
    await page.goto(hub.origin);
    await page.getByText('Nothing leaves this device until you choose a server.').waitFor();
    await page.getByRole('button', { name: 'Scan a code' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: /camera/ })
      .waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Make your keys/ }).click();
    await page.getByRole('button', { name: 'Make my keys' }).click();
    const paper = page.getByRole('list', { name: 'Your 24 words' });
    await page.getByText('The words are hidden.').waitFor();
    expect(await paper.locator('[translate=no]').count()).toBe(0);
    await page.getByRole('button', { name: 'Show the words' }).click();
    words = await paper.locator('[translate=no]').allInnerTexts();
    expect(words).toHaveLength(24);
    expect(await axeFindings(page)).toEqual([]);

    await page.getByRole('button', { name: 'I have written them down' }).click();
    const fields = page.getByRole('combobox');
    await fields.first().waitFor();
    expect(await paper.count()).toBe(0);
    // A wrong word first.
    for (const field of await fields.all()) await field.fill('zoo');
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'At least one of them is not right' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    for (const field of await fields.all()) {
      const place = Number(
        /\d+/.exec((await field.evaluate((one: HTMLInputElement) => one.labels?.[0]?.innerText)) ?? '')?.[0],
      );
      await field.fill(words[place - 1] ?? '');
    }
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: /^Your keys are on this device/ }).waitFor();
    // Nothing left this device: only the files of the page were asked for.
    expect(visitor.requested.filter((url) => !url.startsWith(hub.origin) && !url.startsWith('data:'))).toEqual([]);
    visitor.expectQuiet();
  });

  it('makes an account by key alone: no password leaves, and the device is on the signed list (S2.47)', async () => {
    const { page } = visitor;
    const bodies: string[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(harbour.origin)) bodies.push(request.postData() ?? '');
    });
    await new Screen(page).find(harbour.origin);
    const code = page.getByRole('textbox', { name: 'Set-up code' });
    await code.fill(harbour.setupCode ?? '');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('anna');
    expect(await page.getByLabel('New password', { exact: true }).count()).toBe(0);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Create account' }).click();
    await new Screen(page).composer.waitFor();
    // With something to read in it, what comes after the first screen is there as soon as that is shown, for everybody.
    await new Screen(page).send('the first word here');
    expect(bodies.some((body) => body.includes('"password":null'))).toBe(true);
    // One of the words alone may be the name of a field.
    for (const [at, word] of words.entries())
      expect(bodies.join('\n')).not.toMatch(new RegExp(`\\b${word}[^a-z]{1,4}${words[at + 1] ?? words[0]}\\b`));
    await goTo(visitor, '#/settings/devices');
    const list = page.getByRole('region', { name: 'Your devices on Harbour' }).getByRole('listitem');
    await list.filter({ hasText: 'this device' }).filter({ hasText: 'added' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    visitor.expectQuiet();
  });

  it('signs out and is back in one click (S2.9)', async () => {
    const { page } = visitor;
    const screen = new Screen(page);
    await screen.goTo('#/');
    await screen.rail.getByRole('link', { name: /^Harbour/ }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Sign out…' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await screen.rail.getByRole('link', { name: /^Harbour.*signed out/i }).waitFor();
    await screen.rail.getByRole('link', { name: /^Harbour/ }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /^Continue as @anna with your key/ }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: /^Continue as @anna with your key/ }).click();
    await screen.composer.waitFor();
    visitor.expectQuiet();
  });

  it('comes back on a second device by the 24 words, pasted; a wrong one is named', async () => {
    second = await Visitor.arrive(browser);
    seen = second;
    const { page } = second;
    await page.goto(hub.origin);
    await page.getByRole('button', { name: /^Enter recovery phrase/ }).click();
    const first = page.getByRole('combobox', { name: 'Word 1', exact: true });
    await first.waitFor();
    await first.fill(words.map((word, at) => (at === 6 ? 'harbourside' : word)).join(' '));
    await page.getByText('Word 7, “harbourside”, is not in the list').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    // Two words of the list that changed places: the checksum says so.
    const swapped = [...words];
    const other = words.findIndex((word) => word !== words[0]);
    [swapped[0], swapped[other]] = [swapped[other] ?? '', swapped[0] ?? ''];
    await first.fill(swapped.join(' '));
    await page.getByRole('button', { name: 'Bring back my keys' }).click();
    await page
      .getByText(/together they do not fit|Your keys are on this device/)
      .first()
      .waitFor();
    if ((await page.getByRole('button', { name: 'Done' }).count()) === 0) {
      await first.fill(words.join(' '));
      await page.getByRole('button', { name: 'Bring back my keys' }).click();
    }
    await page.getByRole('button', { name: 'Done' }).click();

    await new Screen(page).find(harbour.origin);
    await page.getByRole('button', { name: /^Continue with your key/ }).click();
    await new Screen(page).composer.waitFor();
    await goTo(second, '#/settings/devices');
    const list = page.getByRole('region', { name: 'Your devices on Harbour' }).getByRole('listitem');
    await expect.poll(() => list.count()).toBe(2);
    await goTo(visitor, '#/settings/keys');
    await goTo(second, '#/settings/keys');
    expect(await sixWords(page, 'Six words of your keys')).toEqual(
      await sixWords(visitor.page, 'Six words of your keys'),
    );
    second.expectQuiet();
  });

  it('says before removing a device what that means; the device is out within 2 s (I12)', async () => {
    seen = visitor;
    const { page } = visitor;
    await goTo(visitor, '#/settings/devices');
    const list = page.getByRole('region', { name: 'Your devices on Harbour' }).getByRole('listitem');
    await expect.poll(() => list.count()).toBe(2);
    const theirs = list.filter({ hasNotText: 'this device' });
    await theirs.getByRole('button', { name: /^Actions for/ }).click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
    await page.getByText(/is signed out of Harbour at once/).waitFor();
    const outAt = second.page
      .getByRole('navigation', { name: 'Servers' })
      .getByRole('link', { name: /^Harbour.*signed out/i })
      .waitFor({ timeout: 4_000 });
    const began = Date.now();
    await page.getByRole('button', { name: 'Remove device' }).click();
    await outAt;
    expect(Date.now() - began).toBeLessThan(2_500);
    await expect.poll(() => list.count()).toBe(1);
    visitor.expectQuiet();
  });

  it('gives an account of a password its key, and lets a device in that compares the words', async () => {
    // A list under a key the account does not have yet is refused: so its device learns that there is none.
    third = await Visitor.arrive(browser, { allowed: [/status of 409/] });
    seen = third;
    await third.page.goto(hub.origin);
    const screen = new Screen(third.page);
    await screen.register(harbour.origin, 'ben');
    await goTo(third, '#/settings/keys');
    await third.page.getByRole('button', { name: /^Make your keys/ }).click();
    await third.page.getByRole('button', { name: 'Make my keys' }).click();
    await third.page.getByRole('button', { name: 'Check them later' }).click();
    await third.page.getByText('You have not shown yet that your 24 words are written down').waitFor();
    expect(await axeFindings(third.page)).toEqual([]);
    await goTo(third, '#/settings/devices');
    await third.page.getByLabel('Password on this server').fill('not my password');
    await third.page.getByRole('button', { name: 'Give it my key' }).click();
    await third.page.getByText('This is not your password here.').waitFor();
    await third.page.getByLabel('Password on this server').fill(passwordOf('ben'));
    await third.page.getByRole('button', { name: 'Give it my key' }).click();
    const list = third.page.getByRole('region', { name: 'Your devices on Harbour' }).getByRole('listitem');
    await list.filter({ hasText: 'added' }).waitFor();

    // Another browser of ben's signs in by password and has no keys: it asks to be let in.
    await second[Symbol.asyncDispose]();
    second = await Visitor.arrive(browser);
    seen = second;
    await second.page.goto(hub.origin);
    await new Screen(second.page).signIn(harbour.origin, 'ben');
    await goTo(second, '#/settings/keys');
    await second.page.getByRole('button', { name: /^Let another device send them/ }).click();
    const shown = second.page.getByRole('list', { name: 'Words of this device on Harbour' });
    await shown.waitFor();
    expect(await axeFindings(second.page)).toEqual([]);

    seen = third;
    await third.page.getByRole('status').filter({ hasText: 'wants to be let in on Harbour' }).first().waitFor();
    await list
      .filter({ hasText: 'wants to be let in' })
      .getByRole('button', { name: /^Compare/ })
      .click();
    const dialog = third.page.getByRole('dialog');
    await dialog.getByRole('list', { name: 'Words on both screens' }).waitFor();
    expect(await axeFindings(third.page)).toEqual([]);
    expect(await sixWords(dialog, 'Words on both screens')).toEqual(
      await sixWords(second.page, 'Words of this device on Harbour'),
    );
    expect(await dialog.getByRole('button', { name: 'Allow' }).isDisabled()).toBe(true);
    await dialog.getByRole('checkbox', { name: 'The words match' }).check();
    await dialog.getByRole('button', { name: 'Allow' }).click();
    await dialog.getByRole('list', { name: 'Words of your keys' }).waitFor();

    seen = second;
    const offer = second.page.getByRole('dialog');
    await offer.getByRole('list', { name: 'Words of the keys that came' }).waitFor();
    expect(await axeFindings(second.page)).toEqual([]);
    expect(await sixWords(offer, 'Words of the keys that came')).toEqual(await sixWords(dialog, 'Words of your keys'));
    expect(await offer.getByRole('button', { name: 'Use these keys' }).isDisabled()).toBe(true);
    await offer.getByRole('checkbox', { name: 'The words match' }).check();
    await offer.getByRole('button', { name: 'Use these keys' }).click();
    await offer.getByRole('button', { name: 'Done' }).click();
    await goTo(second, '#/settings/devices');
    const theirs = second.page.getByRole('region', { name: 'Your devices on Harbour' }).getByRole('listitem');
    await expect.poll(() => theirs.filter({ hasText: 'added' }).count()).toBe(2);
    for (const one of [visitor, second, third]) one.expectQuiet();
  });

  it('puts a passphrase before its keys: locked at the next start, opened by the right one only', async () => {
    seen = visitor;
    const { page } = visitor;
    await goTo(visitor, '#/settings/keys');
    await page.getByRole('button', { name: 'Set a passphrase' }).click();
    await page.getByLabel('New passphrase', { exact: true }).fill('four quiet stones');
    await page.getByLabel('New passphrase again', { exact: true }).fill('four quiet stone');
    await page.getByRole('button', { name: 'Save passphrase' }).click();
    await page.getByText('The two are not the same.').waitFor();
    await page.getByLabel('New passphrase again', { exact: true }).fill('four quiet stones');
    await Promise.all([
      page.getByRole('progressbar').waitFor(),
      page.getByRole('button', { name: 'Save passphrase' }).click(),
    ]);
    await page.getByRole('button', { name: 'Lock now' }).waitFor({ timeout: 60_000 });
    await page.reload();
    await page.getByRole('heading', { name: 'Unlock your keys' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const passphrase = page.getByLabel('Passphrase', { exact: true });
    await passphrase.fill('four loud stones');
    await page.getByRole('button', { name: 'Unlock', exact: true }).click();
    await page.getByText('This is not the passphrase.').waitFor({ timeout: 60_000 });
    await passphrase.fill('four quiet stones');
    await page.getByRole('button', { name: 'Unlock', exact: true }).click();
    await page.getByRole('heading', { name: 'Your keys are on this device' }).waitFor({ timeout: 60_000 });
    visitor.expectQuiet();
  });

  it('backs up to its server, says when, and restores on a device that has only the words', async () => {
    const { page } = visitor;
    const keyed = new KeyedScreen(page);
    await keyed.goTo('#/');
    await keyed.composer.waitFor();
    await keyed.start(['ben']);
    await keyed.send('said before the device was lost');
    // What still waits to be sent belongs to its device and to no backup.
    await keyed.message('said before the device was lost').waitFor();
    await keyed.timeline.getByRole('article', { name: /waiting to be sent/ }).waitFor({ state: 'detached' });
    await goTo(visitor, '#/settings/keys');
    await page.getByRole('button', { name: 'Back up now: Harbour' }).click();
    await page.getByText('Backed up to Harbour.').first().waitFor();
    await page.getByText(/^Last backup \d/).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page
        .getByRole('button', { name: 'More about the backup of Harbour' })
        .click()
        .then(() => page.getByRole('menuitem', { name: 'Save as file' }).click()),
    ]);
    expect(download.suggestedFilename()).toBe('skerry-Harbour.backup');
    const file = await download.path();

    await third[Symbol.asyncDispose]();
    third = await Visitor.arrive(browser);
    seen = third;
    await third.page.goto(hub.origin);
    await third.page.getByRole('button', { name: /^Enter recovery phrase/ }).click();
    await third.page.getByRole('combobox', { name: 'Word 1', exact: true }).fill(words.join(' '));
    await third.page.getByRole('button', { name: 'Bring back my keys' }).click();
    await third.page.getByRole('button', { name: 'Done' }).click();
    await new Screen(third.page).find(harbour.origin);
    await third.page.getByRole('button', { name: /^Continue with your key/ }).click();
    const restored = new KeyedScreen(third.page);
    await restored.composer.waitFor();
    await restored.open('ben');
    expect(await restored.message('said before the device was lost').count()).toBe(0);
    await goTo(third, '#/settings/keys');
    await third.page.getByRole('button', { name: 'Restore… Harbour' }).click();
    await third.page.getByRole('button', { name: 'Restore', exact: true }).click();
    await third.page
      .getByText(/records? came back\./)
      .first()
      .waitFor();
    await goTo(third, '#/');
    await restored.open('ben');
    await restored.message('said before the device was lost').waitFor();
    await goTo(third, '#/settings/keys');
    // A file that is none is refused in words, and the right one is taken.
    const chooser = third.page.getByLabel('From a file… Harbour');
    await chooser.setInputFiles({ name: 'holiday.backup', mimeType: '', buffer: Buffer.from('no backup at all') });
    await third.page.getByText('This file is not a backup of this account').first().waitFor();
    await chooser.setInputFiles(file);
    await third.page
      .getByText(/came back\.|Everything in it is here already/)
      .first()
      .waitFor();
    visitor.expectQuiet();
    third.expectQuiet();
  });

  it('says what a stolen device costs, removes it and moves to the next key; the phrase stays the same', async () => {
    seen = visitor;
    const { page } = visitor;
    await goTo(visitor, '#/settings/devices');
    const list = page.getByRole('region', { name: 'Your devices on Harbour' }).getByRole('listitem');
    await expect.poll(() => list.count()).toBe(2);
    await list
      .filter({ hasNotText: 'this device' })
      .getByRole('button', { name: /^Actions for/ })
      .click();
    await page.getByRole('menuitem', { name: 'It was stolen…' }).click();
    await page.getByText('The old key signs the new one').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    const confirm = page.getByRole('button', { name: 'Remove and change my key' });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByRole('checkbox', { name: 'I understand that my key changes here' }).check();
    await confirm.click();
    await expect.poll(() => list.count()).toBe(1);
    await list.filter({ hasText: 'this device' }).filter({ hasText: 'added' }).waitFor();
    await third.page
      .getByRole('navigation', { name: 'Servers' })
      .getByRole('link', { name: /^Harbour.*signed out/i })
      .waitFor();
    // Who signs out now comes back with the key that took over.
    const screen = new Screen(page);
    await screen.goTo('#/');
    await screen.rail.getByRole('link', { name: /^Harbour/ }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Sign out…' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await screen.rail.getByRole('link', { name: /^Harbour.*signed out/i }).waitFor();
    await screen.rail.getByRole('link', { name: /^Harbour/ }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /^Continue as @anna with your key/ }).click();
    await screen.composer.waitFor();
    visitor.expectQuiet();
  });
});
