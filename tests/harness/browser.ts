import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach } from 'vitest';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where pictures of pages go whose test failed. */
const PICTURES = fileURLToPath(new URL('../test-results', import.meta.url));

/** What a page may say when a server it knows is away: the browser itself logs every failed connection. */
const SERVER_AWAY = [
  /Failed to load resource: net::ERR_/,
  /WebSocket connection to '\S+' failed/,
  /Failed to load resource: the server responded with a status of (?:401|403|429|503)/,
];

const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/**
 * The Chromium that the run found.
 * @throws Error when there is none; the runner skips browser tests then and says so
 */
export async function launchBrowser({ more = [] }: { more?: readonly string[] } = {}): Promise<Browser> {
  return chromium.launch({ executablePath: executable(), args: [...FLAGS, ...more] });
}

function executable(): string {
  const found = process.env['CHROMIUM'];
  if (found === undefined || found === '')
    throw new Error('no Chromium found; name one with CHROMIUM=/path/to/chromium');
  return found;
}

/** A browser that keeps its profile in a folder, to be killed and started again. */
export async function launchWithProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { executablePath: executable(), args: FLAGS, viewport: DESKTOP });
}

export type WatchOptions = {
  /** Messages of the console that are right in this journey, besides those about a server that is away. */
  allowed?: readonly RegExp[];
};

/** For the tests of a suite: a page whose test fails is photographed, and what it complained about is printed. */
export function photographFailures(visitor: () => Visitor | undefined): void {
  beforeEach(({ onTestFailed, task }) => {
    onTestFailed(async () => {
      const seen = visitor();
      if (seen === undefined) return;
      const name = task.name.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 80);
      await seen.page.screenshot({ path: path.join(PICTURES, `${name}.png`) }).catch(() => undefined);
      process.stderr.write(`${task.name}: the page said\n${seen.complaints.join('\n')}\n`);
    });
  });
}

/** One person in front of a fresh browser: nothing stored, every complaint of the page kept. */
export class Visitor implements AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly complaints: string[] = [];
  /** The URL of every request of the page and its worker, sockets included. */
  readonly requested: string[] = [];
  readonly #allowed: readonly RegExp[];

  private constructor(context: BrowserContext, page: Page, options: WatchOptions) {
    this.context = context;
    this.page = page;
    this.#allowed = [...SERVER_AWAY, ...(options.allowed ?? [])];
  }

  static async arrive(browser: Browser, options: BrowserContextOptions & WatchOptions = {}): Promise<Visitor> {
    const { allowed = [], ...contextOptions } = options;
    const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', ...contextOptions });
    return Visitor.of(context, { allowed });
  }

  static async of(context: BrowserContext, options: WatchOptions = {}): Promise<Visitor> {
    // A violation may happen where no script of the page sees it; the console names all of them.
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        // eslint-disable-next-line no-console -- the console is what the test reads
        console.error(
          `CSP violation: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`,
        );
      });
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const visitor = new Visitor(context, page, options);
    visitor.#watch();
    return visitor;
  }

  /** Another tab of the same browser, watched as well. */
  async openTab(): Promise<Page> {
    const page = await this.context.newPage();
    this.#watchPage(page);
    return page;
  }

  /** @throws Error with everything the pages complained about since the last call */
  expectQuiet(): void {
    const said = this.complaints.splice(0);
    if (said.length > 0) throw new Error(`The page complained:\n${said.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }

  #watch(): void {
    this.#watchPage(this.page);
    this.context.on('request', (request) => this.requested.push(request.url()));
  }

  #watchPage(page: Page): void {
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => this.#complain(`uncaught: ${error.stack ?? error.message}`));
    page.on('websocket', (socket) => this.requested.push(socket.url()));
    page.on('console', (message) => {
      if (
        message.type() === 'error' ||
        /violates the following|Content Security Policy|TrustedHTML/i.test(message.text())
      )
        this.#complain(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
  }

  #complain(text: string): void {
    if (!this.#allowed.some((pattern) => pattern.test(text))) this.complaints.push(text);
  }
}
