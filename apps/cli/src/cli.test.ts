import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseLink } from '@skerry/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { Program } from './testing/program.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'skerry-cli-'));
const client = path.join(folder, 'client');
mkdirSync(client);
writeFileSync(
  path.join(client, 'index.html'),
  '<meta name="skerry-mode" content="hub"><meta name="skerry-welcome" content="">',
);
afterAll(() => rmSync(folder, { recursive: true }));

const VERBS = [
  'serve',
  'hub',
  'pair',
  'run',
  'mcp',
  'answer',
  'status',
  'logout',
  'doctor',
  'demo',
  'backup',
  'restore',
  'reset-password',
  'rotate-key',
  'import-assistants',
];

describe('skerry', () => {
  it('tells what it can do', async () => {
    const { code, out } = await Program.run('--help');
    expect(code).toBe(0);
    for (const verb of VERBS) expect(out).toContain(`  ${verb} `);
    expect((await Program.run()).code).toBe(2);
  });

  it.each(VERBS)('%s has a help of its own, and refuses a flag it does not know', async (verb) => {
    const [help, wrong] = await Promise.all([Program.run(verb, '--help'), Program.run(verb, '--nonsense', 'x')]);
    expect([help.code, help.err]).toEqual([0, '']);
    expect(help.out).toContain(`skerry ${verb} `);
    expect([wrong.code, wrong.out]).toEqual([2, '']);
    expect(wrong.err).toContain('There is no flag --nonsense.');
  });

  it('knows no other command', async () => {
    for (const name of ['fly', '__proto__', 'constructor']) {
      const { code, err } = await Program.run(name);
      expect([code, err.split('\n')[0]]).toEqual([2, `There is no command "${name}".`]);
    }
  });
});

describe('a server by hand', () => {
  const data = path.join(folder, 'data');
  const file = path.join(folder, 'backup');

  it('is served, backed up while it runs, restored, and given codes and keys', async () => {
    await using server = new Program([
      'serve',
      '--port',
      '0',
      '--data',
      data,
      '--name',
      'By hand',
      '--json',
      '--client',
      'none',
    ]);
    const [, url = ''] = await server.says(/"url":"([^"]+)"/);
    const [, code = ''] = await server.says(/"event":"setup","code":"([^"]+)"/);
    const body = JSON.stringify({
      username: 'ada',
      password: 'a long password',
      displayName: 'Ada',
      device: 'Test',
      code,
    });
    const registered = await fetch(`${url}/api/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(registered.status).toBe(200);

    expect(await Program.run('backup', '--data', data, '--to', file)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`Wrote ${file}`),
    });
    const busy = await Program.run('restore', '--data', data, '--from', file);
    expect([busy.code, busy.err]).toEqual([1, expect.stringContaining('in use by a server that is running')]);
    const reset = await Program.run(
      'reset-password',
      '--data',
      data,
      '--user',
      'ada',
      '--origin',
      'https://chat.example.org',
    );
    const link = parseLink(/https:\S+/.exec(reset.out)?.[0] ?? '');
    expect([reset.code, link]).toEqual([
      0,
      { ok: true, link: expect.objectContaining({ kind: 'reset', code: expect.stringMatching(/^[\w-]{43}$/) }) },
    ]);
    expect(await Program.run('reset-password', '--data', data, '--user', 'eve')).toMatchObject({
      code: 1,
      err: 'There is no account "eve" on this server.\n',
    });
    expect(await Program.run('reset-password', '--data', data)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--user is needed.'),
    });

    expect((await server.stop()).code).toBe(0);
    expect(await Program.run('restore', '--data', data, '--from', file)).toMatchObject({
      code: 0,
      out: expect.stringContaining('What was there before is now'),
    });
    const rotated = await Program.run('rotate-key', '--data', data);
    expect([rotated.code, rotated.out]).toEqual([0, expect.stringMatching(/Before: (\w+ ?){6}\nNow: +(\w+ ?){6}\n/)]);
    await using again = new Program(['serve', '--port', '0', '--data', data, '--json', '--client', 'none']);
    const [, words = ''] = await again.says(/"words":\[([^\]]+)\]/);
    expect(rotated.out).toContain(`Now:    ${(JSON.parse(`[${words}]`) as string[]).join(' ')}`);
    // The account came back with the data, so there is nothing to set up. (A word of the key may be "setup", too.)
    expect(again.out).toContain('"setupCode":null');
  });

  it('says it when there is nothing to work on', async () => {
    const empty = path.join(folder, 'empty');
    const tries = [['backup', '--to', file], ['reset-password', '--user', 'ada'], ['rotate-key']];
    const ended = await Promise.all(tries.map((argv) => Program.run(...argv, '--data', empty)));
    for (const [at, one] of ended.entries())
      expect(one, tries[at]?.[0]).toMatchObject({ code: 1, err: expect.stringContaining("no server's data") });
    expect(await Program.run('backup', '--data', empty)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--to is needed.'),
    });
  });
});

describe('the hub', () => {
  it('serves the client in hub mode and nothing else', async () => {
    await using hub = new Program(['hub', '--port', '0', '--client', client, '--json']);
    const [, url = ''] = await hub.says(/"url":"([^"]+)"/);
    const page = await fetch(url);
    expect(await page.text()).toBe('<meta name="skerry-mode" content="hub"><meta name="skerry-welcome" content="">');
    expect(page.headers.get('content-security-policy')).toContain('https: wss:');
    for (const [method, name] of [
      ['GET', '/api/health'],
      ['GET', '/welcome.json'],
      ['POST', '/'],
      ['GET', '/../cli.ts'],
    ])
      expect((await fetch(`${url}${name}`, { method: method ?? 'GET' })).status, name).toBe(404);
    expect((await hub.stop('SIGINT')).code).toBe(0);
  });

  it('says it when the port is taken or the client was never built', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    expect(await Program.run('hub', '--port', String(port), '--client', client)).toMatchObject({
      code: 1,
      err: `Port ${port} is already taken by another program.\n`,
    });
    taken.close();
    expect(await Program.run('hub', '--port', '0', '--client', folder)).toMatchObject({
      code: 1,
      err: expect.stringContaining('The client is not built yet'),
    });
  });
});
