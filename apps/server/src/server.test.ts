import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { afterAll, describe, expect, it } from 'vitest';
import { SocketClient } from './testing/socket-client.ts';
import { makeTestCertificate } from './testing/test-certificate.ts';
import { TestServer } from './testing/test-server.ts';
import { VERSION } from './version.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'skerry-site-'));
mkdirSync(path.join(folder, 'assets'));
writeFileSync(
  path.join(folder, 'index.html'),
  '<meta name="skerry-mode" content="hub"><meta name="skerry-welcome" content="/welcome.json">',
);
writeFileSync(path.join(folder, 'assets/app-1.js'), 'run()');
afterAll(() => rmSync(folder, { recursive: true }));

describe('a server with a client', () => {
  it('hosts it under its own address, pinned to itself, beside an API that pages of others may use', async () => {
    await using server = await TestServer.start({ client: folder });
    const at = (name: string) => fetch(server.running.url + name);
    for (const name of ['/', '/index.html', '/l/join']) {
      const page = await at(name);
      expect(await page.text(), name).toBe(
        '<meta name="skerry-mode" content="hosted"><meta name="skerry-welcome" content="">',
      );
      expect(page.headers.get('content-security-policy')).toContain("connect-src 'self';");
      expect(page.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect((await at('/assets/app-1.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    const api = await at('/api/health');
    expect([api.status, api.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    for (const name of ['/nothing', '/assets/', '/api/nothing', '/..%2f..%2fserver.key', '/server.key']) {
      const nothing = await at(name);
      expect([nothing.status, await nothing.json()], name).toEqual([
        404,
        { error: expect.objectContaining({ code: 'not_found' }) },
      ]);
    }
    expect((await at('/?token=x')).status).toBe(400);
  });
});

describe('a server with a certificate', () => {
  it('speaks TLS on HTTP and on sockets, and nothing else', async () => {
    const { certificate, key } = makeTestCertificate();
    await using server = await TestServer.start({
      tls: { cert: Buffer.from(certificate), key: Buffer.from(key) },
    });
    expect(server.running.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const status = await new Promise((resolve, reject) => {
      // Who signed it is not the question here.
      const sent = request(`${server.running.url}/api/health`, { rejectUnauthorized: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on('error', reject);
      sent.end();
    });
    expect(status).toBe(200);
    const socket = new WebSocket(`${server.running.url.replace('http', 'ws')}/api/socket`, {
      rejectUnauthorized: false,
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.close();
    await expect(fetch(server.running.url.replace('https', 'http'))).rejects.toThrow();
  });
});

describe('pages that open sockets (T20)', () => {
  const open = (server: TestServer, origin: string | undefined) =>
    SocketClient.open(
      `${server.running.url.replace('http', 'ws')}/api/socket`,
      origin === undefined ? {} : { origin },
    ).then(
      (client) => (client[Symbol.dispose](), 'open'),
      (error: Error) => error.message,
    );

  it('are refused before the switch of protocols', async () => {
    await using any = await TestServer.start();
    await using strict = await TestServer.start({ origins: ['https://chat.example.org'] });
    const rows: [string | undefined, boolean, boolean][] = [
      [undefined, true, true],
      ['https://chat.example.org', true, true],
      [strict.running.url, true, true],
      ['https://evil.example', true, false],
      ['https://chat.example.org.evil.example', true, false],
      ['null', false, false],
    ];
    for (const [origin, isOpen, isStrict] of rows) {
      expect(await open(any, origin), `any ${origin}`).toBe(isOpen ? 'open' : 'Unexpected server response: 403');
      expect(await open(strict, origin), `strict ${origin}`).toBe(
        isStrict ? 'open' : 'Unexpected server response: 403',
      );
    }
  });
});

describe('settings from the command line', () => {
  it('win over what was set in the app, and what is not given stays', async () => {
    await using server = await TestServer.start({
      name: 'First',
      description: 'What it is for',
      operator: 'Ada, ada@example.org',
    });
    const ada = await server.register('ada');
    await server.run(ada, {
      kind: 'server.update',
      name: 'Renamed',
      description: 'Set in the app',
      registration: 'closed',
    });
    await server.stop();
    await server.start({ name: null, description: null, operator: null, registration: null });
    expect(await server.ask('info')).toMatchObject({
      name: 'Renamed',
      description: 'Set in the app',
      registration: 'closed',
      operator: 'Ada, ada@example.org',
    });
    await server.stop();
    await server.start({ name: 'By hand', description: null, operator: null, registration: null });
    expect(await server.ask('info')).toMatchObject({
      name: 'By hand',
      description: 'Set in the app',
      registration: 'closed',
    });
    const { server: profile, streams } = await server.ask('snapshot', { token: ada.accessToken });
    // Clients learn of it as of any other change.
    expect(profile).toMatchObject({ name: 'By hand', rev: streams.server });
  });
});

describe('the version', () => {
  it('is the one of the package', () => {
    const manifest = fileURLToPath(new URL('../package.json', import.meta.url));
    expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({ version: VERSION });
  });
});
