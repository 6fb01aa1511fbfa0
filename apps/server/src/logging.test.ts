import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createLog, whereOf } from './logging.ts';
import { mintExchangeCode } from './auth/exchange.ts';
import { SocketClient } from './testing/socket-client.ts';
import { freshId, TestServer } from './testing/test-server.ts';

const canary = () => `canary${randomBytes(8).toString('hex')}`;

describe('the log', () => {
  it('drops every field that is not in its list, and objects inside those that are', () => {
    const lines: string[] = [];
    const log = createLog('debug', { write: (line) => lines.push(line) });
    log.info({ event: 'x', port: 1, token: 'secret', code: { password: 'secret' }, error: 'e'.repeat(9_000) } as never);
    expect(lines.join('')).not.toContain('secret');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      at: expect.any(String),
      event: 'x',
      port: 1,
      error: 'e'.repeat(2_000),
    });
  });

  it('tells where an error came from, without its message', () => {
    const where = whereOf(Object.assign(new RangeError('the password is hunter2'), { code: 'SQLITE_BUSY' }));
    expect(where).toMatch(/^RangeError SQLITE_BUSY \| at /);
    expect(where).not.toContain('hunter2');
  });

  it('says nothing below its level', () => {
    const lines: string[] = [];
    const log = createLog('warn', { write: (line) => lines.push(line) });
    log.info({ event: 'x' });
    log.warn({ event: 'y' });
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['y']);
  });
});

describe('a server at its most talkative (T37)', async () => {
  const key = 'k'.repeat(43);
  const server = await TestServer.start({ exchangeKey: key, registration: 'open' });
  afterAll(() => server[Symbol.asyncDispose]());

  it('logs every request, and nothing that anybody sent or was given', async () => {
    const secrets = {
      password: canary(),
      next: canary(),
      wrong: canary(),
      name: canary(),
      device: canary(),
      text: canary(),
      topic: canary(),
      query: canary(),
      header: canary(),
      path: canary(),
      body: canary(),
      username: canary().slice(0, 20),
      frame: canary(),
    };
    const given: string[] = [server.running.setupCode ?? ''];
    const body = {
      username: secrets.username,
      password: secrets.password,
      displayName: secrets.name,
      device: secrets.device,
    };
    const owner = await server.ask('register', { body: { ...body, code: server.running.setupCode } });
    given.push(owner.accessToken, owner.refreshToken);
    const token = owner.accessToken;
    await server.call('signIn', { body: { ...body, displayName: undefined, password: secrets.wrong } });
    await server.call('register', { body: { ...body, code: null, [secrets.body]: secrets.body } });
    const renewed = await server.ask('refresh', { body: { refreshToken: owner.refreshToken } });
    given.push(renewed.accessToken, renewed.refreshToken);
    const invite = await server.ask('createInvite', { token, body: { expiresInMs: null, uses: 1 } });
    const link = await server.ask('resetLink', { token, params: { accountId: owner.account.id } });
    const exchange = mintExchangeCode({
      serverId: server.running.serverId,
      username: secrets.username,
      key,
      now: Date.now(),
    });
    given.push(invite.code ?? '', link.code, exchange);
    await server.call('exchange', { body: { code: exchange, device: secrets.device } });
    await server.call('exchange', { body: { code: exchange, device: secrets.device } });
    const made = freshId();
    await server.run(
      owner,
      { kind: 'channel.create', name: secrets.name, topic: secrets.topic, visibility: 'public', history: 'all' },
      made,
    );
    await server.run(owner, { kind: 'message.send', channel: made as never, text: secrets.text, replyTo: null });
    await server.run(owner, { kind: 'message.send', channel: freshId() as never, text: secrets.text, replyTo: null });
    await server.call('messages', { token, params: { channelId: made }, query: { before: secrets.query } });
    for (const url of [
      `/api/${secrets.path}`,
      `/api/health?token=${secrets.query}`,
      `/${secrets.path}?x=${secrets.query}`,
      `/api/%zz${secrets.path}`,
    ])
      await fetch(server.running.url + url, {
        headers: { 'x-note': secrets.header, authorization: `Bearer ${secrets.header}`, 'user-agent': secrets.header },
      });
    using socket = await SocketClient.open(`${server.running.url.replace('http', 'ws')}/api/socket`);
    await socket.signIn(token);
    socket.socket.send(JSON.stringify({ t: secrets.frame, token }));
    socket.socket.send(secrets.frame);
    await server.call('changePassword', { token, body: { current: secrets.password, next: secrets.next } });
    await server.call('reset', { body: { code: link.code, password: secrets.next } });
    await socket.closed;
    await server.stop();

    // What opens a door is in the database as a hash only.
    const stored = ['skerry.db', 'skerry.db-wal']
      .map((name) => path.join(server.data, name))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'latin1'))
      .join('');
    expect(stored).toContain(secrets.text);
    for (const secret of [secrets.password, secrets.next, secrets.wrong, ...given])
      expect(stored.includes(secret)).toBe(false);

    const log = server.logged.join('');
    expect(server.logged.length).toBeGreaterThan(15);
    expect(log).toContain('/api/channels/:channelId/messages');
    for (const [name, secret] of [...Object.entries(secrets), ...given.map((value) => ['given', value] as const)]) {
      expect(secret.length, name).toBeGreaterThan(10);
      expect(log.includes(secret), `${name} is in the log`).toBe(false);
    }
  });
});
