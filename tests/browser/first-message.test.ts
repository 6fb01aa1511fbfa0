import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { scriptsUntilFirstMessage } from '../harness/first-message.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { startReal, type RealServer } from '../harness/real-server.ts';
import { Screen } from '../harness/screen.ts';

/** Bytes after gzip. */
const BUDGET = 150_000;

describe('A page that is opened at a channel', () => {
  let hub: Hub;
  let server: RealServer;
  let browser: Browser;
  let visitor: Visitor;
  let bert: Friend;
  photographFailures(() => visitor);

  beforeAll(async () => {
    [hub, server, browser] = await Promise.all([Hub.start(), startReal(['--name', 'Harbour']), launchBrowser()]);
    bert = await Friend.found(server, 'bert');
    visitor = await Visitor.arrive(browser);
    const screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(server.origin, 'anna');
    for (let i = 0; i < 12; i++)
      await bert.says(`**number** ${i}: _see_ \`here\`\n- one\n- two\n> and https://example.org/`);
    await screen.message('number 11').waitFor();
    await visitor.page.waitForTimeout(500);
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [bert, hub, server]) await one?.[Symbol.asyncDispose]();
  });

  it(`asks for at most ${BUDGET / 1000} kB of script until the first message shows`, async () => {
    const address = visitor.page.url();
    expect(address).toMatch(/#\/s\/.+\/c?/);
    await visitor.page.close();
    const { scripts, gzip } = await scriptsUntilFirstMessage(visitor.context, address);
    process.stderr.write(`${gzip} bytes: ${scripts.map((one) => `${one.file} ${one.gzip}`).join(', ')}\n`);
    // What a channel cannot be drawn without is among them: the measurement looks at the right page.
    expect(scripts.some(({ file }) => file.includes('/start-'))).toBe(true);
    expect(scripts.some(({ file }) => file.includes('/channel-'))).toBe(true);
    expect(gzip).toBeLessThan(BUDGET);
  });
});
