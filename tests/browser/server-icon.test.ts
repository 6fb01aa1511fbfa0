import { createHash } from 'node:crypto';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { pngOf } from '../harness/png.ts';
import { Screen } from '../harness/screen.ts';

const RED = pngOf(64, [200, 30, 40]);
const BLUE = pngOf(64, [30, 60, 200]);
const GREEN = pngOf(64, [30, 160, 60]);
const PINK = pngOf(64, [230, 120, 160]);
const GREY = pngOf(64, [120, 120, 120]);
const BLACK = pngOf(64, [0, 0, 0]);
const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'owned\'"><script>1</script></svg>',
);

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
const urlOf = (bytes: Uint8Array): string => `/api/server/icon/${digestOf(bytes)}`;

describe('S0.31: the picture of a server', () => {
  let hub: Hub;
  let server: LyingServer;
  let other: LyingServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let bert: Friend;
  photographFailures(() => visitor);

  const inRail = (): Locator => screen.rail.getByRole('link', { name: /^Harbour/ }).locator('img');
  const preview = (): Locator => visitor.page.getByRole('region', { name: 'Picture' }).locator('img');
  const choose = (name: string, mimeType: string, buffer: Buffer): Promise<void> =>
    visitor.page.getByLabel('Choose a picture…').last().setInputFiles({ name, mimeType, buffer });

  beforeAll(async () => {
    [hub, server, other, browser] = await Promise.all([
      Hub.start(),
      LyingServer.start({ name: 'Harbour' }),
      LyingServer.start({ name: 'Other' }),
      launchBrowser(),
    ]);
    bert = await Friend.found({ origin: server.origin, setupCode: server.world.setupCode }, 'bert');
    server.world.setIcon(RED, urlOf(RED));
    visitor = await Visitor.arrive(browser);
    screen = await new Screen(visitor.page).open(hub.origin);
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [hub, server, other]) await one?.[Symbol.asyncDispose]();
  });

  it('shows before one joins, in the rail afterwards, and without the server after a reload', async () => {
    await screen.goTo('#/add');
    await visitor.page.getByRole('textbox', { name: 'Server address or invite link' }).fill(server.origin);
    await visitor.page.getByRole('region', { name: 'Harbour' }).locator('img').waitFor();
    await screen.register(server.origin, 'anna');
    await inRail().waitFor();
    expect(await inRail().getAttribute('src')).toMatch(/^blob:/);
    const asked = server.requests.filter(({ route }) => route === 'icon').length;
    await visitor.page.waitForTimeout(300);
    await server.stop();
    await visitor.page.reload();
    await inRail().waitFor();
    await server.listen();
    expect(server.requests.filter(({ route }) => route === 'icon')).toHaveLength(asked);
    visitor.expectQuiet();
  });

  it('is set and taken away by an admin, after a look at it, and goes back to the letter', async () => {
    const anna = [...server.world.accounts.values()].find(({ username }) => username === 'anna');
    if (anna === undefined) throw new Error('nobody registered');
    await bert.promotes(anna.id);
    await screen.goTo('#/settings/admin');
    await visitor.page.getByRole('region', { name: 'Picture' }).waitFor({ timeout: 30_000 });

    await choose('notes.png', 'image/png', Buffer.from('not a picture at all'));
    await visitor.page.getByText('This file is no PNG, JPEG or WebP picture').waitFor();
    await choose('drawing.png', 'image/png', SVG);
    await visitor.page.getByText('This file is no PNG, JPEG or WebP picture').waitFor();
    await choose('huge.png', 'image/png', Buffer.concat([BLUE, Buffer.alloc(300 * 1024)]));
    await visitor.page.getByText('a picture may have at most 256 kB').waitFor();
    expect(server.requests.filter(({ route }) => route === 'setIcon')).toEqual([]);

    await choose('blue.png', 'image/png', BLUE);
    await visitor.page.getByText('This is how everybody would see it.').waitFor();
    await preview().waitFor();
    const before = await inRail().getAttribute('src');
    await visitor.page.getByRole('button', { name: 'Use this picture' }).click();
    await visitor.page.getByText('The server shows this picture now.').first().waitFor();
    expect(digestOf(server.world.icon ?? new Uint8Array())).toBe(digestOf(BLUE));
    await expect.poll(() => inRail().getAttribute('src')).not.toBe(before);

    await visitor.page.getByRole('button', { name: 'Remove the picture' }).click();
    await visitor.page.getByText('The server shows its letter again.').first().waitFor();
    await inRail().waitFor({ state: 'detached' });
    expect(await screen.rail.getByRole('link', { name: /^Harbour/ }).innerText()).toContain('H');
    visitor.expectQuiet();
  });

  const big = Buffer.concat([RED, Buffer.alloc(10 * 1024 * 1024, 7)]);
  it.each<[string, () => void]>([
    ['a drawing that holds a script', () => server.world.setIcon(SVG, urlOf(SVG))],
    ['ten megabytes', () => server.world.setIcon(big, urlOf(big))],
    [
      'other bytes than its digest',
      () => {
        server.onRoute('icon', () => ({
          kind: 'text',
          status: 200,
          text: BLUE,
          headers: { 'content-type': 'image/png' },
        }));
        server.world.setIcon(GREEN, urlOf(GREEN));
      },
    ],
    [
      'a page in the place of a picture',
      () => {
        const text = Buffer.from(PINK);
        server.onRoute('icon', () => ({ kind: 'text', status: 200, text, headers: { 'content-type': 'text/html' } }));
        server.world.setIcon(PINK, urlOf(PINK));
      },
    ],
    [
      'the address of another server',
      () => {
        other.world.setIcon(GREY, urlOf(GREY));
        server.world.setIcon(GREY, `${other.origin}${urlOf(GREY)}`);
      },
    ],
    [
      'a way that leads to another server',
      () => {
        server.onRoute('icon', () => ({ kind: 'redirect', status: 302, to: `${other.origin}${urlOf(BLACK)}` }));
        server.world.setIcon(BLACK, urlOf(BLACK));
      },
    ],
  ])('T3, T8, T40: is not shown when a lying server gives %s', async (_what, lie) => {
    server.repent();
    const asked = server.requests.length;
    lie();
    await expect
      .poll(
        () =>
          server.requests.slice(asked).some(({ route }) => route === 'icon') ||
          server.world.profile.iconUrl?.startsWith('http') === true,
      )
      .toBe(true);
    await visitor.page.waitForTimeout(400);
    expect(await inRail().count()).toBe(0);
    expect(other.requests).toEqual([]);
    expect(await visitor.page.title()).not.toBe('owned');
    visitor.expectQuiet();
  });
});
