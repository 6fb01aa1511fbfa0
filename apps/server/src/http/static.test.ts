import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StaticSite } from './static.ts';

const PAGE = `<!doctype html><html><head>
    <meta name="skerry-mode" content="hub">
    <meta name="skerry-welcome" content="">
    <script src="./boot.js"></script><link rel="icon" href="./icons/mark.svg" />
    <script type="module" crossorigin src="./assets/index-abc.js"></script></head><body></body></html>`;

const root = mkdtempSync(path.join(tmpdir(), 'skerry-static-'));
const folder = path.join(root, 'dist');
let server: Server;

beforeAll(async () => {
  mkdirSync(path.join(folder, 'assets'), { recursive: true });
  mkdirSync(path.join(folder, 'icons'));
  writeFileSync(path.join(root, 'secret.txt'), 'outside');
  writeFileSync(path.join(folder, 'index.html'), PAGE);
  writeFileSync(path.join(folder, 'boot.js'), 'boot()');
  writeFileSync(path.join(folder, 'assets/index-abc.js'), `run(${JSON.stringify('x'.repeat(4_000))})`);
  writeFileSync(path.join(folder, 'assets/index-abc.js.map'), '{}');
  writeFileSync(path.join(folder, 'icons/mark.svg'), '<svg/>');
  symlinkSync(path.join(root, 'secret.txt'), path.join(folder, 'link.txt'));
  const site = new StaticSite({ folder, mode: 'hosted', welcome: '' });
  server = createServer((incoming, response) => {
    if (!site.handle(incoming, response)) response.writeHead(404).end('none');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true });
});

/** Sends the path as it stands: fetch would tidy it up first. */
function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, string>; body: Buffer }>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const sent = request({ host: '127.0.0.1', port, path: url, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(parts),
        }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('the built client', () => {
  it('is served in the mode asked for, under a policy that lets it talk to its own server alone', async () => {
    const page = await get('/');
    expect(page.status).toBe(200);
    expect(page.body.toString()).toContain('<meta name="skerry-mode" content="hosted">');
    const policy = page.headers['content-security-policy'] ?? '';
    expect(policy.split('; ')).toContain("connect-src 'self'");
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'"]),
    );
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
    });
  });

  it('lets a hub talk to servers over TLS and to this machine, not to plain http elsewhere', async () => {
    const hub = new StaticSite({ folder, mode: 'hub', welcome: '/welcome.json' });
    const answered: Record<string, unknown> = {};
    const response = {
      req: { method: 'GET' },
      setHeader: (name: string, value: unknown) => (answered[name] = value),
      writeHead: () => response,
      end: (body: Buffer) => (answered['body'] = body.toString()),
    };
    expect(hub.handle({ method: 'GET', url: '/', headers: {} } as never, response as never)).toBe(true);
    expect(answered['body']).toContain('<meta name="skerry-mode" content="hub">');
    expect(answered['body']).toContain('<meta name="skerry-welcome" content="/welcome.json">');
    const connect = String(answered['content-security-policy'])
      .split('; ')
      .find((directive) => directive.startsWith('connect-src'));
    expect(connect?.split(' ').slice(1)).toEqual([
      "'self'",
      'https:',
      'wss:',
      'http://127.0.0.1:*',
      'ws://127.0.0.1:*',
      'http://localhost:*',
      'ws://localhost:*',
    ]);
  });

  it('caches files with a hash in their name for good, and no others', async () => {
    expect((await get('/assets/index-abc.js')).headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await get('/boot.js')).headers['cache-control']).toBe('no-cache');
  });

  it('answers 304 to whoever has the file already', async () => {
    const { headers } = await get('/boot.js');
    expect(await get('/boot.js', { 'if-none-match': headers['etag'] ?? '' })).toMatchObject({
      status: 304,
      body: Buffer.alloc(0),
    });
  });

  it('packs text for whoever unpacks it', async () => {
    const plain = (await get('/assets/index-abc.js')).body;
    const brotli = await get('/assets/index-abc.js', { 'accept-encoding': 'gzip, br' });
    const gzip = await get('/assets/index-abc.js', { 'accept-encoding': 'gzip, br;q=0' });
    expect([brotli.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip']);
    expect(brotliDecompressSync(brotli.body)).toEqual(plain);
    expect(gunzipSync(gzip.body)).toEqual(plain);
  });

  it('tells of a file without sending it to HEAD, and takes no other method', async () => {
    const head = await get('/boot.js', {}, 'HEAD');
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '6', 0]);
    expect((await get('/boot.js', {}, 'POST')).status).toBe(404);
  });

  it('shows the page for the links of the grammar, with addresses that fit one folder deeper', async () => {
    const page = (await get('/l/join?x')).body.toString();
    expect(page).toContain('src="../assets/index-abc.js"');
    expect(page).toContain('src="../boot.js"');
    expect(page).not.toContain('"./');
    for (const url of ['/l', '/l/', '/l/Join', '/l/join/deeper', '/l/..%2f', '/anything'])
      expect((await get(url)).status, url).toBe(404);
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/..\\secret.txt',
    '//secret.txt',
    '/link.txt',
    '/assets',
    '/assets/',
    '/assets/index-abc.js.map',
    '/index.html%00.js',
    '/__proto__',
    '/constructor',
  ])('finds nothing at %s', async (url) => {
    expect((await get(url)).status).toBe(404);
  });
});
