import { LIMITS, type RouteName, ROUTES, SkerryError, toBase64Url } from '@skerry/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deferred } from '../deferred.ts';
import { Identity } from '../servers/identity.ts';
import { FakeServer, json } from '../testing/fake-server.ts';
import { memoryPlatform, type MemoryPlatform } from '../testing/memory-platform.ts';
import type { Sent } from '../testing/scripted-network.ts';
import { Api, callOpen } from './api.ts';

const signal = new AbortController().signal;
const TOKEN_A = 'a'.repeat(43);
const REFRESH_A = 'r'.repeat(43);

function apiTo(
  platform: MemoryPlatform,
  server: FakeServer,
  tokens: { token: string; renewals: string[] },
): { api: Api<RouteName>; identity: Identity } {
  const pin = { serverId: server.serverId, key: server.key };
  const identity = new Identity({
    ...platform,
    pin: () => pin,
    origins: () => [server.origin],
    onPin: () => undefined,
    onMismatch: () => undefined,
    signal,
  });
  const api = new Api({
    http: platform.http,
    proven: (maxAgeMs, caller) => identity.proven(maxAgeMs, caller),
    access: {
      token: async () => tokens.token,
      renewed: async (refused) => (tokens.renewals.push(refused), 'n'.repeat(43)),
    },
  }).with(ROUTES);
  return { api, identity };
}

const pathsOf = (platform: MemoryPlatform): string[] => platform.network.sent.map((sent) => new URL(sent.url).pathname);
const holds = (sent: Sent, secret: string): boolean => JSON.stringify(sent).includes(secret);

test('T11: the first request with a secret comes after a proof, later ones rely on it for a minute', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const { api } = apiTo(platform, server, { token: TOKEN_A, renewals: [] });
  await api.call('sessions', { signal }).catch(() => undefined);
  await api.call('sessions', { signal }).catch(() => undefined);
  expect(pathsOf(platform)).toEqual([
    '/api/server/proof',
    '/api/auth/sessions',
    '/api/auth/sessions',
    '/api/auth/sessions',
    '/api/auth/sessions',
  ]);
  await platform.clock.advance(60_001);
  await api.call('sessions', { signal }).catch(() => undefined);
  expect(pathsOf(platform).at(-3)).toBe('/api/server/proof');
});

test('T11: a password or refresh token needs a proof of the last ten seconds, even while a socket vouches for the address', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const { api, identity } = apiTo(platform, server, { token: TOKEN_A, renewals: [] });
  identity.hold(server.origin);
  await api.call('sessions', { signal }).catch(() => undefined);
  expect(pathsOf(platform)).not.toContain('/api/server/proof');
  await api.call('refresh', { body: { refreshToken: REFRESH_A }, signal }).catch(() => undefined);
  expect(pathsOf(platform).slice(-2)).toEqual(['/api/server/proof', '/api/auth/refresh']);
});

test('P-28, T11: a socket that ends makes its proof no younger for a password or refresh token', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const { api, identity } = apiTo(platform, server, { token: TOKEN_A, renewals: [] });
  await identity.proven(0, signal);
  identity.hold(server.origin);
  await platform.clock.advance(300_000);
  identity.hold(null);
  // Whoever cut it off may be the one who answers now.
  await api.call('refresh', { body: { refreshToken: REFRESH_A }, signal }).catch(() => undefined);
  expect(pathsOf(platform)).toEqual(['/api/server/proof', '/api/server/proof', '/api/auth/refresh']);
});

test('who gives up waiting for a proof does not take it from the others', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const gate = deferred<undefined>();
  server.lies.http = ({ name }) => (name === 'proof' ? (gate.promise as never) : undefined);
  const { identity } = apiTo(platform, server, { token: TOKEN_A, renewals: [] });
  const controller = new AbortController();
  const first = identity.proven(0, controller.signal);
  const second = identity.proven(0, signal);
  controller.abort(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  gate.resolve(undefined);
  expect(await second).toBe(server.origin);
  expect(pathsOf(platform)).toEqual(['/api/server/proof']);
});

test('a refused token is renewed once and the request repeated once, with the new one', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const tokens = { token: TOKEN_A, renewals: [] as string[] };
  const { api } = apiTo(platform, server, tokens);
  await expect(api.call('sessions', { signal })).rejects.toMatchObject({ code: 'unauthorized' });
  expect(tokens.renewals).toEqual([TOKEN_A]);
  const bearers = platform.network.sent
    .flatMap((sent) => (sent.kind === 'http' ? [sent.headers['authorization']] : []))
    .filter((value) => value !== undefined);
  expect(bearers).toEqual([`Bearer ${TOKEN_A}`, `Bearer ${'n'.repeat(43)}`]);
});

test("a wrong old password is the person's mistake and renews nothing", async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  server.lies.http = ({ name }) =>
    name === 'changePassword' ? json(401, { error: new SkerryError('credentials_wrong').toBody() }) : undefined;
  const tokens = { token: TOKEN_A, renewals: [] as string[] };
  const { api } = apiTo(platform, server, tokens);
  await expect(
    api.call('changePassword', { body: { current: 'x', next: 'long enough now' }, signal }),
  ).rejects.toMatchObject({ code: 'credentials_wrong' });
  expect(tokens.renewals).toEqual([]);
});

test('what the server would refuse by its schema does not leave, and names the field', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const { api } = apiTo(platform, server, { token: TOKEN_A, renewals: [] });
  const body = { username: 'anna', password: 'short', displayName: 'Anna', device: 'Test', code: null };
  await expect(api.call('register', { body, signal })).rejects.toMatchObject({
    code: 'bad_request',
    field: 'password',
  });
  expect(pathsOf(platform)).toEqual(['/api/server/proof']);
});

test('T34: answers that are no JSON, of another shape, too large or redirected are named as such', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const where = { origin: server.origin, name: 'health' as const };
  const ask = async (answer: { status: number; contentType: string; text: string }): Promise<unknown> => {
    server.lies.http = () => answer;
    return callOpen(platform.http, where, { signal }).catch((error: unknown) => error);
  };
  expect(await ask({ status: 200, contentType: 'text/html', text: '<html>' })).toMatchObject({
    code: 'unavailable',
    reason: { kind: 'notSkerry' },
    answered: 200,
  });
  expect(await ask({ status: 200, contentType: 'application/json', text: '{' })).toMatchObject({
    reason: { kind: 'notSkerry' },
  });
  expect(await ask(json(200, { status: 'ok' }))).toMatchObject({ reason: { kind: 'protocol' } });
  expect(await ask({ status: 502, contentType: 'text/html', text: '' })).toMatchObject({
    reason: { kind: 'serverError' },
    answered: 502,
  });
  expect(await ask({ status: 404, contentType: 'text/plain', text: '' })).toMatchObject({
    reason: { kind: 'notSkerry' },
    answered: 404,
  });
  expect(await ask({ status: 301, contentType: '', text: '' })).toMatchObject({ redirected: true });
  expect(await ask({ status: 200, contentType: 'application/json', text: 'x'.repeat(2 * 1024 * 1024) })).toMatchObject({
    reason: { kind: 'protocol' },
  });
  expect(await ask(json(429, { error: new SkerryError('rate_limited', { retryAfterMs: 5 }).toBody() }))).toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 5,
  });
});

test('P-30: plain bytes have a limit before they leave, and an answer of another kind is none', async () => {
  const platform = memoryPlatform();
  const server = new FakeServer('https://a.example', { now: () => platform.clock.now() });
  platform.network.serve(server.origin, server);
  const { api } = apiTo(platform, server, { token: TOKEN_A, renewals: [] });
  const large = new Uint8Array(LIMITS.iconBytes + 1);
  await expect(api.call('setIcon', { body: large, signal })).rejects.toMatchObject({ code: 'too_large' });
  expect(pathsOf(platform)).not.toContain('/api/server/icon');
  const bytes = Uint8Array.of(1, 2, 3);
  const answers = ['text/html', 'application/octet-stream'];
  server.lies.http = ({ name }) =>
    name === 'backup' ? { status: 200, contentType: answers.shift() ?? '', text: '', bytes } : undefined;
  await expect(api.call('backup', { signal })).rejects.toMatchObject({ reason: { kind: 'notSkerry' } });
  expect(await api.call('backup', { signal })).toEqual(bytes);
});

test('T3, S4.9, S4.10: among servers that redirect, lie about their key, answer with addresses or with anything, no secret reaches but its owner after its proof', async () => {
  const answer = fc.oneof(
    fc.constant(undefined),
    fc.record({
      status: fc.constantFrom(200, 301, 302, 307, 308, 401, 403, 404, 500, 503),
      contentType: fc.constantFrom('application/json', 'text/html'),
      text: fc.oneof(fc.string(), fc.json(), fc.constant('{"location":"https://b.example/api/auth/refresh"}')),
    }),
    fc
      .constantFrom('unauthorized', 'session_revoked', 'unavailable')
      .map((code) => json(401, { error: new SkerryError(code as 'unauthorized').toBody() })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.constantFrom('a', 'b'),
          fc.constantFrom('sessions', 'snapshot', 'refresh', 'signIn', 'message'),
          answer,
          fc.boolean(),
        ),
        { minLength: 1, maxLength: 12 },
      ),
      async (calls) => {
        const platform = memoryPlatform();
        const servers = {
          a: new FakeServer('https://a.example', { now: () => platform.clock.now() }),
          b: new FakeServer('https://b.example', { now: () => platform.clock.now() }),
        };
        const secrets = {
          a: { token: TOKEN_A, refresh: REFRESH_A, password: 'password of a only' },
          b: { token: 'b'.repeat(43), refresh: 's'.repeat(43), password: 'password of b only' },
        };
        const apis = {
          a: apiTo(platform, servers.a, { token: TOKEN_A, renewals: [] }).api,
          b: apiTo(platform, servers.b, { token: secrets.b.token, renewals: [] }).api,
        };
        let swapped = false;
        const provedWith = { a: false, b: false };
        for (const one of ['a', 'b'] as const) {
          platform.network.serve(servers[one].origin, servers[one]);
          servers[one].lies.proof = (honest) => {
            if (!swapped) return ((provedWith[one] = true), honest);
            return { ...honest, key: toBase64Url(new Uint8Array(32)) };
          };
        }
        for (const [one, name, lie, swap] of calls) {
          swapped = swap;
          servers[one].lies.http = ({ name: asked }) => (asked === 'proof' ? undefined : lie);
          const secret = secrets[one];
          const body =
            name === 'refresh'
              ? { refreshToken: secret.refresh }
              : name === 'signIn'
                ? { username: 'anna', password: secret.password, device: 'd' }
                : undefined;
          const params = name === 'message' ? { messageId: '0197f3f4-0000-7000-8000-000000000001' } : {};
          const from = platform.network.sent.length;
          await apis[one].call(name as 'signIn', { body, params, signal } as never).catch(() => undefined);
          const left = platform.network.sent
            .slice(from)
            .filter((sent) => Object.values(secret).some((value) => holds(sent, value)));
          if (left.length > 0) expect(provedWith[one]).toBe(true);
        }
        for (const sent of platform.network.sent) {
          const owner = new URL(sent.url).origin === servers.a.origin ? 'a' : 'b';
          expect(['https://a.example', 'https://b.example']).toContain(new URL(sent.url).origin);
          for (const value of Object.values(secrets[owner === 'a' ? 'b' : 'a'])) expect(holds(sent, value)).toBe(false);
          expect(sent.url).not.toMatch(/a{43}|b{43}|r{43}|s{43}|password/);
        }
      },
    ),
    { numRuns: 150 },
  );
});
