import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { HttpError, type HttpRequest, type TransportEnd } from '../platform.ts';
import { browserCrypto } from './browser/crypto.ts';
import { deviceLabelOf } from './browser/device-label.ts';
import { fetchHttp } from './browser/http.ts';
import { nodeClock } from './node/clock.ts';
import { nodeCrypto } from './node/crypto.ts';
import { nodeHttp } from './node/http.ts';
import { openNodeSocket } from './node/transport.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const asking = (url: string, changes: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  headers: {},
  body: null,
  timeoutMs: 2_000,
  maxBytes: 1_000,
  signal: new AbortController().signal,
  ...changes,
});

const failure = (asked: Promise<unknown>): Promise<unknown> =>
  asked.catch((error: unknown) => (error instanceof HttpError ? error.failure : error));

for (const [name, http] of [
  ['Node', nodeHttp()],
  ['fetch', fetchHttp],
] as const) {
  test(`${name}: sends method, headers and body, and gives back status, kind and text`, async () => {
    const origin = await serve((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        response.writeHead(201, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify([request.method, request.url, request.headers['x-one'], request.headers['cookie'], body]),
        );
      });
    });
    const answer = await http.request(
      asking(`${origin}/path?x=1`, { method: 'POST', headers: { 'x-one': 'two' }, body: 'grüße' }),
    );
    expect(answer).toEqual({
      status: 201,
      contentType: 'application/json',
      text: '["POST","/path?x=1","two",null,"grüße"]',
    });
  });

  test(`${name}, A-10: the text of a success is told in the pieces it comes in, never half a character`, async () => {
    const whole = Buffer.from('one grüße two');
    let rest: () => void = () => undefined;
    const origin = await serve((request, response) => {
      response.writeHead(request.url === '/refused' ? 422 : 200, { 'content-type': 'text/plain' });
      // Between the two bytes of the ü.
      response.write(whole.subarray(0, 7));
      rest = () => response.end(whole.subarray(7));
      if (request.url === '/refused') rest();
    });
    const pieces: string[] = [];
    const onText = (piece: string): void => void pieces.push(piece);
    const asked = http.request(asking(origin, { onText }));
    // The rest leaves only once the first piece was told.
    await expect.poll(() => pieces.join('')).toBe('one gr');
    rest();
    expect((await asked).text).toBe('one grüße two');
    expect(pieces.join('')).toBe('one grüße two');
    const refused = await http.request(asking(`${origin}/refused`, { onText: () => expect.unreachable() }));
    expect([refused.status, refused.text]).toEqual([422, 'one grüße two']);
  });

  test(`${name}, P-30: plain bytes go up and come down unchanged, with their progress`, async () => {
    const up = new Uint8Array(600_000).map((_, index) => (index * 7) & 0xff);
    const origin = await serve((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' });
        response.end(Buffer.concat(parts).reverse());
      });
    });
    const moved: number[] = [];
    const answer = await http.request(
      asking(origin, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        bytes: up,
        asBytes: true,
        maxBytes: up.length,
        onProgress: (bytes) => moved.push(bytes),
      }),
    );
    expect(answer).toMatchObject({ status: 200, contentType: 'application/octet-stream', text: '' });
    expect(Buffer.from(answer.bytes ?? []).equals(Buffer.from(up).reverse())).toBe(true);
    expect(moved.at(-1)).toBe(up.length);
    const refused = await serve((_, response) => response.writeHead(404).end('{"error":1}'));
    const failed = await http.request(asking(refused, { asBytes: true }));
    expect([failed.text, failed.bytes]).toEqual(['{"error":1}', undefined]);
  });

  test(`${name}, T10: a redirect is an error, and what it points to hears nothing`, async () => {
    let heard = 0;
    const other = await serve((_, response) => response.end(String(heard++)));
    const origin = await serve((_, response) => response.writeHead(307, { location: other }).end());
    expect(await failure(http.request(asking(origin, { headers: { authorization: 'Bearer x' } })))).toBe('redirected');
    expect(heard).toBe(0);
  });

  test(`${name}, T34: an answer larger than allowed is cut off, whatever its header says, even one that never ends`, async () => {
    const origin = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const more = (): void => void (response.destroyed || (response.write('x'.repeat(500)), setTimeout(more, 1)));
      more();
    });
    expect(await failure(http.request(asking(origin)))).toBe('tooLarge');
  });

  test(`${name}: time runs out for answers that do not come or stop half-way`, async () => {
    const silent = await serve(() => undefined);
    const stalled = await serve((_, response) => {
      response.writeHead(200);
      response.write('half');
    });
    expect(await failure(http.request(asking(silent, { timeoutMs: 50 })))).toBe('timeout');
    expect(await failure(http.request(asking(stalled, { timeoutMs: 50 })))).toBe('timeout');
  });

  test(`${name}: aborting ends it, and nobody there is unreachable`, async () => {
    const silent = await serve(() => undefined);
    const controller = new AbortController();
    const asked = failure(http.request(asking(silent, { signal: controller.signal })));
    controller.abort();
    expect(await asked).toBe('aborted');
    expect(await failure(http.request(asking(silent, { signal: AbortSignal.abort() })))).toBe('aborted');
    expect(await failure(http.request(asking('http://127.0.0.1:9/')))).toBe('unreachable');
  });
}

async function socketTo(
  port: number,
  maxBytes = 100,
): Promise<{
  frames: string[];
  ended: Promise<TransportEnd>;
  opened: Promise<void>;
  send: (text: string) => void;
  close: () => void;
}> {
  const frames: string[] = [];
  let opened!: () => void;
  let ended!: (end: TransportEnd) => void;
  const whenOpened = new Promise<void>((resolve) => (opened = resolve));
  const whenEnded = new Promise<TransportEnd>((resolve) => (ended = resolve));
  const transport = openNodeSocket(
    `ws://127.0.0.1:${port}/`,
    { maxBytes },
    { opened, frame: (text) => frames.push(text), ended },
  );
  return {
    frames,
    ended: whenEnded,
    opened: whenOpened,
    send: (text) => transport.send(text),
    close: () => transport.close(1000, ''),
  };
}

async function sockets(onSocket: (socket: WebSocket) => void): Promise<{ port: number; close: () => void }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', onSocket);
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test('a socket carries text both ways and tells code and reason of its end', async () => {
  const server = await sockets((socket) => {
    socket.on('message', (data: Buffer) => {
      socket.send(`echo ${data.toString()}`);
      socket.close(4503, '5000');
    });
  });
  const socket = await socketTo(server.port);
  await socket.opened;
  socket.send('hello');
  expect(await socket.ended).toEqual({ code: 4503, reason: '5000', opened: true });
  expect(socket.frames).toEqual(['echo hello']);
  server.close();
});

test('T34: a frame that is too large or binary ends the socket, and does not reach the core', async () => {
  for (const data of ['x'.repeat(101), Buffer.from('binary')]) {
    const server = await sockets((socket) => socket.send(data));
    const socket = await socketTo(server.port);
    expect((await socket.ended).opened).toBe(true);
    expect(socket.frames).toEqual([]);
    server.close();
  }
});

test('a socket that nobody takes ends unopened', async () => {
  const origin = await serve((_, response) => response.writeHead(403).end());
  const socket = await socketTo(Number(new URL(origin).port));
  expect(await socket.ended).toMatchObject({ opened: false });
});

test('Ed25519 and SHA-256 are the same by Node, by Web Crypto and by the library for pages that have none', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const message = new TextEncoder().encode('what is signed');
  const signature = new Uint8Array(sign(null, message, privateKey));
  const other = new Uint8Array(signature);
  other[0] = (other[0] ?? 0) ^ 1;
  const noEd25519 = {
    ...withDigest(),
    importKey: () => Promise.reject(new DOMException('no', 'NotSupportedError')),
  } as unknown as SubtleCrypto;
  for (const crypto of [
    nodeCrypto,
    browserCrypto(globalThis.crypto.subtle),
    browserCrypto(undefined),
    browserCrypto(noEd25519),
  ]) {
    expect(await crypto.verifyEd25519(key, signature, message)).toBe(true);
    expect(await crypto.verifyEd25519(key, other, message)).toBe(false);
    expect(await crypto.verifyEd25519(key, signature, new Uint8Array(3))).toBe(false);
    expect(await crypto.verifyEd25519(key.slice(1), signature, message)).toBe(false);
    expect(await crypto.verifyEd25519(key, signature.slice(1), message)).toBe(false);
    expect(await crypto.verifyEd25519(new Uint8Array(32).fill(255), signature, message)).toBe(false);
    expect(await crypto.sha256(message)).toEqual(new Uint8Array(createHash('sha256').update(message).digest()));
  }
});

function withDigest(): { digest: SubtleCrypto['digest'] } {
  return { digest: (algorithm, data) => globalThis.crypto.subtle.digest(algorithm, data) };
}

test('the clock waits, and stops waiting when told', async () => {
  const controller = new AbortController();
  const waiting = nodeClock.sleep(60_000, controller.signal);
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(nodeClock.sleep(1, new AbortController().signal)).resolves.toBeUndefined();
  let ran = false;
  nodeClock.after(1, () => (ran = true))();
  await nodeClock.sleep(10, new AbortController().signal);
  expect(ran).toBe(false);
});

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
    'Safari on iOS',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  ['something else', 'Browser'],
])('a device calls itself by browser and system: %s', (agent, label) => {
  expect(deviceLabelOf(agent)).toBe(label);
});
