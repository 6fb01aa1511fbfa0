import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TempFolder } from '../shared/temp-folder.ts';
import type { Measured, Told } from './page.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const PATIENCE_MS = 180_000;
/** The page loads the built modules as they are; this is how it finds them. */
const IMPORTS = {
  '@skerry/crypto': '/packages/crypto/dist/index.js',
  '@skerry/crypto/testing': '/packages/crypto/dist/testing/index.js',
  '@noble/': '/node_modules/@noble/',
};

/**
 * The same operations with WebCrypto's curves and without, alternating in one page.
 * @returns undefined where there is no Chromium
 * @throws Error when the page could not measure
 */
export async function chromiumRounds(rounds: number): Promise<Measured | undefined> {
  const program = [process.env['CHROMIUM'] ?? '', ...PLACES].find((file) => file !== '' && existsSync(file));
  if (program === undefined) return undefined;
  using profile = new TempFolder();
  let tell: (measured: Measured) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const measured = new Promise<Measured>((resolve, reject) => {
    tell = resolve;
    fail = reject;
  });
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ type, body }) => response.writeHead(200, { 'content-type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  async function answer(request: IncomingMessage): Promise<{ type: string; body: string | Buffer }> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      if ((pathname as Told) === '/measured') tell(JSON.parse(body) as Measured);
      else fail(new Error(`the page could not measure: ${body}`));
      return { type: 'text/plain', body: '' };
    }
    if (pathname === '/') return { type: 'text/html', body: page() };
    const file = path.join(ROOT, path.normalize(pathname));
    if (!/^\/(bench\/dist\/crypto|packages\/crypto\/dist|node_modules\/@noble)\/.*\.js$/.test(pathname))
      throw new Error('not of this page');
    return { type: 'text/javascript', body: await readFile(file) };
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}/?rounds=${rounds}`;
  const browser = spawn(program, [...FLAGS, `--user-data-dir=${profile.path}`, address], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => browser.once('exit', () => resolve()));
  browser.once('error', fail);
  browser.once('exit', () => fail(new Error('the browser ended before it had measured')));
  const timer = setTimeout(() => fail(new Error('the page took too long')), PATIENCE_MS);
  try {
    return await measured;
  } finally {
    clearTimeout(timer);
    browser.kill();
    await exited;
    server.closeAllConnections();
    server.close();
  }
}

function page(): string {
  const imports = JSON.stringify({ imports: IMPORTS });
  return `<!doctype html><script type="importmap">${imports}</script><script type="module" src="/bench/dist/crypto/page.js"></script>`;
}
