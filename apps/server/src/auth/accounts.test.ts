import { createPublicKey, verify } from 'node:crypto';
import { encodeProof, fromBase64Url } from '@skerry/protocol';
import { sixWords } from '@skerry/protocol/words';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RateLimits } from '../rate-limits.ts';
import { SocketClient } from '../testing/socket-client.ts';
import { PASSWORD, type SignedInTester, TestServer } from '../testing/test-server.ts';
import { mintExchangeCode } from './exchange.ts';

const key = 'k'.repeat(43);
let server: TestServer;
let owner: SignedInTester;
let ben: SignedInTester;

beforeAll(async () => {
  server = await TestServer.start({ exchangeKey: key });
  owner = await server.register('ada');
  ben = await server.register('ben', null);
});
afterAll(() => server[Symbol.asyncDispose]());

const socketUrl = () => `${server.running.url.replace('http', 'ws')}/api/socket`;
const join = (of: TestServer, username: string, code: string | null) =>
  of.call('register', { body: { username, password: PASSWORD, displayName: username, device: 'Test', code } });

describe('a new server', () => {
  it('lets the first one in by its set-up code alone, makes them owner and gives them a channel', async () => {
    await using fresh = await TestServer.start();
    expect(await fresh.ask('info')).toMatchObject({ needsSetup: true, user_count: 0 });
    expect((await join(fresh, 'eve', null)).code).toBe('code_invalid');
    expect((await join(fresh, 'eve', 'AAAA-BBBB-CCCC-DDDD')).code).toBe('code_invalid');
    const code = fresh.running.setupCode ?? '';
    const first = await join(fresh, 'ada', code.toLowerCase().replaceAll('-', ''));
    expect(first.body.account).toMatchObject({ role: 'owner', username: 'ada' });
    const snapshot = await fresh.ask('snapshot', { token: first.body.accessToken });
    expect(snapshot.channels).toMatchObject([{ member: true, channel: { name: 'general', visibility: 'public' } }]);
    expect(await fresh.ask('info')).toMatchObject({ needsSetup: false, user_count: 1 });
    expect((await join(fresh, 'eve', code)).body.account).toMatchObject({ role: 'member' });
  });

  it('offers a new code after a restart while nobody has an account, and none after', async () => {
    await using fresh = await TestServer.start();
    const first = fresh.running.setupCode ?? '';
    await fresh.stop();
    await fresh.start();
    expect(fresh.running.setupCode).not.toBe(first);
    expect((await join(fresh, 'ada', first)).code).toBe('code_invalid');
    await fresh.register('ada');
    await fresh.stop();
    await fresh.start();
    expect(fresh.running.setupCode).toBeNull();
  });

  it('makes one owner of two who come at once', async () => {
    await using fresh = await TestServer.start();
    const { setupCode } = fresh.running;
    const both = await Promise.all(['ada', 'ben'].map((name) => join(fresh, name, setupCode)));
    expect(both.map(({ body }) => body.account.role).sort()).toEqual(['member', 'owner']);
  });
});

describe('registering', () => {
  it('takes a name once, also of two who come at once', async () => {
    expect(await join(server, 'ben', null)).toMatchObject({
      status: 409,
      code: 'name_taken',
      body: { error: { field: 'username' } },
    });
    const both = await Promise.all([join(server, 'twice', null), join(server, 'twice', null)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('is told to those who are there', async () => {
    using socket = await SocketClient.open(socketUrl());
    await socket.signIn(owner.accessToken);
    const made = await join(server, 'noor', null);
    await expect
      .poll(() =>
        socket.frames.some(
          (frame) =>
            frame.t === 'events' &&
            frame.stream === 'server' &&
            frame.events.some((event) => event.kind === 'account' && event.account.id === made.body.account.id),
        ),
      )
      .toBe(true);
  });

  it('needs an invite where the server says so, each use counts, and a revoked or old one is worth nothing', async () => {
    await using closed = await TestServer.start({ registration: 'invite' });
    const admin = await closed.register('ada');
    const token = admin.accessToken;
    expect((await join(closed, 'ben', null)).code).toBe('invite_required');
    expect((await join(closed, 'ben', 'not-an-invite')).code).toBe('code_invalid');
    const once = await closed.ask('createInvite', { token, body: { expiresInMs: null, uses: 1 } });
    const [a, b] = await Promise.all([join(closed, 'ben', once.code), join(closed, 'lena', once.code)]);
    expect([a.status, b.status].sort()).toEqual([200, 410]);
    const revoked = await closed.ask('createInvite', { token, body: { expiresInMs: null, uses: null } });
    await closed.ask('revokeInvite', { token, params: { inviteId: revoked.id } });
    expect((await join(closed, 'kofi', revoked.code)).code).toBe('code_invalid');
    const short = await closed.ask('createInvite', { token, body: { expiresInMs: 1_000, uses: null } });
    expect(await closed.ask('invites', { token })).toMatchObject({ invites: [{ id: short.id, code: null }] });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await join(closed, 'kofi', short.code)).code).toBe('code_invalid');
    expect(await closed.ask('invites', { token })).toEqual({ invites: [] });
    for (const body of [
      { expiresInMs: 1, uses: 1 },
      { expiresInMs: null, uses: 0 },
      { expiresInMs: Number.MAX_SAFE_INTEGER, uses: null },
    ])
      expect((await closed.call('createInvite', { token, body })).code).toBe('bad_request');
  });

  it('is over where the server is closed', async () => {
    await using closed = await TestServer.start({ registration: 'closed' });
    await closed.register('ada');
    expect((await join(closed, 'ben', null)).code).toBe('registration_closed');
  });

  it('refuses names and passwords outside the rules before it hashes anything', async () => {
    for (const body of [
      { username: 'Ada' },
      { username: '-ada' },
      { username: 'a'.repeat(33) },
      { password: 'short' },
      { password: 'x'.repeat(257) },
      { displayName: 'Ada\u202e' },
      { displayName: ' Ada' },
      { code: 'x' },
      { role: 'owner' },
    ]) {
      const answered = await server.call('register', {
        body: { username: 'new', password: PASSWORD, displayName: 'New', device: 'Test', code: null, ...body },
      });
      expect([answered.status, answered.code], JSON.stringify(body)).toEqual([400, 'bad_request']);
    }
  });
});

describe('signing in', () => {
  it('works by name and password, and ends with signing out', async () => {
    const { body } = await server.signIn('ben');
    expect(body).toMatchObject({ account: { username: 'ben' }, accessExpiresIn: 900_000 });
    await server.ask('signOut', { token: body.accessToken });
    expect((await server.call('snapshot', { token: body.accessToken })).code).toBe('session_revoked');
    expect((await server.call('refresh', { body: { refreshToken: body.refreshToken } })).code).toBe('session_revoked');
    expect((await server.call('snapshot', { token: ben.accessToken })).status).toBe(200);
  });

  it('treats text that looks the same as the same password', async () => {
    const password = 'caf\u00e9 caf\u00e9 caf\u00e9';
    await server.ask('register', {
      body: { username: 'norm', password, displayName: 'N', device: 'Test', code: null },
    });
    expect((await server.signIn('norm', password.normalize('NFD'))).status).toBe(200);
  });

  it('says the same of a wrong password and of a name that does not exist (T31)', async () => {
    const before = server.running.passwordChecks;
    const wrong = await server.signIn('ben', 'not the password');
    const unknown = await server.signIn('nobody', 'not the password');
    expect(server.running.passwordChecks - before, 'the same work for both').toBe(2);
    expect([wrong.status, wrong.body]).toEqual([unknown.status, unknown.body]);
    expect(wrong.code).toBe('credentials_wrong');
    const names = (headers: Headers) => [...headers.keys()].sort();
    expect(names(wrong.headers)).toEqual(names(unknown.headers));
  });

  it('is refused to a disabled account, whose sessions end', async () => {
    const kofi = await server.register('kofi', null);
    await server.run(owner, { kind: 'account.disable', account: kofi.account.id, disabled: true });
    expect(await server.signIn('kofi')).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await server.signIn('kofi', 'not the password')).code).toBe('credentials_wrong');
    expect((await server.call('snapshot', { token: kofi.accessToken })).code).toBe('session_revoked');
    expect((await server.call('refresh', { body: { refreshToken: kofi.refreshToken } })).code).toBe('session_revoked');
  });

  it('keeps the last owner', async () => {
    expect((await server.run(owner, { kind: 'account.role', account: owner.account.id, role: 'member' })).code).toBe(
      'last_owner',
    );
    expect((await server.run(owner, { kind: 'account.disable', account: owner.account.id, disabled: true })).code).toBe(
      'last_owner',
    );
  });
});

describe('guessing passwords (T30)', () => {
  it('reaches the hash a few times only, and slows down nobody else', async () => {
    const manual = { time: Date.now() };
    await using guarded = await TestServer.start(
      { rateScale: 1, exchangeKey: null },
      { clock: { now: () => manual.time } },
    );
    await guarded.register('ada');
    await guarded.register('ben', null);
    const before = guarded.running.passwordChecks;
    const answers: Record<string, number> = {};
    let retryAfter = '';
    const guess = async (text: string) => {
      const { code = 'none', headers } = await guarded.signIn('ada', text);
      answers[code] = (answers[code] ?? 0) + 1;
      retryAfter = headers.get('retry-after') ?? retryAfter;
    };
    for (let round = 0; round < 50; round++) {
      await Promise.all(Array.from({ length: 20 }, (_, nth) => guess(`guess ${round} ${nth}`)));
      // Requests as such are limited too; here only the tries count.
      manual.time += 400;
    }
    expect(guarded.running.passwordChecks - before).toBe(answers['credentials_wrong']);
    expect(answers).toEqual({ credentials_wrong: 10, rate_limited: 990 });
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect((await guarded.signIn('ben')).status).toBe(200);
    manual.time += 30_000;
    expect((await guarded.signIn('ada')).status).toBe(200);
  });

  it('counts per address, so that others lock nobody out', () => {
    const limits = new RateLimits({ now: () => 0 }, 1);
    for (let i = 0; i < 10; i++) limits.take('signIn', `203.0.113.1 ada`);
    expect(limits.wait('signIn', '203.0.113.1 ada')).toBeGreaterThan(0);
    expect(limits.wait('signIn', '203.0.113.2 ada')).toBe(0);
  });
});

describe('refreshing (T29)', () => {
  it('gives the same successor again until that one is used', async () => {
    const first = (await server.signIn('ben')).body;
    const refresh = (refreshToken: string) => server.call('refresh', { body: { refreshToken } });
    const [a, b] = await Promise.all([refresh(first.refreshToken), refresh(first.refreshToken)]);
    expect(a.body.refreshToken).toBe(b.body.refreshToken);
    expect(a.body.refreshToken).not.toBe(first.refreshToken);
    expect(a.body).toMatchObject({ account: { username: 'ben' }, sessionId: first.sessionId });
    for (const { body } of [a, b])
      expect((await server.call('sessions', { token: body.accessToken })).status).toBe(200);

    const second = await refresh(a.body.refreshToken);
    expect(second.status).toBe(200);
    // The answer to this one was lost: asked again, it is the same.
    expect((await refresh(a.body.refreshToken)).body.refreshToken).toBe(second.body.refreshToken);
    // The first one again: somebody else has it.
    expect(await refresh(first.refreshToken)).toMatchObject({ status: 401, code: 'session_revoked' });
    for (const { body } of [a, second]) {
      expect((await server.call('sessions', { token: body.accessToken })).code).toBe('session_revoked');
      expect((await refresh(body.refreshToken)).code).toBe('session_revoked');
    }
    expect((await server.call('sessions', { token: ben.accessToken })).status).toBe(200);
  });

  it('survives a restart in the middle', async () => {
    await using other = await TestServer.start();
    const { refreshToken } = await other.register('ada');
    const first = await other.ask('refresh', { body: { refreshToken } });
    await other.stop();
    await other.start();
    expect((await other.ask('refresh', { body: { refreshToken } })).refreshToken).toBe(first.refreshToken);
  });

  it('refuses what names no session', async () => {
    for (const refreshToken of ['A'.repeat(43), ben.accessToken])
      expect((await server.call('refresh', { body: { refreshToken } })).code).toBe('unauthorized');
    expect((await server.call('refresh', { body: { refreshToken: 'short' } })).code).toBe('bad_request');
  });
});

describe('sessions', () => {
  it('are listed with the current one, and one can be ended from another; its socket closes within two seconds (I12)', async () => {
    const priya = await server.register('priya', null);
    const second = (await server.call('signIn', { body: { username: 'priya', password: PASSWORD, device: 'Phone' } }))
      .body;
    const { sessions } = await server.ask('sessions', { token: priya.accessToken });
    expect(
      sessions.map(({ device, current }) => ({ device, current })).sort((x, y) => x.device.localeCompare(y.device)),
    ).toEqual([
      { device: 'Phone', current: false },
      { device: 'Test', current: true },
    ]);
    using socket = await SocketClient.open(socketUrl());
    await socket.signIn(second.accessToken);
    const asked = Date.now();
    await server.ask('revokeSession', { token: priya.accessToken, params: { sessionId: second.sessionId } });
    expect((await socket.closed).code).toBe(4401);
    expect(Date.now() - asked).toBeLessThan(2_000);
    expect((await server.call('snapshot', { token: second.accessToken })).code).toBe('session_revoked');
    expect(
      (await server.call('revokeSession', { token: priya.accessToken, params: { sessionId: second.sessionId } })).code,
    ).toBe('not_found');
  });

  it('of somebody else do not exist', async () => {
    expect(
      (await server.call('revokeSession', { token: ben.accessToken, params: { sessionId: owner.sessionId } })).code,
    ).toBe('not_found');
    expect((await server.call('snapshot', { token: owner.accessToken })).status).toBe(200);
  });

  it('end everywhere else when the password is changed', async () => {
    const here = await server.register('marta', null);
    const there = (await server.signIn('marta')).body;
    using socket = await SocketClient.open(socketUrl());
    await socket.signIn(there.accessToken);
    const change = (current: string, next: string) =>
      server.call('changePassword', { token: here.accessToken, body: { current, next } });
    expect((await change('not the password', 'another password')).code).toBe('credentials_wrong');
    expect((await server.call('sessions', { token: there.accessToken })).status).toBe(200);
    expect((await change(PASSWORD, 'another password')).status).toBe(200);
    expect((await socket.closed).code).toBe(4401);
    expect((await server.call('sessions', { token: there.accessToken })).code).toBe('session_revoked');
    expect((await server.call('sessions', { token: here.accessToken })).status).toBe(200);
    expect((await server.signIn('marta')).code).toBe('credentials_wrong');
    expect((await server.signIn('marta', 'another password')).status).toBe(200);
  });
});

describe('a reset link', () => {
  it('is made by an admin for those below, sets a new password once, and ends every session', async () => {
    const tomas = await server.register('tomas', null);
    const { code } = await server.ask('resetLink', {
      token: owner.accessToken,
      params: { accountId: tomas.account.id },
    });
    const newer = (await server.ask('resetLink', { token: owner.accessToken, params: { accountId: tomas.account.id } }))
      .code;
    const reset = (given: string, password: string) => server.call('reset', { body: { code: given, password } });
    expect((await reset(code, 'a new password')).code, 'only the newest works').toBe('code_invalid');
    expect((await reset(newer, 'a new password')).body).toEqual({ username: 'tomas' });
    expect((await reset(newer, 'yet another one')).code).toBe('code_invalid');
    expect((await server.call('snapshot', { token: tomas.accessToken })).code).toBe('session_revoked');
    expect((await server.signIn('tomas', 'a new password')).status).toBe(200);
  });

  it('is not for equals or betters', async () => {
    const admin = await server.register('admin.one', null);
    const other = await server.register('admin.two', null);
    for (const { account } of [admin, other])
      await server.run(owner, { kind: 'account.role', account: account.id, role: 'admin' });
    const link = (accountId: string) => server.call('resetLink', { token: admin.accessToken, params: { accountId } });
    expect((await link(ben.account.id)).status).toBe(200);
    for (const { account } of [owner, other]) expect((await link(account.id)).code).toBe('forbidden');
    expect((await link('01890000-0000-7000-8000-000000000009')).code).toBe('not_found');
  });
});

describe('the one-time exchange', () => {
  const exchange = (code: string, headers: Record<string, string> = {}) =>
    server.call('exchange', { body: { code, device: 'Test' }, headers });
  const mint = (changes: Partial<Parameters<typeof mintExchangeCode>[0]> = {}) =>
    mintExchangeCode({ serverId: server.running.serverId, username: 'ben', key, now: Date.now(), ...changes });

  it('signs in the named person, once', async () => {
    const code = mint();
    expect((await exchange(code)).body).toMatchObject({ account: { username: 'ben' } });
    expect(await exchange(code)).toMatchObject({ status: 410, code: 'code_invalid' });
    const fresh = mint();
    expect((await Promise.all([exchange(fresh), exchange(fresh)])).map(({ status }) => status).sort()).toEqual([
      200, 410,
    ]);
  });

  it('is refused from beyond this machine, for nobody, under another key, and late', async () => {
    expect((await exchange(mint(), { 'x-forwarded-for': '127.0.0.1' })).code).toBe('code_invalid');
    for (const changes of [
      { username: 'nobody' },
      { key: 'x'.repeat(43) },
      { now: Date.now() - 130_000 },
      { serverId: ben.account.id },
    ])
      expect((await exchange(mint(changes))).code, JSON.stringify(changes)).toBe('code_invalid');
  });

  it('does not exist where no key was given', async () => {
    await using without = await TestServer.start();
    await without.register('ben');
    const code = mintExchangeCode({ serverId: without.running.serverId, username: 'ben', key, now: Date.now() });
    expect((await without.call('exchange', { body: { code, device: 'Test' } })).code).toBe('code_invalid');
  });
});

describe('what anyone may ask', () => {
  it('says who the server is, and proves it', async () => {
    const { running } = server;
    expect(await server.ask('health')).toEqual({
      status: 'ok',
      app: 'skerry',
      name: 'Harbour',
      iconUrl: null,
      version: '0.1.0',
      protocol: { min: 1, max: 1 },
      serverId: running.serverId,
    });
    const info = await server.ask('info');
    expect(info).toMatchObject({
      serverId: running.serverId,
      key: running.key,
      words: running.words,
      registration: 'open',
    });
    expect(info.words).toEqual(
      sixWords(
        createHash('sha256')
          .update(fromBase64Url(info.key) ?? '')
          .digest(),
      ),
    );
    const asked = { nonce: 'abcdefghijklmnopqrstuv', origin: 'https://harbour.example' };
    const proof = await server.ask('proof', { body: asked });
    const signed = encodeProof({ ...asked, serverId: running.serverId });
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: proof.key } });
    expect(proof).toMatchObject({ serverId: running.serverId, key: running.key, rotations: [] });
    expect(verify(null, signed, publicKey, fromBase64Url(proof.signature) ?? new Uint8Array())).toBe(true);
  });
});
