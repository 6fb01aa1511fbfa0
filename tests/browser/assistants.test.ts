import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servePages, type Web } from '../assistants/web.ts';
import { Discord } from '../discord/discord.ts';
import type { Bot, User } from '../discord/world.ts';
import { axeFindings } from '../harness/axe.ts';
import { launchBrowser, PHONE, photographFailures, Visitor } from '../harness/browser.ts';
import { Hub } from '../harness/hub.ts';
import { signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { Screen } from '../harness/screen.ts';
import { settled } from '../harness/settled.ts';

/** Both servers are the real one, with assistants; Discord is a stand-in that both of them ask. */
describe('Assistants on two servers in one page', () => {
  let discord: Discord;
  let web: Web;
  let hub: Hub;
  let harbour: RealServer;
  let lighthouse: RealServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let bot: Bot;
  let person: User;
  photographFailures(() => visitor);

  beforeAll(async () => {
    [discord, web, hub, browser] = await Promise.all([Discord.start(), servePages(), Hub.start(), launchBrowser()]);
    bot = discord.world.addBot('helper');
    person = discord.world.addPerson('somebody');
    discord.world.addGuild('Quay Cycling', [person, bot]);
    const start = (name: string): Promise<RealServer> =>
      startReal(['--name', name, '--discord-api', `${discord.api}/v10`], {
        SKERRY_TESTING: '1',
        SKERRY_ASSISTANTS_LOOPBACK: '1',
      });
    [harbour, lighthouse] = await Promise.all([start('Harbour'), start('Lighthouse')]);
    await Promise.all([harbour, lighthouse].map((server) => signUp(server.origin, 'admin', server.setupCode)));
    visitor = await Visitor.arrive(browser, {
      reducedMotion: 'reduce',
      // What a server refuses is refused in the console of the browser, too; one that is stopping refuses to be asked at all.
      allowed: [
        /status of (?:404|409|422)/,
        /preflight request doesn't pass access control check: It does not have HTTP ok/,
      ],
    });
    screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(harbour.origin, 'anna');
    await screen.register(lighthouse.origin, 'anna');
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [hub, harbour, lighthouse, web, discord]) await one?.[Symbol.asyncDispose]();
  });

  const button = (name: string | RegExp): Locator => visitor.page.getByRole('button', { name });
  const nav = (): Locator => visitor.page.getByRole('navigation', { name: 'Assistants' });
  const row = (server: string): Locator => visitor.page.getByRole('group', { name: server, exact: true });
  const inBothThemes = async (): Promise<string[]> => {
    const found: string[] = [];
    await visitor.page.mouse.move(0, 0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await visitor.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await settled(visitor.page);
      for (const one of await axeFindings(visitor.page, colorScheme === 'light' ? 'all' : 'colours'))
        found.push(`${colorScheme}: ${one}`);
    }
    return found;
  };

  it('connects a bot by its token, refuses a person’s, and adds a guild the bot is in (S3.1, S3.30)', async () => {
    await screen.rail.getByRole('link', { name: 'Assistants' }).click();
    await visitor.page.getByRole('heading', { name: 'No assistants yet' }).waitFor();
    await row('Lighthouse').getByText('No bot is connected.').waitFor();
    expect(await inBothThemes()).toEqual([]);
    await row('Harbour').getByRole('button', { name: 'Connect a bot' }).click();
    const token = visitor.page.getByRole('textbox', { name: 'Token of the bot' });
    await token.fill(person.token);
    await button('Check and connect').click();
    await visitor.page.getByText('Tokens of people are never accepted').waitFor();
    await token.fill(bot.token);
    await button('Check and connect').click();
    await row('Harbour').getByText('Bot “helper” is connected.').waitFor();
    expect(await visitor.page.content()).not.toContain(bot.token);
    expect(await row('Lighthouse').getByText('No bot is connected.').count()).toBe(1);

    await visitor.page.getByRole('main').getByRole('button', { name: 'Add a guild' }).click();
    await button('Add Quay Cycling').click();
    await visitor.page.getByRole('heading', { name: 'Assistant · Quay Cycling' }).waitFor();
    visitor.expectQuiet();
  });

  it('keeps what is written until it is saved, asks before it is lost, and switches on (S3.31, S3.35)', async () => {
    const information = visitor.page.getByRole('textbox', { name: 'Information' });
    await information.fill('The **workshop** opens at nine. Lost bells are kept at the counter for four weeks.');
    await visitor.page.getByText('82 of 20,000').waitFor();
    await screen.rail.getByRole('link', { name: /^Lighthouse/ }).click();
    const question = visitor.page.getByRole('alertdialog', { name: 'Leave without saving?' });
    await question.getByText('What you changed is lost: Information.').waitFor();
    await question.getByRole('button', { name: 'Stay' }).click();
    // Its other parts are no other place, and what was written is there on the way back.
    await nav().getByRole('link', { name: 'Statistics' }).click();
    await visitor.page.getByRole('heading', { name: 'Over time' }).waitFor();
    await nav().getByRole('link', { name: 'Configuration' }).click();
    expect(await information.inputValue()).toContain('Lost bells');
    await visitor.page
      .getByRole('radiogroup', { name: 'Information: write or preview' })
      .getByText('Preview', { exact: true })
      .click();
    await visitor.page.getByRole('region', { name: 'Preview: Information' }).locator('strong').waitFor();
    await button('Save changes').click();
    await visitor.page.getByText(/^Saved \d/).waitFor();
    await visitor.page.getByRole('switch', { name: /answers in Quay Cycling/ }).click();
    await visitor.page.getByText('Answering', { exact: true }).waitFor();
    expect(await inBothThemes()).toEqual([]);
    visitor.expectQuiet();
  });

  it('has a website read and shows how it went (S3.20 to S3.22)', async () => {
    await nav().getByRole('link', { name: 'Websites' }).click();
    const address = visitor.page.getByRole('textbox', { name: 'Address of a page' });
    await address.fill('not an address');
    await button('Add').last().click();
    await visitor.page.getByText('This is not the address of a web page.').waitFor();
    await address.fill(`${web.url}/bells`);
    await address.press('Enter');
    const site = visitor.page.getByRole('listitem').filter({ hasText: '/bells' });
    await site.getByText(/^read .* characters$/).waitFor();
    await site.getByRole('button', { name: /^Read .* now$/ }).click();
    await visitor.page.getByText(/bells was read\.$/).waitFor({ state: 'attached' });
    expect(await inBothThemes()).toEqual([]);
    visitor.expectQuiet();
  });

  it('answers in a test chat from what was written, and says that it quotes (S3.32 to S3.34)', async () => {
    await nav().getByRole('link', { name: 'Test chat: Quay Cycling, Harbour' }).click();
    await button('New conversation').click();
    await button('Begin').click();
    const write = visitor.page.getByRole('textbox', { name: 'Write to Assistant' });
    await write.fill('Where are lost bells kept?');
    await write.press('Enter');
    const said = visitor.page.getByRole('log').getByRole('article', { name: 'Assistant' });
    await said.getByText(/kept at the counter for four weeks/).waitFor();
    await said.getByText('Quoted, without a model').waitFor();
    await visitor.page.getByRole('region', { name: 'Quay Cycling, Harbour' }).getByRole('link').waitFor();
    expect(await inBothThemes()).toEqual([]);
    visitor.expectQuiet();
  });

  it('adds up both servers, and says when one of them is gone while the other goes on (S3.29, S3.49)', async () => {
    await nav().getByRole('link', { name: 'Add a guild' }).click();
    await visitor.page.getByRole('group', { name: 'On which server' }).getByText('Lighthouse').click();
    await visitor.page.getByRole('textbox', { name: 'Id of the guild' }).fill('200000000000000001');
    await visitor.page.getByRole('textbox', { name: 'Name of the guild' }).fill('Tide Pool');
    await visitor.page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await visitor.page.getByRole('heading', { name: 'Assistant · Tide Pool' }).waitFor();
    await nav().getByRole('link', { name: 'Overview' }).click();
    const figures = visitor.page.getByRole('region', { name: 'Figures over all servers' });
    await figures.getByText('of 2 guilds on 2 servers').waitFor();
    expect((await figures.innerText()).replaceAll(/\s+/g, ' ')).toContain('Switched on 1 of 2');
    expect(await inBothThemes()).toEqual([]);

    await lighthouse[Symbol.asyncDispose]();
    const tide = visitor.page.getByRole('article', { name: 'Assistant in Tide Pool' });
    await tide.getByText('Not known now').waitFor();
    await figures.getByText(/not complete: Lighthouse as of \d/).waitFor();
    await row('Lighthouse')
      .getByText(/cannot be asked now/)
      .waitFor();
    expect(await tide.getByRole('switch').isDisabled()).toBe(true);
    const quay = visitor.page.getByRole('article', { name: 'Assistant in Quay Cycling' });
    await quay.getByRole('switch').click();
    await quay.getByText('Off', { exact: true }).waitFor();
    expect(await inBothThemes()).toEqual([]);

    await visitor.page.setViewportSize(PHONE);
    // What is in trouble comes first there.
    await expect
      .poll(() => visitor.page.getByRole('article').first().getAttribute('aria-label'))
      .toContain('Tide Pool');
    expect(await axeFindings(visitor.page)).toEqual([]);
    visitor.expectQuiet();
  });
});
