import { createHash, randomBytes } from 'node:crypto';
import { LIMITS } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SocketClient } from '../testing/socket-client.ts';
import { type SignedInTester, TestServer } from '../testing/test-server.ts';

let server: TestServer;
let owner: SignedInTester;
let ben: SignedInTester;

beforeAll(async () => {
  server = await TestServer.start();
  owner = await server.register('owner');
  ben = await server.register('ben', null);
});
afterAll(() => server[Symbol.asyncDispose]());

/** The start of a PNG of that size, and then anything: what comes after is the reader's to refuse. */
const png = (width: number, height = width, bytes = 200): Buffer => {
  const header = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(8)]);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return Buffer.concat([header, randomBytes(bytes - header.length)]);
};
const set = (who: { accessToken: string }, body: Uint8Array) =>
  server.call('setIcon', { token: who.accessToken, body });
const get = (digest: string) => server.call('icon', { params: { digest } });

describe("a server's icon", () => {
  it('is told to everybody and shown to anyone, at an address that never means another one', async () => {
    using socket = await SocketClient.open(`${server.running.url.replace('http', 'ws')}/api/socket`);
    await socket.signIn(ben.accessToken);
    const bytes = png(64);
    const digest = createHash('sha256').update(bytes).digest('base64url');
    const { iconUrl } = (await set(owner, bytes)).body;
    expect(iconUrl).toBe(`/api/server/icon/${digest}`);
    await socket.until(() =>
      socket.events.some((event) => event.kind === 'server' && event.server.iconUrl === iconUrl),
    );
    expect((await server.ask('health')).iconUrl).toBe(iconUrl);
    expect((await server.ask('info')).icon_url).toBe(iconUrl);
    expect((await server.ask('snapshot', { token: ben.accessToken })).server.iconUrl).toBe(iconUrl);
    const shown = await get(digest);
    expect(Buffer.from(shown.body)).toEqual(bytes);
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    expect(shown.headers.get('content-disposition')).toBeNull();
  });

  it('is replaced and removed by admins, and then gone', async () => {
    const [first, second] = [png(32), png(33)];
    const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url');
    await set(owner, first);
    const { rev } = (await server.ask('snapshot', { token: ben.accessToken })).server;
    await set(owner, first);
    expect((await server.ask('snapshot', { token: ben.accessToken })).server.rev).toBe(rev);
    await set(owner, second);
    expect([(await get(digestOf(first))).code, (await get(digestOf(second))).status]).toEqual(['not_found', 200]);
    await server.ask('removeIcon', { token: owner.accessToken });
    await server.ask('removeIcon', { token: owner.accessToken });
    expect((await get(digestOf(second))).code).toBe('not_found');
    expect((await server.ask('health')).iconUrl).toBeNull();
  });

  it('stays over a restart', async () => {
    const { iconUrl } = (await set(owner, png(40))).body;
    await server.stop();
    await server.start();
    expect((await server.ask('info')).icon_url).toBe(iconUrl);
    expect((await get(iconUrl.slice(iconUrl.lastIndexOf('/') + 1))).status).toBe(200);
  });

  it('is not for members to change', async () => {
    expect((await set(ben, png(32))).code).toBe('forbidden');
    expect((await server.call('removeIcon', { token: ben.accessToken })).code).toBe('forbidden');
  });

  it('is a picture, and no larger than the limit (T40)', async () => {
    const before = (await server.ask('health')).iconUrl;
    expect((await set(owner, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).code).toBe('bad_request');
    expect((await set(owner, Buffer.from('GIF89a'))).code).toBe('bad_request');
    expect((await set(owner, new Uint8Array())).code).toBe('bad_request');
    expect((await set(owner, png(4_096))).code).toBe('bad_request');
    expect((await set(owner, png(0))).code).toBe('bad_request');
    expect((await set(owner, png(64, 64, LIMITS.iconBytes + 1))).code).toBe('too_large');
    expect((await server.ask('health')).iconUrl).toBe(before);
    expect((await set(owner, png(64, 64, LIMITS.iconBytes))).status).toBe(200);
    expect((await get('A'.repeat(42))).code).toBe('bad_request');
  });
});
