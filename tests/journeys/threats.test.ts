import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CLOSE, LIMITS, type SignedIn } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RawSocket, signUp } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';

const codeOf = async (answer: Response): Promise<string> =>
  ((await answer.json()) as { error: { code: string } }).error.code;

/** What a hostile client may try on the real program, one after the other on the same one. */
describe('A server', () => {
  let server: SpawnedServer;
  let anna: SignedIn;
  beforeAll(async () => {
    server = await SpawnedServer.start({ name: 'Harbour', args: ['--client', 'none'] });
    anna = await signUp(server.origin, 'anna', server.setupCode);
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  const stillWorks = async (): Promise<void> => {
    const headers = { authorization: `Bearer ${anna.accessToken}` };
    expect((await fetch(`${server.origin}/api/snapshot`, { headers })).status).toBe(200);
  };

  it('T22: refuses a token in an address, does not use it, and writes it into no log', async () => {
    for (const name of ['token', 'access_token', 'refreshToken']) {
      const answer = await fetch(`${server.origin}/api/snapshot?${name}=${anna.accessToken}`);
      expect([name, answer.status, await codeOf(answer)]).toEqual([name, 400, 'token_in_url']);
    }
    await stillWorks();
    expect(server.log).not.toContain(anna.accessToken);
    expect(server.log).not.toContain(anna.refreshToken);
  });

  it('T23: closes a socket over a frame that is too large, and refuses what is nested too deeply', async () => {
    using large = await RawSocket.live(server.origin, anna.accessToken);
    large.send('x'.repeat(LIMITS.frameUpBytes + 1));
    expect((await large.end()).code).toBe(CLOSE.tooLarge);
    using deep = await RawSocket.live(server.origin, anna.accessToken);
    deep.send(`{"t":"ping","n":${'['.repeat(10_000)}${']'.repeat(10_000)}}`);
    await deep
      .find((frame) => frame.t === 'fail' && frame.error.code === 'bad_frame')
      .catch(async () => {
        expect((await deep.end()).code).toBeGreaterThanOrEqual(4400);
      });
    const body = `{"id":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    const headers = { authorization: `Bearer ${anna.accessToken}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.origin}/api/commands`, { method: 'POST', headers, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    await stillWorks();
  });

  it('T24: takes up no compression, inflates no body, and holds no more of a message in pieces than one may have', async () => {
    const offering = new WebSocket(`${server.origin.replace('http', 'ws')}/api/socket`, { perMessageDeflate: true });
    await new Promise((resolve, reject) => offering.once('open', resolve).once('error', reject));
    expect(offering.extensions).toBe('');
    offering.terminate();

    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const headers = {
      authorization: `Bearer ${anna.accessToken}`,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    };
    const answer = await fetch(`${server.origin}/api/commands`, { method: 'POST', headers, body: bomb });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);

    using pieces = await RawSocket.live(server.origin, anna.accessToken);
    const piece = 'x'.repeat(8 * 1024);
    for (let sent = 0; sent <= LIMITS.frameUpBytes; sent += piece.length) pieces.ws.send(piece, { fin: false });
    const { code } = await pieces.end();
    expect([CLOSE.tooLarge, CLOSE.protocol, 1006, 1009]).toContain(code);
    await stillWorks();
  });

  it('T27: knows tokens by their bytes alone, so none that says how it wants to be checked is taken', async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = part({ sub: anna.account.id, exp: 4_000_000_000, iss: server.origin });
    const signed = (header: object, key: string): string => {
      const text = `${part(header)}.${claims}`;
      return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
    };
    const forged = [
      `${part({ alg: 'none', typ: 'JWT' })}.${claims}.`,
      signed({ alg: 'HS256', typ: 'JWT' }, ''),
      signed({ alg: 'HS256', kid: '../../../../dev/null' }, ''),
      signed({ alg: 'HS256', jku: 'https://evil.example/keys' }, 'evil'),
      anna.accessToken.toUpperCase(),
      `${anna.accessToken} `.repeat(2).trim(),
      anna.refreshToken,
    ];
    for (const token of forged) {
      const answer = await fetch(`${server.origin}/api/snapshot`, { headers: { authorization: `Bearer ${token}` } });
      expect([token.slice(0, 12), answer.status]).toEqual([token.slice(0, 12), 401]);
    }
    await stillWorks();
  });
});
