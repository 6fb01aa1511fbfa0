import { gzipSync } from 'node:zlib';
import type { BrowserContext, Page } from 'playwright-core';

export type Script = {
  /** Its address below the page's origin. */
  readonly file: string;
  /** Bytes after gzip at level 9. */
  readonly gzip: number;
};

export type FirstMessage = {
  /** Every script that was asked for before the first message was drawn, largest first. */
  readonly scripts: readonly Script[];
  readonly gzip: number;
};

/**
 * Opens a page in a browser that holds none of its files and lists the scripts it asks for until a message is drawn: what
 * the HTML names, what these import, and what is loaded on demand on the way.
 * @param address of a channel that has messages
 */
export async function scriptsUntilFirstMessage(context: BrowserContext, address: string): Promise<FirstMessage> {
  const page = await context.newPage();
  try {
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
    await devtools.send('Network.setBypassServiceWorker', { bypass: true });
    await page.addInitScript(noteFirstMessage);
    await page.goto(address);
    await page.getByRole('log').getByRole('article').first().waitFor();
    const addresses = await page.evaluate(() => {
      const shownAt = Number(document.documentElement.dataset['firstMessageAt']);
      const all = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      return all.filter((one) => one.startTime <= shownAt && /\.js(?:$|\?)/.test(one.name)).map((one) => one.name);
    });
    const scripts = await Promise.all(addresses.map((each) => sizeOf(page, each)));
    scripts.sort((a, b) => b.gzip - a.gzip);
    return { scripts, gzip: scripts.reduce((sum, script) => sum + script.gzip, 0) };
  } finally {
    await page.close();
  }
}

/** Runs in the page before its own scripts. */
function noteFirstMessage(): void {
  const look = (): boolean => {
    if (document.querySelector('[role="log"] article') === null) return false;
    document.documentElement.dataset['firstMessageAt'] = String(performance.now());
    return true;
  };
  const observer = new MutationObserver(() => {
    if (look()) observer.disconnect();
  });
  observer.observe(document, { childList: true, subtree: true });
}

async function sizeOf(page: Page, address: string): Promise<Script> {
  const answer = await page.request.get(address);
  if (!answer.ok()) throw new Error(`${address} answered ${answer.status()}`);
  return { file: new URL(address).pathname, gzip: gzipSync(await answer.body(), { level: 9 }).length };
}
