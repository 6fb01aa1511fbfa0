import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings } from '../harness/axe.ts';
import { launchBrowser, PHONE, photographFailures, Visitor } from '../harness/browser.ts';
import { Hub } from '../harness/hub.ts';
import { KeyedScreen } from '../harness/keyed-screen.ts';
import { signUp } from '../harness/raw-client.ts';
import { startReal, type RealServer } from '../harness/real-server.ts';
import { AGENT, SKERRY } from '../machines/json-run.ts';
import { PseudoTerminal } from '../machines/pseudo-terminal.ts';
import { filesIn, foundIn } from '../sealed/forms.ts';

const DESKTOP = { width: 1280, height: 800 };
const CANARY = 'CanaryOfAFileOnBx5150';

/** Two servers, two computers with the real program in terminals of their own, one page. */
describe('A person with machines on two servers', () => {
  const top = mkdtempSync(path.join(tmpdir(), 'skerry-machines-'));
  const folder = path.join(top, 'work');
  let hub: Hub;
  let harbour: RealServer;
  let lighthouse: RealServer;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let screen: KeyedScreen;
  const running: PseudoTerminal[] = [];
  photographFailures(() => visitor);

  beforeAll(async () => {
    mkdirSync(folder);
    const start = (name: string): Promise<RealServer> => startReal(['--name', name, '--machines', 'on']);
    [hub, harbour, lighthouse, browser] = await Promise.all([
      Hub.start(),
      start('Harbour'),
      start('Lighthouse'),
      launchBrowser(),
    ]);
    await Promise.all([harbour, lighthouse].map((server) => signUp(server.origin, 'admin', server.setupCode)));
    visitor = await Visitor.arrive(browser, { reducedMotion: 'reduce', allowed: [/status of (?:404|409|410)/] });
    ({ page } = visitor);
    screen = await new KeyedScreen(page).open(hub.origin);
    await screen.makeKeys();
    await screen.registerByKey(harbour.origin, 'ada');
    await screen.send('first');
  });
  afterAll(async () => {
    for (const terminal of running) await terminal[Symbol.asyncDispose]();
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [hub, harbour, lighthouse]) await one?.[Symbol.asyncDispose]();
    rmSync(top, { recursive: true, force: true });
  });

  const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
  const title = (name: string | RegExp): Locator => page.getByRole('heading', { name });
  const inTerminal = (...argv: string[]): PseudoTerminal => {
    const terminal = new PseudoTerminal(argv, { PLAIN_AGENT_STATE: path.join(top, 'agent-state') });
    running.push(terminal);
    return terminal;
  };
  const pairing = (server: RealServer, label: string): PseudoTerminal =>
    inTerminal(
      ...['pair', '--server', server.origin, '--config', path.join(top, label)],
      ...['--secrets', 'file', '--label', label],
    );
  const agentOf = async (label: string): Promise<PseudoTerminal> => {
    const terminal = inTerminal(
      ...['agent', '--config', path.join(top, label), '--root', folder],
      ...['--agent', `plain=${process.execPath} ${AGENT}`],
    );
    await terminal.says('Ctrl-C stops.');
    return terminal;
  };
  /** Types in what the terminal shows, as a camera would read it. */
  async function read(terminal: PseudoTerminal): Promise<void> {
    await terminal.says('Ctrl-C takes it back.');
    const link = /http\S+\/l\/terminal#\S+/.exec(terminal.out)?.[0] ?? '';
    await screen.goTo('#/pair');
    await page.getByRole('textbox', { name: 'Link of the code' }).fill(link);
    await button('Continue').click();
  }
  /** Sees that both screens show the same, and lets it in. */
  async function allow(terminal: PseudoTerminal): Promise<void> {
    const parts = page.locator('[data-code] b');
    await parts.first().waitFor();
    expect(await button('Allow').isDisabled()).toBe(true);
    const [first = '', second = '', third = '', digits = ''] = await parts.allInnerTexts();
    await terminal.says(`    ${first} ${second} ${third} ${digits}`);
    terminal.type('yes\n');
    await page.getByText('The codes match').click();
    expect(await axeFindings(page)).toEqual([]);
    await button('Allow').click();
    await title(/is now a machine on/).waitFor();
    expect(await terminal.ended).toBe(0);
  }
  /** The bytes of everything a server keeps. */
  const kept = async ({ data }: RealServer): Promise<Buffer> =>
    Buffer.concat(await Promise.all((await filesIn(data)).map((file) => readFile(file))));

  it('pairs the first with one server (S2.37, S2.48, S2.52, M-3 to M-6)', async () => {
    const terminal = pairing(harbour, 'studio-of-a');
    await read(terminal);
    await title('Give a new computer access to Harbour').waitFor();
    await allow(terminal);
    visitor.expectQuiet();
  });

  it('joins the server of the second code first, and lets it in there alone (T4, S2.35, S2.36, S2.38, S2.53)', async () => {
    await page.setViewportSize(PHONE);
    const terminal = pairing(lighthouse, 'thinkpad-of-b');
    await read(terminal);
    const { host } = new URL(lighthouse.origin);
    await title(`Connecting to new server: ${host}`).waitFor();
    expect(visitor.requested.some((url) => url.startsWith(lighthouse.origin))).toBe(false);
    await button(`Join ${host}`).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();
    await page.getByText('It proved its key').waitFor();
    await button('Create an account').click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('ada');
    await page.getByRole('textbox', { name: 'Display name' }).fill('ada');
    const before = visitor.requested.length;
    await button('Create account').click();
    await title('Give a new computer access to Lighthouse').waitFor();
    await allow(terminal);
    const since = visitor.requested.slice(before).filter((url) => /pairing/i.test(url));
    expect(since.length).toBeGreaterThan(0);
    expect(since.filter((url) => !url.startsWith(lighthouse.origin))).toEqual([]);
    const [a, b] = [await kept(harbour), await kept(lighthouse)];
    expect([foundIn(a, ['studio-of-a', 'thinkpad-of-b']), foundIn(b, ['studio-of-a', 'thinkpad-of-b'])]).toEqual([
      ['studio-of-a'],
      ['thinkpad-of-b'],
    ]);
    visitor.expectQuiet();
  });

  it('lists both with their servers, after a restart as well (S2.1, S2.39, S2.45, S2.54, S2.58)', async () => {
    await page.setViewportSize(DESKTOP);
    await screen.goTo('#/settings/devices');
    for (const again of [false, true]) {
      if (again) await page.reload();
      await page.getByRole('group', { name: 'Machines: Harbour' }).getByText('studio-of-a').waitFor();
      await page.getByRole('group', { name: 'Machines: Lighthouse' }).getByText('thinkpad-of-b').waitFor();
    }
    await button('Actions for studio-of-a').click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('studio-renamed');
    await button('Save').click();
    await page.getByRole('group', { name: 'Machines: Harbour' }).getByText('studio-renamed').waitFor();
    // No machine is offered to be let in as a device (M-2).
    expect(await page.getByText(/wants? to be let in/).count()).toBe(0);
    expect(await axeFindings(page)).toEqual([]);
    visitor.expectQuiet();
  });

  it('starts a run on the second from the phone while the first is looked at, and the file changes after a yes (S2.55, T18)', async () => {
    await agentOf('thinkpad-of-b');
    await screen.showServer('Harbour');
    await page.setViewportSize(PHONE);
    await screen.goTo('#/agents/new');
    await page.getByRole('radio', { name: /thinkpad-of-b/ }).waitFor({ state: 'attached' });
    await page.getByRole('textbox', { name: 'First message' }).fill(`write notes.txt ${CANARY}`);
    await button('Start the run').click();
    const allowOnce = button(/^Allow once/);
    await allowOnce.waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await expect.poll(() => allowOnce.getAttribute('aria-disabled')).not.toBe('true');
    await allowOnce.click();
    await page.getByText('wrote notes.txt').first().waitFor();
    expect(readFileSync(path.join(folder, 'notes.txt'), 'utf8')).toBe(CANARY);
    for (const server of [harbour, lighthouse]) expect(foundIn(await kept(server), [CANARY])).toEqual([]);
    visitor.expectQuiet();
  });

  it('answers a question of the second in the inbox by keys, while the first is looked at (S1.22, S1.29)', async () => {
    await page.setViewportSize(DESKTOP);
    await screen.showServer('Harbour');
    const agent = new Client({ name: 'a-test', version: '1' });
    const args = [SKERRY, 'mcp', '--config', path.join(top, 'thinkpad-of-b')];
    await agent.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' }));
    try {
      const question = 'Keep the old route?';
      const given = {
        question,
        choices: ['Keep it', 'Drop the old route for good'],
        agent_name: 'Mate',
        project_folder: folder,
      };
      const answered = agent.callTool({ name: 'ask_question', arguments: given });
      await screen.rail.getByRole('link', { name: /inbox/i }).click();
      const row = button(/Mate.*Asks you.*Keep the old route\?/);
      await row.click();
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press('2');
      await page.keyboard.press('Enter');
      expect((await answered).structuredContent).toMatchObject({
        state: 'answered',
        choice: 'Drop the old route for good',
      });
      await page.getByText(/^Confirmed by thinkpad-of-b/).waitFor();
      expect(foundIn(await kept(lighthouse), [question, 'Drop the old route for good'])).toEqual([]);
      visitor.expectQuiet();
    } finally {
      await agent.close();
    }
  });

  it('loses nothing of the second when the first server is gone (S2.49, S2.56)', async () => {
    await harbour[Symbol.asyncDispose]();
    await screen.goTo('#/settings/devices');
    const left = page.getByRole('group', { name: 'Machines: Lighthouse' });
    await left.getByText(/online/).waitFor();
    await page.getByText('Harbour is not connected. This is what was known last.').waitFor();
    await page.getByRole('group', { name: 'Machines: Harbour' }).getByText('studio-renamed').waitFor();
    const agent = new Client({ name: 'a-test', version: '1' });
    const args = [SKERRY, 'mcp', '--config', path.join(top, 'thinkpad-of-b')];
    await agent.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' }));
    try {
      const report = agent.callTool({ name: 'work_report', arguments: { report: 'The hull is done.' } });
      await screen.goTo('#/inbox');
      await button(/Reports to you.*The hull is done\./).click();
      await button(/^Confirm/).click();
      expect((await report).structuredContent).toMatchObject({ state: 'answered', choice: 'Confirm' });
    } finally {
      await agent.close();
    }
  });
});
