import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseLink, SkerryError } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { SKERRY } from './json-run.ts';
import { Person } from './person.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-pair-'));
const config = path.join(top, 'config');
let server: SpawnedServer;
let ada: Person;

beforeAll(async () => {
  server = await SpawnedServer.start({ args: ['--client', 'none', '--machines', 'on'] });
  ada = await Person.register(server, 'ada');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(top, { recursive: true });
});

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

function skerry(...argv: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [SKERRY, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

const pairing = (where: string, ...flags: string[]) =>
  new PseudoTerminal([
    'pair',
    '--server',
    server.origin,
    '--config',
    path.join(top, where),
    '--secrets',
    'file',
    ...flags,
  ]);
const linkIn = ({ out }: PseudoTerminal): string => /http\S+\/l\/terminal#\S+/.exec(out)?.[0] ?? '';

describe('skerry pair', () => {
  it('shows a code that a phone reads, then the words and digits that the person sees, and is a machine with keys of its own (S2.2, S2.4, M-3 to M-6)', async () => {
    await using terminal = pairing('config', '--label', 'studio');
    await terminal.says('Ctrl-C takes it back.');
    expect(terminal.out).toContain(server.words.join(' '));
    expect(terminal.out).toMatch(/[█▀▄]{20}/);
    expect(parseLink(linkIn(terminal))).toMatchObject({ ok: true, link: { kind: 'terminal', server: server.origin } });
    await ada.claim(linkIn(terminal));
    const { words, digits } = await ada.code();
    await terminal.says('press Ctrl-C');
    expect(terminal.out).toContain(`    ${words.join(' ')} ${digits}`);
    expect(terminal.out).toContain('ada took the code.');
    terminal.type('yes\n');
    const number = await ada.approve();
    expect(await terminal.ended).toBe(0);
    expect(terminal.out).toContain(`This computer is now machine ${number} of ada`);
    const [machine] = (await ada.machines()).machines;
    expect(machine).toMatchObject({ device: number, label: 'studio', program: 'skerry 0.1.0', joined: true });

    const folder = path.join(config, 'servers');
    const files = readdirSync(folder);
    expect(files).toHaveLength(2);
    for (const file of files) expect(statSync(path.join(folder, file)).mode & 0o777, file).toBe(0o600);
    const secret = readFileSync(path.join(folder, files.find((file) => file.endsWith('.secret')) ?? ''), 'utf8');
    const { signing, refreshToken } = JSON.parse(secret) as Record<string, string>;
    // Neither the terminal nor the file that is not secret shows what is.
    const open = readFileSync(path.join(folder, files.find((file) => file.endsWith('.json')) ?? ''), 'utf8');
    for (const hidden of [signing, refreshToken]) expect(terminal.out + open).not.toContain(hidden);
  });

  it('is in the status, and found in order by the doctor', async () => {
    const status = await skerry('status', '--config', config, '--json');
    expect(JSON.parse(status.out)).toMatchObject({
      config,
      servers: [{ origin: server.origin, username: 'ada' }],
      runs: [],
      asks: 0,
    });
    const { code, out } = await skerry('doctor', '--config', config);
    expect([code, out]).toEqual([0, expect.stringMatching(/fine {3}http:\S+: It is the server of the pairing/)]);
    expect(await skerry('pair', '--server', server.origin, '--config', config)).toMatchObject({
      code: 1,
      err: 'This computer is a machine of ada there already. See: skerry logout --help\n',
    });
  });

  it('does not take the place of another server that has the same id, and touches nothing of it (S2.26, T8)', async () => {
    const [own, twin] = ['config', 'twin'].map((name) => path.join(top, name, 'servers'));
    mkdirSync(twin ?? '', { recursive: true, mode: 0o700 });
    chmodSync(path.join(top, 'twin'), 0o700);
    const name = readdirSync(own ?? '').find((file) => file.endsWith('.json')) ?? '';
    const kept = JSON.parse(readFileSync(path.join(own ?? '', name), 'utf8')) as object;
    const other = JSON.stringify({ ...kept, origin: 'https://other.example', serverKey: 'A'.repeat(43) });
    writeFileSync(path.join(twin ?? '', name), other);
    const config = path.join(top, 'twin');
    const { code, out, err } = await skerry('pair', '--server', server.origin, '--config', config);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('https://other.example');
    expect(readFileSync(path.join(twin ?? '', name), 'utf8')).toBe(other);
  }, 15_000);

  it('takes no for an answer', async () => {
    await using terminal = pairing('denied');
    await terminal.says('Ctrl-C takes it back.');
    await ada.claim(linkIn(terminal));
    await ada.deny();
    await terminal.says('It was refused on the other device.');
    expect(await terminal.ended).toBe(1);
    expect(readdirSync(path.join(top, 'denied'))).toEqual([]);
  });

  it('is nobody’s machine by a yes from afar alone: who saw the code can take it, not this computer (T5, T6)', async () => {
    await using terminal = pairing('photographed');
    await terminal.says('Ctrl-C takes it back.');
    await ada.claim(linkIn(terminal));
    await ada.code();
    await terminal.says('Type yes if it does');
    const number = await ada.approve();
    terminal.type('maybe\n');
    await terminal.says('Type yes or no.');
    // A poll or two later it has seen the approval.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const before = (await ada.machines()).machines.find(({ device }) => device === number);
    expect(before).toMatchObject({ joined: false });
    terminal.type('no\n');
    await terminal.says('The code was taken back.');
    expect(await terminal.ended).toBe(1);
    expect(readdirSync(path.join(top, 'photographed'))).toEqual([]);
    expect((await ada.machines()).machines.find(({ device }) => device === number)?.removed ?? true).toBe(true);
  });

  it('takes the code back where nobody can be asked, unless it was told not to ask', async () => {
    const program = spawn(
      process.execPath,
      [
        ...[SKERRY, 'pair', '--server', server.origin, '--config', path.join(top, 'nobody')],
        ...['--secrets', 'file', '--json'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [out, err] = ['', ''];
    program.stderr.on('data', (part: Buffer) => (err += part.toString()));
    const link = new Promise<string>((resolve) =>
      program.stdout.on('data', (part: Buffer) => {
        out += part.toString();
        const found = /"link":"([^"]+)"/.exec(out)?.[1];
        if (found !== undefined) resolve(found);
      }),
    );
    const ended = new Promise((resolve) => program.once('close', resolve));
    await ada.claim(await link);
    await ada.code().catch(() => undefined);
    expect(await ended).toBe(1);
    expect(err).toContain('Nobody at this computer said that both screens show the same');
  });

  it('takes the code back with Ctrl-C, after which nobody can take it (T6)', async () => {
    await using terminal = pairing('withdrawn');
    await terminal.says('Ctrl-C takes it back.');
    terminal.type('\u0003');
    await terminal.says('The code was taken back.');
    expect(await terminal.ended).toBe(1);
    const refused = await ada.claim(linkIn(terminal)).catch((error: unknown) => error);
    expect(refused instanceof SkerryError && refused.code).toBe('code_invalid');
  });

  it('does not become a machine by an approval that is sealed for another account (T4)', async () => {
    await using terminal = pairing('mixed');
    await terminal.says('Ctrl-C takes it back.');
    await ada.claim(linkIn(terminal));
    await ada.code();
    await ada.approve({ account: '0198c5a0-0000-7000-8000-000000000000' });
    await terminal.says('The approval is for another server or account.');
    expect(await terminal.ended).toBe(1);
    expect(readdirSync(path.join(top, 'mixed'))).toEqual([]);
  });

  it('loses no token when it is cut off between fetching and keeping it: whoever starts next finishes, in time (M-6)', async () => {
    const folder = path.join(top, 'cut', 'servers');
    const { serverId } = await call(server.origin, 'info');
    // Where the secret is to be written something else lies.
    const obstacle = path.join(folder, `${serverId}.secret.draft`);
    mkdirSync(obstacle, { recursive: true });
    for (const one of [path.dirname(folder), folder]) chmodSync(one, 0o700);
    await using terminal = pairing('cut');
    await terminal.says('Ctrl-C takes it back.');
    await ada.claim(linkIn(terminal));
    await ada.code();
    terminal.type('yes\n');
    const number = await ada.approve();
    expect(await terminal.ended).toBe(1);
    const pending = path.join(folder, `${serverId}.pending`);
    expect(statSync(pending).mode & 0o777).toBe(0o600);
    rmSync(obstacle, { recursive: true });
    await using agent = new PseudoTerminal(['agent', '--config', path.dirname(folder), '--root', top]);
    await agent.says(`is finished now: machine ${number} of ada`);
    // This person's device says in its approval that there is a list which never was.
    await agent.says(`${server.origin} (ada): refused: the list of devices does not follow`);
    agent.type('\u0003');
    expect(await agent.ended).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([`${serverId}.json`, `${serverId}.secret`]);
  });

  it('refuses the codes of other programs, addresses that others could read along with, and servers without machines', async () => {
    const refused = async (given: string) => skerry('pair', '--server', given, '--config', path.join(top, 'refused'));
    await using other = await SpawnedServer.start({ args: ['--client', 'none', '--machines', 'off'] });
    const [happy, open, away, without] = await Promise.all(
      ['happy://terminal?key=abc', 'http://chat.example.org', 'http://127.0.0.1:1', other.origin].map(refused),
    );
    expect(happy).toMatchObject({
      code: 2,
      err: expect.stringContaining('would hand over your master secret') as unknown,
    });
    expect(open).toMatchObject({
      code: 2,
      err: expect.stringContaining('could read along') as unknown,
    });
    expect(away).toMatchObject({ code: 1, err: '127.0.0.1:1 is out of reach.\n' });
    expect(without).toMatchObject({
      code: 1,
      err: expect.stringContaining('takes no machines') as unknown,
    });
  });

  it('logs out: the session is over on the server and the keys are gone here; without the server only when told so', async () => {
    const folder = path.join(config, 'servers');
    const secret = readdirSync(folder).find((file) => file.endsWith('.secret')) ?? '';
    const { refreshToken } = JSON.parse(readFileSync(path.join(folder, secret), 'utf8')) as { refreshToken: string };
    await server.kill();
    const cut = await skerry('logout', '--all', '--config', config);
    expect([cut.code, cut.err]).toEqual([1, expect.stringContaining('out of reach. Nothing was forgotten')]);
    expect((await skerry('doctor', '--config', config)).code).toBe(1);
    await server.start();
    expect(await skerry('logout', '--server', server.origin, '--config', config)).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(folder)).toEqual([]);
    const used = await call(server.origin, 'refresh', { body: { refreshToken } }).catch((error: unknown) => error);
    expect(used).toBeInstanceOf(SkerryError);
    expect(await skerry('logout', '--all', '--config', config)).toMatchObject({
      code: 1,
      err: 'This computer is not paired with that.\n',
    });
  });
});
