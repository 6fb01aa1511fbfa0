import { ERROR_CODES, ERRORS, LIMITS, type RouteName, ROUTES, SkerryError } from '@skerry/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createLog } from '../logging.ts';
import { RateLimits } from '../rate-limits.ts';
import { createRouter, type Handlers, type RouterOptions } from './router.ts';

const TOKEN = 'A'.repeat(43);
const logged: string[] = [];

/** Handlers that answer with what reached them, so that the edge alone is looked at. */
function echo(): Handlers {
  const answer = (call: object) => Promise.resolve(call as never);
  return Object.fromEntries(Object.keys(ROUTES).map((name) => [name, answer])) as unknown as Handlers;
}

function router(changes: Partial<RouterOptions> = {}) {
  return createRouter({
    handlers: echo(),
    authenticateRunner: () => ({ runner: 'r' }),
    authenticate: (token) =>
      token === TOKEN
        ? Promise.resolve({ account: 'a', session: 's' } as never)
        : Promise.reject(new SkerryError('unauthorized')),
    limits: new RateLimits({ now: () => 0 }, 1_000),
    origins: { allowed: null },
    trustProxy: false,
    tls: null,
    site: null,
    version: '0',
    log: createLog('debug', { write: (line) => logged.push(line) }),
    isStopping: () => false,
    ...changes,
  });
}

const open = router();
afterAll(() => open.close());
const signedIn = { authorization: `Bearer ${TOKEN}` };
const errorOf = (response: { json(): unknown }) =>
  (response.json() as { error: { code: string; field?: string } }).error;

describe('the edge', () => {
  it('hands over what was parsed, who calls and from where', async () => {
    const id = '01890000-0000-7000-8000-000000000001';
    const response = await open.inject({
      url: `/api/channels/${id}/messages?before=12&limit=5&extra=1`,
      headers: signedIn,
    });
    expect(response.json()).toEqual({
      params: { channelId: id },
      query: { before: 12, limit: 5 },
      body: null,
      caller: { account: 'a', session: 's' },
      address: '127.0.0.1',
      isLocal: true,
      wantsLines: false,
      gone: {},
    });
  });

  it('sends bytes as they are', async () => {
    const body = Buffer.from('{"exactly":"this"}');
    const app = router({ handlers: { ...echo(), health: () => Promise.resolve(new Uint8Array(body)) } });
    const response = await app.inject('/api/health');
    expect([response.body, response.headers['content-type']]).toEqual([
      body.toString(),
      'application/json; charset=utf-8',
    ]);
  });

  it('refuses wrong parameters, queries and bodies by the place of what is wrong', async () => {
    const post = (url: string, payload: string | object, type = 'application/json') =>
      open.inject({ method: 'POST', url, headers: { ...signedIn, 'content-type': type }, payload });
    const signIn = { username: 'ada', password: 'x', device: 'd' };
    const cases = [
      [await open.inject({ url: '/api/messages/nonsense', headers: signedIn }), 'messageId'],
      [
        await open.inject({
          url: '/api/channels/01890000-0000-7000-8000-000000000001/messages?before=-1',
          headers: signedIn,
        }),
        'before',
      ],
      [
        await open.inject({
          url: '/api/channels/01890000-0000-7000-8000-000000000001/messages?before=1&before=2',
          headers: signedIn,
        }),
        'before',
      ],
      [await post('/api/auth/sign-in', { ...signIn, username: 'Ada!' }), 'username'],
      [await post('/api/auth/sign-in', { ...signIn, more: 1 }), 'more'],
      [
        await post('/api/auth/sign-in', '{"username":"ada","password":"x","device":"d","__proto__":{"a":1}}'),
        '__proto__',
      ],
      [await post('/api/auth/sign-in', ''), 'username'],
      [await post('/api/auth/sign-in', '[]'), undefined],
      [await post('/api/auth/sign-in', '{"username":'), undefined],
      [await post('/api/auth/sign-in', Buffer.from([0x22, 0xff, 0x22])), undefined],
      [await post('/api/auth/sign-in', JSON.stringify(signIn), 'text/plain'), undefined],
    ] as const;
    for (const [response, field] of cases) {
      expect(response.statusCode, response.body).toBe(400);
      expect(errorOf(response)).toMatchObject({ code: 'bad_request', retry: 'change' });
      expect(errorOf(response).field).toBe(field);
    }
  });

  it('takes 64 KiB and 32 levels, and no more', async () => {
    const post = (payload: string) =>
      open.inject({
        method: 'POST',
        url: '/api/auth/sign-out',
        headers: { ...signedIn, 'content-type': 'application/json' },
        payload,
      });
    const sized = (bytes: number) => JSON.stringify({ x: 'x'.repeat(bytes - '{"x":""}'.length) });
    const nested = (levels: number) => `{"x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect((await post(sized(LIMITS.frameUpBytes))).statusCode).toBe(200);
    expect(errorOf(await post(sized(LIMITS.frameUpBytes + 1)))).toMatchObject({ code: 'too_large' });
    expect((await post(nested(32))).statusCode).toBe(200);
    expect(errorOf(await post(nested(33)))).toMatchObject({ code: 'bad_request' });
    expect(
      (await post(`{"x":${JSON.stringify('[{'.repeat(100))}}`)).statusCode,
      'brackets inside a text are no levels',
    ).toBe(200);
    expect(errorOf(await post('['.repeat(60_000)))).toMatchObject({ code: 'bad_request' });
  });

  it('refuses a token in any address, and wants it in the header', async () => {
    for (const url of [
      '/api/health?token=x',
      '/api/snapshot?a=1&access_token=x',
      '/?Token=x',
      '/api/nothing?refreshToken=x',
    ])
      expect(errorOf(await open.inject({ url, headers: signedIn })), url).toMatchObject({ code: 'token_in_url' });
    for (const authorization of ['', 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer ${'B'.repeat(43)}`]) {
      const response = await open.inject({ url: '/api/snapshot', headers: { authorization } });
      expect([errorOf(response).code, response.headers['www-authenticate']]).toEqual(['unauthorized', 'Bearer']);
    }
  });

  it('knows its addresses and their methods', async () => {
    expect(errorOf(await open.inject('/api/nothing'))).toMatchObject({ code: 'not_found' });
    const wrong = await open.inject({ method: 'DELETE', url: '/api/health' });
    expect([errorOf(wrong).code, wrong.headers['allow']]).toEqual(['method_not_allowed', 'GET']);
    const both = await open.inject({ method: 'DELETE', url: '/api/invites' });
    expect([errorOf(both).code, both.headers['allow']]).toEqual(['method_not_allowed', 'GET, POST']);
    expect((await open.inject({ method: 'HEAD', url: '/api/health' })).statusCode).toBe(200);
  });

  it('says nothing of what it did not foresee', async () => {
    const app = router({
      handlers: { ...echo(), health: () => Promise.reject(new TypeError('the secret is hunter2')) },
    });
    logged.length = 0;
    const response = await app.inject('/api/health');
    expect([response.statusCode, errorOf(response)]).toEqual([
      500,
      { code: 'internal', message: ERRORS.internal.sentence, retry: 'later' },
    ]);
    expect(logged.join('')).toContain('TypeError');
    expect(logged.join('')).not.toContain('hunter2');
  });

  it('gives every code of the list its status and sentence', async () => {
    for (const code of ERROR_CODES) {
      const app = router({
        handlers: { ...echo(), health: () => Promise.reject(new SkerryError(code, { retryAfterMs: 1_500 })) },
      });
      const response = await app.inject('/api/health');
      expect(response.statusCode).toBe(ERRORS[code].status);
      expect(errorOf(response)).toEqual({
        code,
        message: ERRORS[code].sentence,
        retry: ERRORS[code].retry,
        retryAfterMs: 1_500,
      });
      expect(response.headers['retry-after']).toBe('2');
    }
  });

  it('says that it is stopping', async () => {
    expect(errorOf(await router({ isStopping: () => true }).inject('/api/health'))).toMatchObject({
      code: 'unavailable',
    });
  });

  it('forbids what a browser could do with an answer', async () => {
    for (const url of ['/api/health', '/api/nothing', '/api/openapi.json'])
      expect((await open.inject(url)).headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
  });

  it('tells of every route in its OpenAPI document', async () => {
    const document = (await open.inject('/api/openapi.json')).json<{
      paths: Record<string, Record<string, { operationId: string }>>;
    }>();
    const told = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(told.sort()).toEqual((Object.keys(ROUTES) as RouteName[]).sort());
  });
});

describe('floods', () => {
  it('are answered 429 with the time to wait, for their address alone', async () => {
    const app = router({ limits: new RateLimits({ now: () => 0 }, 0.01), trustProxy: true });
    const from = (address: string) =>
      app.inject({ url: '/api/health', headers: { 'x-forwarded-for': `203.0.113.200, ${address}` } });
    const statuses = [];
    for (let i = 0; i < 7; i++) statuses.push((await from('203.0.113.1')).statusCode);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429]);
    const refused = await from('203.0.113.1');
    expect(errorOf(refused)).toMatchObject({ code: 'rate_limited', retry: 'later', retryAfterMs: 2_000 });
    expect(refused.headers['retry-after']).toBe('2');
    expect((await from('203.0.113.2')).statusCode).toBe(200);
  });

  it('are counted by the peer when no proxy is trusted', async () => {
    const app = router({ limits: new RateLimits({ now: () => 0 }, 0.01) });
    const statuses = [];
    for (let i = 0; i < 7; i++)
      statuses.push(
        (await app.inject({ url: '/api/health', headers: { 'x-forwarded-for': `203.0.113.${i}` } })).statusCode,
      );
    expect(statuses.at(-1)).toBe(429);
  });
});

describe('pages of other origins (T20, T21)', () => {
  const strict = router({ origins: { allowed: ['https://chat.example.org', 'tauri://localhost'] } });
  const rows: [origin: string, open: boolean, strict: boolean][] = [
    ['https://chat.example.org', true, true],
    ['HTTPS://CHAT.EXAMPLE.ORG', true, true],
    ['tauri://localhost', true, true],
    ['https://evil.example', true, false],
    ['https://chat.example.org.evil.example', true, false],
    ['https://chat.example.org:8443', true, false],
    ['http://chat.example.org', true, false],
    ['http://server.test', true, true],
    ['null', false, false],
    ['', false, false],
    ['https://chat.example.org, https://evil.example', false, false],
  ];
  const urls = ['/api/health', '/api/auth/sign-in', '/api/snapshot', '/api/nothing'];

  it.each(rows)('S0.60: origin "%s": open %s, strict %s', async (origin, isOpen, isStrict) => {
    for (const url of urls)
      for (const [app, expected] of [
        [open, isOpen],
        [strict, isStrict],
      ] as const)
        for (const method of ['GET', 'OPTIONS'] as const) {
          const { headers, body, statusCode } = await app.inject({
            method,
            url,
            headers: { origin, host: 'server.test' },
          });
          expect(headers['access-control-allow-credentials']).toBeUndefined();
          expect(headers['access-control-allow-origin'], `${method} ${url}`).toBe(
            expected ? (app === open ? '*' : origin) : undefined,
          );
          if (!expected) expect(JSON.parse(body)).toMatchObject({ error: { code: 'origin_refused' } });
          else if (method === 'OPTIONS')
            expect([statusCode, headers['access-control-allow-headers']]).toEqual([204, 'authorization, content-type']);
          if (app === strict) expect(headers['vary']).toBe('origin');
        }
  });

  it('does not ask programs for an origin', async () => {
    expect((await strict.inject('/api/health')).statusCode).toBe(200);
  });
});

describe('requests of other sizes and speeds', () => {
  const live = router({
    handlers: {
      ...echo(),
      putBackup: async ({ body }) => {
        for await (const part of body) expect(part.length).toBeGreaterThan(0);
        return { at: 1 };
      },
      putBlob: async ({ body }) => {
        for await (const part of body) throw new SkerryError(part.length > 0 ? 'limit_reached' : 'internal');
        return { blob: '' as never };
      },
    },
  });
  let port = 0;
  beforeAll(async () => {
    await live.listen({ port: 0, host: '127.0.0.1' });
    port = (live.server.address() as AddressInfo).port;
  });
  afterAll(() => live.close());
  afterEach(() => void vi.useRealTimers());

  /** Sends the bytes and no more. `closed` resolves when the other side ends it, with what it said. */
  const begin = async (bytes: string) => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    socket.on('data', (part) => (said += part.toString()));
    socket.on('error', () => undefined);
    let isClosed = false;
    socket.on('close', () => (isClosed = true));
    const seen = new Promise((resolve) => live.server.once('request', resolve));
    socket.write(bytes);
    await seen;
    // The hooks of the request have run by then.
    await new Promise((resolve) => setImmediate(resolve));
    return { socket, said: () => said, isClosed: () => isClosed };
  };
  const header = (route: string, type: string, length = 1_000_000, token = TOKEN) =>
    `POST ${route} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`;

  it('a command may be 2 MiB, for a message to many devices; no other JSON may (P-30)', async () => {
    const post = (url: string, bytes: number) =>
      open.inject({
        method: 'POST',
        url,
        headers: { ...signedIn, 'content-type': 'application/json' },
        payload: JSON.stringify({ x: 'x'.repeat(bytes - '{"x":""}'.length) }),
      });
    expect(errorOf(await post('/api/commands', LIMITS.requestBytes))).toMatchObject({ code: 'bad_request' });
    expect(errorOf(await post('/api/commands', LIMITS.requestBytes + 1))).toMatchObject({ code: 'too_large' });
    expect(errorOf(await post('/api/keys/prekeys', LIMITS.frameUpBytes + 1))).toMatchObject({ code: 'too_large' });
  });

  it('plain bytes are counted as they come, in parts of 256 KiB, and an answer of them is told as what it is', async () => {
    const sizes: number[] = [];
    let read = 0;
    async function* parts() {
      read += 1;
      yield Buffer.from('pict');
      yield Buffer.from('ure');
    }
    const app = router({
      handlers: {
        ...echo(),
        putBackup: async ({ body }) => {
          for await (const part of body) sizes.push(part.length);
          return { at: 1 };
        },
        icon: async () => ({ type: 'image/png', size: 7, parts: parts(), cache: 'forever' }),
      },
    });
    const send = (payload: Buffer, headers: object = {}) =>
      app.inject({
        method: 'POST',
        url: '/api/backup',
        headers: { ...signedIn, 'content-type': 'application/octet-stream', ...headers },
        payload,
      });
    expect((await send(Buffer.alloc(600_000))).json()).toEqual({ at: 1 });
    expect(sizes).toEqual([262_144, 262_144, 75_712]);
    expect(errorOf(await send(Buffer.alloc(1), { 'content-length': LIMITS.backupBytes + 1 })).code).toBe('too_large');
    expect(errorOf(await send(Buffer.from('{}'), { 'content-type': 'application/json' })).code).toBe('bad_request');
    const icon = await app.inject(`/api/server/icon/${'A'.repeat(43)}`);
    expect([icon.body, icon.headers['content-type'], icon.headers['content-length']]).toEqual([
      'picture',
      'image/png',
      '7',
    ]);
    const head = await app.inject({ method: 'HEAD', url: `/api/server/icon/${'A'.repeat(43)}` });
    expect([head.body, head.headers['content-length'], read]).toEqual(['', '7', 1]);
  });

  it('JSON that trickles in is not waited for; an upload is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const slow = await begin(`${header('/api/auth/sign-out', 'application/json', 100)}{"x":`);
    const upload = await begin(`${header('/api/backup', 'application/octet-stream')}some`);
    vi.advanceTimersByTime(29_000);
    expect([slow.isClosed(), upload.isClosed()]).toEqual([false, false]);
    vi.advanceTimersByTime(1_001);
    vi.useRealTimers();
    await expect.poll(slow.isClosed, { timeout: 15_000 }).toBe(true);
    expect(upload.isClosed()).toBe(false);
    upload.socket.destroy();
  });

  it('an upload that is refused gets to read why, and is not listened to for long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const refused = await begin(`${header('/api/backup', 'application/octet-stream', 1_000_000, 'B'.repeat(43))}some`);
    vi.useRealTimers();
    await expect.poll(refused.said, { timeout: 15_000 }).toContain('unauthorized');
    expect(refused.isClosed()).toBe(false);
    // The rest comes, and the next request on the same connection is answered.
    const next = 'GET /api/nothing HTTP/1.1\r\nhost: x\r\n\r\n';
    refused.socket.write(`${'x'.repeat(999_996)}${next}`);
    await expect.poll(refused.said, { timeout: 15_000 }).toContain('not_found');
    refused.socket.destroy();

    // The same for one that was refused after some of it was read.
    const id = '01890000-0000-7000-8000-000000000001';
    const half = await begin(
      `${header(`/api/channels/${id}/blobs`, 'application/octet-stream')}${'x'.repeat(400_000)}`,
    );
    await expect.poll(half.said, { timeout: 15_000 }).toContain('limit_reached');
    half.socket.write(`${'x'.repeat(600_000)}${next}`);
    await expect.poll(half.said, { timeout: 15_000 }).toContain('not_found');
    half.socket.destroy();

    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const endless = await begin(`${header('/api/backup', 'application/octet-stream', 1_000_000, 'B'.repeat(43))}some`);
    for (let i = 0; i < 100 && endless.said() === ''; i++) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(5_001);
    vi.useRealTimers();
    await expect.poll(endless.isClosed, { timeout: 15_000 }).toBe(true);
  });
});

describe('bytes that are no HTTP', () => {
  let port = 0;
  const live = router();
  beforeAll(async () => {
    await live.listen({ port: 0, host: '127.0.0.1' });
    port = (live.server.address() as AddressInfo).port;
  });
  afterAll(() => live.close());

  const send = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      let answer = '';
      socket.on('data', (part) => (answer += part.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });

  it.each([
    'GARBAGE\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(40_000)}\r\n\r\n`,
    'GET /%ff%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    'POST /api/auth/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n',
    'GET /api/messages/%00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
  ])('get a typed refusal: %j', async (bytes) => {
    const answer = await send(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: { code: expect.any(String), retry: expect.any(String) },
    });
  });
});
