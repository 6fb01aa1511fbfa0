import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createNodePlatform } from '@skerry/core/node';
import { type AccountId, type Answer, type ChannelId, type CommandId } from '@skerry/protocol';
import { mintExchangeCode, parseConfig, type RunningServer, seedServer, startServer } from '@skerry/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Resident } from './resident.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'skerry-resident-'));
const data = path.join(folder, 'data');
const exchangeKey = 'k'.repeat(43);
const id = <Id extends string>(nth: number) => `01890000-0000-7000-8000-00000000000${nth}` as Id;
const general = id<ChannelId>(1);
const platform = createNodePlatform({ storage: path.join(folder, 'unused'), deviceLabel: 'Test' });
let port = 0;
let server: RunningServer | undefined;

async function start(): Promise<void> {
  const config = parseConfig(['--port', String(port), '--data', data, '--client', 'none', '--log-level', 'silent'], {
    SKERRY_EXCHANGE_KEY: exchangeKey,
  });
  server = await startServer(config);
  port = server.port;
}

async function stop(): Promise<void> {
  await server?.stop();
  server = undefined;
}

const codeFor = (username: string) =>
  server === undefined
    ? undefined
    : mintExchangeCode({ serverId: server.serverId, username, key: exchangeKey, now: Date.now() });

beforeAll(async () => {
  const at = Date.now() - 60_000;
  const person = (nth: number, username: string) => ({
    id: id<AccountId>(nth),
    username,
    displayName: username,
    role: 'member' as const,
    at,
  });
  await seedServer({
    data,
    name: 'Small',
    description: '',
    password: 'a long password',
    seed: {
      firstChannel: { id: general, name: 'general', at },
      accounts: [{ ...person(2, 'ada'), role: 'owner' }, person(3, 'lena')],
      steps: [
        {
          at,
          account: id(2),
          id: id<CommandId>(4),
          command: { kind: 'message.send', channel: general, text: 'long ago', replyTo: null },
        },
      ],
    },
  });
  await start();
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

/** What Ada sees in the channel. */
async function page(): Promise<Answer<'messages'>['messages']> {
  const origin = server?.url ?? '';
  const post = await fetch(`${origin}/api/auth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: codeFor('ada'), device: 'Test' }),
  });
  const { accessToken } = (await post.json()) as Answer<'exchange'>;
  const answer = await fetch(`${origin}/api/channels/${general}/messages`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  return ((await answer.json()) as Answer<'messages'>).messages;
}

describe('a seeded server', () => {
  it('has its past at the times it was given, and takes no second one', async () => {
    const [first] = await page();
    expect(first).toMatchObject({ text: 'long ago', author: id(2) });
    expect(Date.now() - (first?.at ?? 0)).toBeGreaterThan(50_000);
    await stop();
    const again = seedServer({
      data,
      name: 'Small',
      description: '',
      password: 'a long password',
      seed: { firstChannel: { id: id(5), name: 'other', at: 0 }, accounts: [], steps: [] },
    });
    await expect(again).rejects.toMatchObject({ code: 'limit_reached' });
    await start();
  });
});

describe('a resident', () => {
  it('is here while the server is, says what it should, and leaves when told', async () => {
    const leaving = new AbortController();
    const lena = new Resident({
      platform,
      origin: `http://127.0.0.1:${port}`,
      code: () => codeFor('lena'),
      signal: leaving.signal,
    });
    const life = lena.live();
    await expect.poll(() => lena.isHere, { timeout: 5_000 }).toBe(true);
    expect((await lena.snapshot())?.me.username).toBe('lena');
    lena.typing(general);
    lena.say(general, 'good morning');
    await expect.poll(async () => (await page()).at(-1)).toMatchObject({ text: 'good morning', author: id(3) });

    await stop();
    await expect.poll(() => lena.isHere, { timeout: 5_000 }).toBe(false);
    lena.say(general, 'to nobody');
    await start();
    await expect.poll(() => lena.isHere, { timeout: 10_000 }).toBe(true);
    expect((await page()).map(({ text }) => text)).toEqual(['long ago', 'good morning']);

    leaving.abort();
    await life;
    expect(lena.isHere).toBe(false);
  });
});
