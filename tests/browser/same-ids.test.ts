import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerId } from '@skerry/protocol';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { dumpDatabases } from '../harness/idb.ts';
import { makeIdentity } from '../harness/lying/identity.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { newId } from '../harness/raw-client.ts';
import { Screen } from '../harness/screen.ts';

/** T33, in the databases that Chromium really writes. */
describe('Two servers with identical ids, in a browser', () => {
  let hub: Hub;
  let one: LyingServer;
  let two: LyingServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  photographFailures(() => visitor);

  beforeAll(async () => {
    const twin = (name: string): Promise<LyingServer> =>
      LyingServer.start({ seed: 'twin', name, identity: makeIdentity(newId<ServerId>()) });
    [hub, one, two, browser] = [await Hub.start(), await twin('Castor'), await twin('Pollux'), await launchBrowser()];
    visitor = await Visitor.arrive(browser);
    screen = await new Screen(visitor.page).open(hub.origin);
    for (const [server, word] of [
      [one, 'castorword'],
      [two, 'polluxword'],
    ] as const) {
      const friend = await Friend.found({ origin: server.origin, setupCode: server.world.setupCode }, 'bert');
      await screen.register(server.origin, 'anna');
      await friend.says(`${word} said`);
      await friend.mentions('anna', `${word} mentioned`);
      await screen.message(`${word} mentioned`).waitFor();
      await screen.send(`${word} answered`);
      await screen.composer.fill(`${word} half written`);
      await visitor.page.waitForTimeout(800);
    }
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const server of [hub, one, two]) await server?.[Symbol.asyncDispose]();
  });

  it('stay apart in what is shown and in what is stored', async () => {
    expect([...one.world.channels.keys()]).toEqual([...two.world.channels.keys()]);
    for (const [name, word, other] of [
      ['Castor', 'castorword', 'polluxword'],
      ['Pollux', 'polluxword', 'castorword'],
    ] as const) {
      await screen.showServer(name);
      await screen.message(`${word} answered`).waitFor();
      expect(await screen.timeline.getByText(other).count()).toBe(0);
      expect(await screen.composer.inputValue()).toBe(`${word} half written`);
    }
    const dumps = await dumpDatabases(visitor.page);
    const withCastor = [...dumps].filter(([, text]) => text.includes('castorword')).map(([name]) => name);
    const withPollux = [...dumps].filter(([, text]) => text.includes('polluxword')).map(([name]) => name);
    expect(withCastor.length).toBeGreaterThan(0);
    expect(withCastor.length).toBe(withPollux.length);
    expect(withCastor.filter((name) => withPollux.includes(name))).toEqual([]);
    visitor.expectQuiet();
  });

  it('leave the other byte-equal when one is removed', async () => {
    await one.stop();
    await two.stop();
    await screen.rail.getByRole('link', { name: /^Castor.*(Not reachable|Waiting)/i }).waitFor();
    await visitor.page.waitForTimeout(500);
    const before = await dumpDatabases(visitor.page);
    const entry = await entryOf(screen, 'Castor');
    const other = await entryOf(screen, 'Pollux');
    await screen.goTo(`#/servers/${entry}`);
    await visitor.page
      .getByRole('button', { name: /^Remove…/ })
      .first()
      .click();
    const dialog = visitor.page.getByRole('alertdialog').or(visitor.page.getByRole('dialog'));
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await screen.rail.getByRole('link', { name: /^Castor/ }).waitFor({ state: 'detached' });
    const after = await dumpDatabases(visitor.page);
    const own = [...before.keys()].filter((name) => name.includes(other));
    expect(own.length).toBeGreaterThan(0);
    for (const name of own) expect(after.get(name)).toBe(before.get(name));
    expect([...after.keys()].filter((name) => name.includes(entry))).toEqual([]);
    for (const text of after.values()) expect(text).not.toContain('castorword');
    await screen.showServer('Pollux');
    await screen.message('polluxword answered').waitFor();
  });
});

/** The client's own id of a server, as its link in the rail has it. */
async function entryOf(screen: Screen, name: string): Promise<string> {
  const href = await screen.rail.getByRole('link', { name: new RegExp(`^${name}`) }).getAttribute('href');
  return href?.split('/')[2] ?? '';
}
