import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, callLoosely, newId, newNonce, proofHolds, RawSocket, signUp } from '../raw-client.ts';
import { makeIdentity, rotateKey } from './identity.ts';
import { LyingServer } from './lying-server.ts';

describe('LyingServer', () => {
  let server: LyingServer;
  beforeEach(async () => {
    server = await LyingServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('keeps every request with its URL, headers and body, and the frames of a socket', async () => {
    const { accessToken } = await signUp(server.origin, 'anna', server.world.setupCode);
    await callLoosely(server.origin, 'snapshot', { token: accessToken });
    using socket = await RawSocket.live(server.origin, accessToken);
    expect(server.requests.map((one) => one.route)).toEqual(['register', 'snapshot', 'socket']);
    expect(server.requests[0]?.body).toContain('anna and a long password');
    expect(server.requests[1]?.headers.authorization).toBe(`Bearer ${accessToken}`);
    expect(server.requests[2]?.frames).toHaveLength(2);
    expect(socket.closed).toBeUndefined();
    expect(server.wasTold('anna and a long password')).toBe(true);
    expect(server.wasTold(accessToken)).toBe(true);
    expect(server.wasTold('never sent')).toBe(false);
  });

  it('finds a secret that was put into an address', async () => {
    await fetch(`${server.origin}/api/health?token=${encodeURIComponent('a/b c')}`);
    expect(server.wasTold('a/b c')).toBe(true);
  });

  it('answers a route as a script says, and honestly again after it repented', async () => {
    server.onRoute('health', ({ usual }) => ({
      ...(usual() as { kind: 'json'; status: number; body: object }),
      status: 503,
    }));
    server.onRoute('*', () => ({ kind: 'redirect', status: 302, to: 'https://elsewhere.example/' }));
    expect((await callLoosely(server.origin, 'health', {})).status).toBe(503);
    await expect(call(server.origin, 'info')).rejects.toThrow();
    server.repent();
    expect((await callLoosely(server.origin, 'health', {})).status).toBe(200);
  });

  it('replaces, repeats and drops frames', async () => {
    const { accessToken } = await signUp(server.origin, 'anna', server.world.setupCode);
    using socket = await RawSocket.live(server.origin, accessToken);
    server.onDown('pong', (frame) => [frame, frame, '{"t":"mark","seq":-1,"tag":"x"}', { t: 'pong', n: null }]);
    socket.send({ t: 'ping', n: 1 });
    await expect.poll(() => socket.broken.length).toBe(2);
    expect(socket.frames.filter((frame) => frame.t === 'pong')).toHaveLength(2);
    server.onUp('ping', () => undefined);
    socket.send({ t: 'ping', n: 2 });
    socket.send({ t: 'unknown' });
    await socket.next('fail');
    expect(socket.frames.some((frame) => frame.t === 'pong' && frame.n === 2)).toBe(false);
  });

  it('refuses or redirects the upgrade', async () => {
    server.onUpgrade(() => ({ kind: 'redirect', status: 302, to: 'http://127.0.0.1:1/' }));
    await expect(RawSocket.open(server.origin)).rejects.toThrow('302');
    server.onUpgrade(undefined);
    using socket = await RawSocket.open(server.origin);
    expect((await socket.hello()).proof.serverId).toBe(server.identity.serverId);
  });

  it('makes the same ids, tokens and key from the same seed', async () => {
    await using one = await LyingServer.start({ seed: 'twin' });
    await using two = await LyingServer.start({ seed: 'twin' });
    const first = await signUp(one.origin, 'anna', one.world.setupCode);
    const second = await signUp(two.origin, 'anna', two.world.setupCode);
    expect({ ...second, account: { ...second.account, createdAt: first.account.createdAt } }).toEqual(first);
    expect(two.identity.key).toBe(one.identity.key);
    expect(two.identity.words).toEqual(one.identity.words);
    expect([...two.world.channels.keys()]).toEqual([...one.world.channels.keys()]);
  });

  it('can show another key, and vouch for it with the old one', async () => {
    const old = server.identity;
    server.identity = makeIdentity(old.serverId);
    const asked = { nonce: newNonce(), origin: server.origin };
    const proof = await call(server.origin, 'proof', { body: asked });
    expect(proof.key).not.toBe(old.key);
    expect(proofHolds(proof, asked)).toBe(true);
    expect(rotateKey(old, server.identity)).toMatchObject({ from: old.key, to: server.identity.key });
  });

  it('comes back on its port with its state', async () => {
    const { accessToken } = await signUp(server.origin, 'anna', server.world.setupCode);
    const { origin } = server;
    await server.stop();
    await expect(call(origin, 'health')).rejects.toThrow();
    await server.listen();
    expect(server.origin).toBe(origin);
    const snapshot = await call(origin, 'snapshot', { token: accessToken });
    const channel = snapshot.channels[0]!.channel.id;
    await call(origin, 'command', {
      token: accessToken,
      body: { id: newId(), command: { kind: 'message.send', channel, text: 'back', replyTo: null } },
    });
    expect(server.world.messages.size).toBe(1);
  });
});
