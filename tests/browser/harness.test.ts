import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings } from '../harness/axe.ts';
import { launchBrowser, Visitor } from '../harness/browser.ts';

const PAGES: Record<string, string> = {
  '/good': '<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1><button>Go</button></main>',
  '/bad':
    '<!doctype html><html lang="en"><title>Bad</title><main><h1>Bad</h1><button></button><img src="https://elsewhere.invalid/x.png"></main>',
  '/throws': '<!doctype html><html lang="en"><title>Throws</title><script src="/throw.js"></script>',
  '/throw.js': 'throw new Error("on purpose")',
};

/** Whatever the other browser journeys rest on must be able to fail. */
describe('The watched browser', () => {
  let server: Server;
  let origin: string;
  let browser: Browser;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const page = PAGES[request.url ?? ''];
      response.writeHead(page === undefined ? 404 : 200, {
        'content-type': request.url?.endsWith('.js') === true ? 'text/javascript' : 'text/html',
        'content-security-policy': "default-src 'self'",
      });
      response.end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it('stays quiet on a page that does nothing wrong, and knows what was requested', async () => {
    await using visitor = await Visitor.arrive(browser);
    await visitor.page.goto(`${origin}/good`);
    visitor.expectQuiet();
    expect(visitor.requested).toContain(`${origin}/good`);
    expect(await axeFindings(visitor.page)).toEqual([]);
  });

  it('tells of a policy that was violated, and axe of a button without a name', async () => {
    await using visitor = await Visitor.arrive(browser, { allowed: [/status of 404/] });
    await visitor.page.goto(`${origin}/bad`);
    await expect.poll(() => visitor.complaints.join()).toContain('elsewhere.invalid');
    expect(() => visitor.expectQuiet()).toThrow('elsewhere.invalid');
    expect((await axeFindings(visitor.page)).join()).toContain('button-name');
  });

  it('tells of an error nobody caught', async () => {
    await using visitor = await Visitor.arrive(browser, { allowed: [/status of 404/] });
    await visitor.page.goto(`${origin}/throws`);
    await expect.poll(() => visitor.complaints.join()).toContain('on purpose');
  });

  it('starts each visitor with nothing stored', async () => {
    await using first = await Visitor.arrive(browser);
    await first.page.goto(`${origin}/good`);
    await first.page.evaluate(() => localStorage.setItem('kept', 'yes'));
    await using second = await Visitor.arrive(browser);
    await second.page.goto(`${origin}/good`);
    expect(await second.page.evaluate(() => localStorage.getItem('kept'))).toBeNull();
  });
});
