import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { runServer } from './main.ts';
import { SocketClient } from './testing/socket-client.ts';
import { TestServer } from './testing/test-server.ts';

const data = mkdtempSync(path.join(tmpdir(), 'skerry-main-'));
afterAll(() => rmSync(data, { recursive: true }));

function program(argv: readonly string[], environment: Record<string, string> = {}) {
  const said = { out: '', err: '' };
  const stdin = new PassThrough();
  const ended = runServer({
    argv: ['--data', data, '--client', 'none', '--log-level', 'silent', ...argv],
    environment,
    stdin,
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
  });
  return { said, stdin, ended };
}

describe('the serve program', () => {
  it('says where it listens in one line, its code before that, and ends with its stdin', async () => {
    const { said, stdin, ended } = program(['--port', '0', '--json'], { SKERRY_STOP_WITH_STDIN: '1' });
    await expect.poll(() => said.out, { timeout: 10_000 }).toContain('listening');
    const lines = said.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { event: 'setup', code: expect.stringMatching(/^\w{4}(-\w{4}){3}$/) },
      { event: 'listening', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), words: expect.any(Array) },
    ]);
    const { url, words } = lines[1] as { url: string; words: string[] };
    expect(words).toHaveLength(6);
    expect((await fetch(`${url}/api/health`)).status).toBe(200);
    stdin.end();
    expect(await ended).toBe(0);
    await expect(fetch(`${url}/api/health`)).rejects.toThrow();
  });

  it('speaks to people without --json', async () => {
    const { said, stdin, ended } = program(['--port', '0'], { SKERRY_STOP_WITH_STDIN: '1' });
    await expect.poll(() => said.out, { timeout: 10_000 }).toContain('listens on http://127.0.0.1:');
    expect(said.out).toMatch(/Six words of this server: (\w+ ){5}\w+/);
    expect(said.out).toContain('set-up code');
    stdin.end();
    expect(await ended).toBe(0);
  });

  it('ends with 2 and a sentence for a wrong command line', async () => {
    const { said, ended } = program(['--prot', '1']);
    expect([await ended, said.err, said.out]).toEqual([2, 'There is no flag --prot.\n', '']);
  });

  it('ends with 1 and a sentence for a port that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const { said, ended } = program(['--port', String(port)]);
    expect([await ended, said.err]).toEqual([
      1,
      `Port ${port} on 127.0.0.1 is already taken by another program. Choose another with --port.\n`,
    ]);
    taken.close();
    // Nothing is held any more: the same folder can be used at once.
    const again = program(['--port', '0', '--json'], { SKERRY_STOP_WITH_STDIN: '1' });
    await expect.poll(() => again.said.out, { timeout: 10_000 }).toContain('listening');
    again.stdin.end();
    expect(await again.ended).toBe(0);
  });

  it('ends with 1 and a sentence for data that another server works in', async () => {
    await using running = await TestServer.start({ data });
    const { said, ended } = program(['--port', '0']);
    expect([await ended, said.err]).toEqual([
      1,
      `The data in ${data} is in use by a server that is running. Stop it first, or give another folder with --data.\n`,
    ]);
    expect((await fetch(`${running.running.url}/api/health`)).status).toBe(200);
  });
});

describe('a server that stops', () => {
  it('finishes the requests under way, takes no new ones, and closes its sockets with 4503', async () => {
    await using server = await TestServer.start();
    const ada = await server.register('ada');
    const general = (await server.ask('snapshot', { token: ada.accessToken })).channels[0]?.channel.id;
    using socket = await SocketClient.open(`${server.running.url.replace('http', 'ws')}/api/socket`);
    await socket.signIn(ada.accessToken);
    const sends = Array.from({ length: 20 }, (_, i) =>
      server.run(ada, { kind: 'message.send', channel: general as never, text: `last ${i}`, replyTo: null }),
    );
    const stopped = server.stop();
    const outcomes = await Promise.allSettled(sends);
    await stopped;
    expect((await socket.closed).code).toBe(4503);
    await server.start();
    const page = await server.ask('messages', { token: ada.accessToken, params: { channelId: String(general) } });
    const answered = outcomes.flatMap((outcome, i) =>
      outcome.status === 'fulfilled' && outcome.value.status === 200 ? [`last ${i}`] : [],
    );
    expect(page.messages.map(({ text }) => text)).toEqual(expect.arrayContaining(answered));
  });
});
