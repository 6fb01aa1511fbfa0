import { expect, it } from 'vitest';
import { launchBrowser, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { CLIENT } from '../harness/hub.ts';
import { passwordOf } from '../harness/raw-client.ts';
import { Screen } from '../harness/screen.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';

it('S0.28, S0.37, S0.45: A client that a server hosts talks to that server alone, and shows no list of servers', async () => {
  await using server = await SpawnedServer.start({ name: 'Harbour', args: ['--client', CLIENT] });
  await using bert = await Friend.found(server, 'bert');
  const browser = await launchBrowser();
  try {
    await using visitor = await Visitor.arrive(browser);
    const { page } = visitor;
    const answer = await page.goto(server.origin);
    const policy = (await answer?.allHeaders())?.['content-security-policy'] ?? '';
    expect(policy.split(';').map((part) => part.trim())).toContain("connect-src 'self'");
    expect(await answer?.headerValue('set-cookie')).toBeNull();

    const screen = new Screen(page);
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('anna');
    await page.getByRole('textbox', { name: 'Display name' }).fill('Anna');
    await page.getByLabel('New password', { exact: true }).fill(passwordOf('anna'));
    await page.getByRole('button', { name: 'Create account' }).click();
    await screen.composer.waitFor();
    expect(await page.getByRole('link', { name: 'Add a server' }).count()).toBe(0);
    expect(await screen.rail.count()).toBe(0);

    await screen.send('hello from here');
    await bert.hears('hello from here', 10_000);
    // Not in front of her eyes: what she reads at once needs her no more.
    await screen.goTo('#/inbox');
    await bert.mentions('anna', 'look ![](https://tracker.invalid/x.png) https://tracker.invalid/page');
    await page.getByRole('tabpanel', { name: 'Inbox items' }).getByRole('button').first().waitFor();
    for (const place of ['#/settings/you', '#/settings/appearance', '#/settings/about']) {
      await screen.goTo(place);
      await page.getByRole('heading').first().waitFor();
    }
    await page.reload();
    await screen.goTo('#/');
    await screen.composer.waitFor();
    await screen.message('hello from here').waitFor();
    await screen.message('look').waitFor();

    const own = [server.origin, server.origin.replace('http', 'ws')];
    const foreign = visitor.requested.filter(
      (url) => !own.some((origin) => url.startsWith(`${origin}/`)) && !/^(?:data|blob):/.test(url),
    );
    expect(foreign).toEqual([]);
    expect(visitor.requested.some((url) => url.startsWith('ws'))).toBe(true);
    visitor.expectQuiet();
  } finally {
    await browser.close();
  }
});
