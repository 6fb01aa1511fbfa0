import { createPublicKey, verify } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ChannelId, encodeKeyRotation, encodeProof, fromBase64Url } from '@skerry/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { SocketClient } from '../testing/socket-client.ts';
import { TestServer } from '../testing/test-server.ts';
import { backupData } from './backup.ts';
import { makeResetCodeByHand } from './reset-code.ts';
import { restoreData } from './restore.ts';
import { rotateKey } from './rotate-key.ts';

const elsewhere = mkdtempSync(path.join(tmpdir(), 'skerry-backup-'));
afterAll(() => rmSync(elsewhere, { recursive: true }));

async function withLife() {
  const server = await TestServer.start();
  const ada = await server.register('ada');
  const { channels } = await server.ask('snapshot', { token: ada.accessToken });
  const general = channels[0]?.channel.id as ChannelId;
  const say = (text: string) => server.run(ada, { kind: 'message.send', channel: general, text, replyTo: null });
  const texts = async (of = server) =>
    (await of.ask('messages', { token: ada.accessToken, params: { channelId: general } })).messages.map(
      ({ text }) => text,
    );
  return { server, ada, say, texts };
}

const socketUrl = (server: TestServer) => `${server.running.url.replace('http', 'ws')}/api/socket`;

describe('a backup', () => {
  it('is made while the server runs, and put in place brings back what it held; clients are told to load anew (T41)', async () => {
    const { server, ada, say, texts } = await withLife();
    await using _stopped = server;
    await say('before');
    const file = path.join(elsewhere, 'one.backup');
    const running = [
      say('during'),
      backupData({ data: server.data, to: file, withKey: false }),
      say('also during'),
    ] as const;
    await Promise.all(running);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await say('after');
    const { asOf } = await server.ask('snapshot', { token: ada.accessToken });

    await expect(restoreData({ data: server.data, from: file, now: 0 })).rejects.toThrow(
      'is in use by a server that is running',
    );
    expect(await texts()).toContain('after');
    await server.stop();
    const { setAside } = await restoreData({ data: server.data, from: file, now: Date.UTC(2026, 0, 2) });
    expect(setAside).toBe(path.join(server.data, 'skerry.db.before-restore-2026-01-02T00-00-00-000Z'));
    expect(
      readFileSync(setAside ?? '')
        .subarray(0, 15)
        .toString(),
    ).toBe('SQLite format 3');
    await server.start();
    expect(await texts()).toContain('before');
    expect(await texts()).not.toContain('after');
    // Numbers are taken again, by other events: a client that saw the old ones has to begin anew.
    for (let i = 0; i < 6; i++) await say(`other ${i}`);
    using socket = await SocketClient.open(socketUrl(server));
    await socket.signIn(ada.accessToken, asOf);
    expect(socket.frames).toContainEqual({ t: 'reset', reason: 'diverged' });
  });

  it('carries the key only when asked to, and then a new machine can take over', async () => {
    const { server, ada, say, texts } = await withLife();
    await using _stopped = server;
    await say('hello');
    const file = path.join(elsewhere, 'two.backup');
    await backupData({ data: server.data, to: file, withKey: false });
    expect(existsSync(`${file}.key`)).toBe(false);
    const data = path.join(elsewhere, 'moved');
    await expect(restoreData({ data, from: file, now: 0 })).rejects.toThrow("server's key is neither in");
    await backupData({ data: server.data, to: file, withKey: true });
    expect(await restoreData({ data, from: file, now: 0 })).toEqual({ setAside: null });
    await using moved = await TestServer.start({ data });
    expect([moved.running.serverId, moved.running.key]).toEqual([server.running.serverId, server.running.key]);
    expect(await texts(moved)).toEqual(['hello']);
    expect((await moved.call('sessions', { token: ada.accessToken })).status).toBe(200);
  });

  it('never lands on the files of the server, and one that is no whole backup is refused before anything is touched', async () => {
    const { server, say } = await withLife();
    await using _stopped = server;
    await say('kept');
    for (const name of ['skerry.db', 'skerry.db-wal', 'server.key'])
      await expect(
        backupData({ data: server.data, to: path.join(server.data, 'x', '..', name), withKey: false }),
      ).rejects.toThrow("server's own file");
    await expect(backupData({ data: elsewhere, to: path.join(elsewhere, 'x'), withKey: false })).rejects.toThrow(
      'no server',
    );
    await server.stop();
    const files = () =>
      readdirSync(server.data)
        .filter((name) => !name.startsWith('in-use'))
        .sort();
    const before = files();
    const broken = path.join(elsewhere, 'broken');
    writeFileSync(broken, 'not a database at all, only some text that is long enough to be looked at');
    await expect(restoreData({ data: server.data, from: broken, now: 0 })).rejects.toThrow('is not a whole backup');
    copyFileSync(path.join(server.data, 'skerry.db'), broken);
    const bytes = readFileSync(broken);
    writeFileSync(broken, Buffer.concat([bytes.subarray(0, 8_192), Buffer.alloc(16_384, 7), bytes.subarray(24_576)]));
    await expect(restoreData({ data: server.data, from: broken, now: 0 })).rejects.toThrow('is not a whole backup');
    await expect(restoreData({ data: server.data, from: path.join(elsewhere, 'nothing'), now: 0 })).rejects.toThrow(
      'There is no file',
    );
    const other = await TestServer.start();
    await other.register('eve');
    await backupData({ data: other.data, to: broken, withKey: false });
    await other[Symbol.asyncDispose]();
    await expect(restoreData({ data: server.data, from: broken, now: 0 })).rejects.toThrow('backup of another server');
    expect(files()).toEqual(before);
    await server.start();
  });
});

describe('a password reset by hand', () => {
  it('works while the server runs', async () => {
    const { server, ada } = await withLife();
    await using _stopped = server;
    const { code } = await makeResetCodeByHand({ data: server.data, username: 'ada', now: Date.now() });
    expect((await server.call('sessions', { token: ada.accessToken })).status).toBe(200);
    expect(await server.ask('reset', { body: { code, password: 'a new password' } })).toEqual({ username: 'ada' });
    expect((await server.call('sessions', { token: ada.accessToken })).code).toBe('session_revoked');
    expect((await server.signIn('ada', 'a new password')).status).toBe(200);
    await expect(makeResetCodeByHand({ data: server.data, username: 'eve', now: 0 })).rejects.toThrow(
      'There is no account "eve"',
    );
  });
});

describe('a new key', () => {
  it('is taken up at the next start, vouched for by every key before it', async () => {
    const { server, ada } = await withLife();
    await using _stopped = server;
    const { key: first, words, serverId } = server.running;
    const { before, after } = await rotateKey(server.data);
    expect([before, server.running.key]).toEqual([words, first]);
    await expect(rotateKey(server.data)).rejects.toThrow('Start the server once');
    await server.stop();
    await server.start();
    const second = server.running.key;
    expect([server.running.words, server.running.serverId]).toEqual([after, serverId]);
    await rotateKey(server.data);
    await server.stop();
    await server.start();

    const asked = { nonce: 'abcdefghijklmnopqrstuv', origin: 'https://harbour.example' };
    const proof = await server.ask('proof', { body: asked });
    expect(proof.rotations.map(({ from, to }) => [from, to])).toEqual([
      [first, second],
      [second, proof.key],
    ]);
    const bytes = (text: string) => fromBase64Url(text) ?? new Uint8Array();
    const isSigned = (by: string, message: Uint8Array, signature: string) =>
      verify(
        null,
        message,
        createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: by } }),
        bytes(signature),
      );
    for (const { from, to, signature } of proof.rotations)
      expect(isSigned(from, encodeKeyRotation({ serverId, from: bytes(from), to: bytes(to) }), signature)).toBe(true);
    expect(isSigned(proof.key, encodeProof({ ...asked, serverId }), proof.signature)).toBe(true);
    using socket = await SocketClient.open(socketUrl(server));
    expect((await socket.hello()).proof.rotations).toEqual(proof.rotations);
    // Nobody was signed out by it.
    expect((await server.call('refresh', { body: { refreshToken: ada.refreshToken } })).status).toBe(200);
  });

  it('is never made up when the old one is missing or another one lies there', async () => {
    const { server } = await withLife();
    await using _stopped = server;
    await server.stop();
    const file = path.join(server.data, 'server.key');
    const kept = readFileSync(file);
    rmSync(file);
    await expect(server.start()).rejects.toThrow('is missing');
    expect(existsSync(file)).toBe(false);
    const other = await TestServer.start();
    copyFileSync(path.join(other.data, 'server.key'), file);
    await other[Symbol.asyncDispose]();
    await expect(server.start()).rejects.toThrow('belongs to another server');
    writeFileSync(file, kept);
    await server.start();
  });
});
