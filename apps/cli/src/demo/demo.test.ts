import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Answer, type Health, mentionOf } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../testing/program.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'skerry-demo-'));
const client = path.join(folder, 'client');
mkdirSync(client);
writeFileSync(
  path.join(client, 'index.html'),
  '<meta name="skerry-mode" content="hub"><meta name="skerry-welcome" content="">',
);

type Welcome = { origin: string; serverId: string; key: string; code: string; username: string };
let port = 0;
let demo: Program;

/** Three free ports in a row. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 20_000);
    const servers: Server[] = [];
    try {
      for (const nth of [0, 1, 2]) servers.push(await listen(first + nth));
      return first;
    } catch {
      continue;
    } finally {
      for (const server of servers) server.close();
    }
  }
}

function listen(on: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(on, '127.0.0.1', () => resolve(server));
  });
}

const start = (...argv: string[]) =>
  new Program(['demo', '--data', path.join(folder, 'data'), '--client', client, ...argv], { PORT: String(port) });

beforeAll(async () => {
  port = await freePorts();
  demo = start('--quiet');
  await demo.says(/q quits/);
}, 60_000);
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** What the page at this name for the machine is given. */
function welcome(
  host: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; list: Welcome[]; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/welcome.json', headers: { host, ...headers } },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            list: response.statusCode === 200 ? (JSON.parse(text) as Welcome[]) : [],
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

async function enter({ origin, code }: Welcome) {
  const answer = await fetch(`${origin}/api/auth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, device: 'Test' }),
  });
  expect(answer.status).toBe(200);
  const { account, accessToken } = (await answer.json()) as Answer<'exchange'>;
  const read = async <N extends 'snapshot' | 'messages'>(at: string) =>
    (await (
      await fetch(`${origin}/api/${at}`, { headers: { authorization: `Bearer ${accessToken}` } })
    ).json()) as Answer<N>;
  return { account, snapshot: await read<'snapshot'>('snapshot'), read };
}

describe('the demo', () => {
  it('prints its addresses', () => {
    for (const address of [
      `http://localhost:${port}/`,
      `http://127.0.0.1:${port}/`,
      `http://127.0.0.1:${port + 1}`,
      `http://127.0.0.1:${port + 2}`,
    ])
      expect(demo.out).toContain(address);
    expect(demo.err).toBe('Filling Harbour with some life.\nFilling Lighthouse with some life.\n');
  });

  it('serves the client, which then knows where its welcome is', async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(page).toContain('name="skerry-welcome" content="/welcome.json"');
    expect(page).toContain('name="skerry-mode" content="hub"');
  });

  it.each([
    ['localhost', 'ada'],
    ['127.0.0.1', 'ben'],
  ])('signs %s in as %s on both servers, who finds mentions and a long channel', async (host, username) => {
    const { list } = await welcome(`${host}:${port}`);
    expect(list.map(({ origin, username: who }) => [origin, who])).toEqual([
      [`http://127.0.0.1:${port + 1}`, username],
      [`http://127.0.0.1:${port + 2}`, username],
    ]);
    const [harbour, lighthouse] = await Promise.all(list.map(enter));
    for (const [at, entered] of [harbour, lighthouse].entries()) {
      const { account, snapshot } = entered ?? { account: undefined, snapshot: undefined };
      const health = (await (await fetch(`${list[at]?.origin}/api/health`)).json()) as Health;
      expect(health).toMatchObject({ serverId: list[at]?.serverId, name: ['Harbour', 'Lighthouse'][at] });
      expect(account?.username).toBe(username);
      expect(snapshot?.accounts).toHaveLength(9);
      const unread = snapshot?.channels.filter((state) => state.unread > 0) ?? [];
      expect(unread.length).toBeGreaterThanOrEqual(3);
      const waiting =
        snapshot?.inbox.filter(
          ({ state, reason, message }) =>
            state === 'open' && reason === 'mention' && message.text.includes(mentionOf(account?.id ?? '')),
        ) ?? [];
      expect(waiting.length).toBeGreaterThanOrEqual(2);
      expect(snapshot?.channels.some(({ channel }) => channel.visibility === 'private')).toBe(true);
    }
    const long = lighthouse?.snapshot.channels.find(({ channel }) => channel.name === 'engineering');
    expect(long?.head).toBeGreaterThan(3_000);
    const page = await lighthouse?.read<'messages'>(`channels/${long?.channel.id}/messages?limit=100`);
    expect(page?.messages.filter(({ text }) => text.includes('```')).length).toBeGreaterThan(0);
    expect(
      (await enter((await welcome(`${host}:${port}`)).list[0] as Welcome)).account.username,
      'every load of the page has a code of its own',
    ).toBe(username);
  });

  it('welcomes no other page and no other name of this machine', async () => {
    expect((await welcome(`evil.example:${port}`)).status).toBe(403);
    expect((await welcome(`localhost:${port + 1}`)).status).toBe(403);
    expect((await welcome(`localhost:${port}`, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const { headers } = await welcome(`localhost:${port}`, { origin: 'https://evil.example' });
    expect([headers['access-control-allow-origin'], headers['cache-control']]).toEqual([undefined, 'no-store']);
  });

  it('says which ports are taken and how to move', async () => {
    const { code, err } = await start().ended;
    expect([code, err]).toEqual([
      1,
      `Ports ${port} and ${port + 1} and ${port + 2} are already taken by another program.\nMove all three with PORT, for example: PORT=${port + 100} npm start\n`,
    ]);
    expect((await new Program(['demo'], { PORT: 'http' }).ended).err).toBe(
      'PORT does not take "http"; it takes a whole number from 1 to 65533.\n',
    );
  });

  it('keeps what was said between two starts, and takes its servers with it', async () => {
    const [entry] = (await welcome(`localhost:${port}`)).list;
    const { snapshot } = await enter(entry as Welcome);
    expect((await demo.stop('SIGINT')).code).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port + 1}/api/health`)).rejects.toThrow();
    demo = start('--quiet');
    await demo.says(/q quits/);
    expect(demo.err).toBe('');
    const again = await enter((await welcome(`localhost:${port}`)).list[0] as Welcome);
    expect(again.snapshot.asOf).toEqual(snapshot.asOf);
    // Killed without a chance to tidy up, it leaves no server behind.
    await demo.stop('SIGKILL');
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port + 1}/api/health`).then(
            () => 'up',
            () => 'down',
          ),
        { timeout: 5_000 },
      )
      .toBe('down');
  }, 60_000);
});
