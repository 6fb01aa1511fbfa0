import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDriver } from '../db/driver.ts';
import { Statements } from '../db/statements.ts';
import { StartError } from '../start-error.ts';
import { startAssistants, TestRunner } from '../testing/assistant-scene.ts';
import type { SignedInTester, TestServer } from '../testing/test-server.ts';
import { discordRest, StandIn } from '../testing/web-stand-ins.ts';
import { StoredSecrets } from './stored-secrets.ts';

const TOKENS = { ada: 'bot-token-of-ada.0123456789', ben: 'bot-token-of-ben.0123456789' };
const bot = (n: number) => ({ id: `40000000000000000${n}`, name: `bot ${n}`, guilds: [] });
const MODEL = { endpoint: 'http://127.0.0.1:9/v1', model: 'own', tokensPerDay: null };

let discord: StandIn;
let server: TestServer;
let people: Record<'ada' | 'ben', SignedInTester>;
let runner: TestRunner;

beforeAll(async () => {
  discord = await StandIn.start(discordRest({ [TOKENS.ada]: bot(1), [TOKENS.ben]: bot(2) }));
  server = await startAssistants({ discordApi: discord.url });
  people = { ada: await server.register('ada'), ben: await server.register('ben', null) };
  for (const name of ['ada', 'ben'] as const) {
    const token = people[name].accessToken;
    await server.ask('connectBot', { token, body: { token: TOKENS[name] } });
    await server.ask('setAssistantModel', { token, body: { ...MODEL, key: `key-of-${name}` } });
  }
  runner = await new TestRunner().register(server, people.ada);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await discord[Symbol.asyncDispose]();
});

const keyFile = () => path.join(server.data, 'assistants.key');
const unopened = () =>
  server.logged.flatMap((line) => {
    const { event, count, level } = JSON.parse(line) as { event: string; count?: number; level: string };
    return event === 'assistants_key_does_not_open' ? [`${level} ${count}`] : [];
  });
/** Whose tokens a runner is told, opened. */
async function told(): Promise<string[]> {
  await runner.signIn(server);
  const { tokens } = await server.ask('runnerTokens', { token: runner.token });
  return tokens.map((one) => runner.open(server, one)).sort();
}
async function shown(name: 'ada' | 'ben') {
  const token = people[name].accessToken;
  const { connected } = await server.ask('discordStatus', { token });
  const { hasKey } = await server.ask('assistantModel', { token });
  const guilds = await server.call('discordGuilds', { token });
  const { error } = guilds.body as { error?: { message: string } };
  return { connected, bot: (await server.ask('discordBot', { token })).bot?.botName, hasKey, said: error?.message };
}
const OPEN = (n: number) => ({ connected: true, bot: `bot ${n}`, hasKey: true, said: undefined });
const SHUT = {
  connected: false,
  bot: undefined,
  hasKey: false,
  said: 'This server can no longer open the token of your bot. Connect the bot again.',
};
async function inDatabase<T>(act: (db: Statements) => T): Promise<T> {
  const driver = await openDriver(path.join(server.data, 'skerry.db'), 'write');
  try {
    return act(new Statements(driver));
  } finally {
    driver.close();
  }
}

describe('the key of bot tokens and keys of models (T36, A-2)', () => {
  it('opens nothing that was moved to another row: not another account’s, not another token’s, not another use', async () => {
    const id = (name: 'ada' | 'ben') => people[name].account.id;
    type Cells = { id: string; token: Uint8Array };
    const botOf = (db: Statements, name: 'ada' | 'ben') =>
      db.get<Cells>('SELECT id, token FROM discord_bots WHERE account_id = ?', id(name));
    const put = (db: Statements, { id: row, token }: Cells) =>
      db.run('UPDATE discord_bots SET token = ?, id = ? WHERE account_id = ?', token, row, id('ada'));
    const [ada, ben, key] = await inDatabase((db) => [
      botOf(db, 'ada'),
      botOf(db, 'ben'),
      db.get<Cells>('SELECT id, api_key AS token FROM assistant_models WHERE account_id = ?', id('ada')),
    ]);
    if (ada === undefined || ben === undefined || key === undefined) throw new Error('nothing is kept');
    const moves: Record<string, Cells> = {
      'of another account': { ...ada, token: ben.token },
      'of another row': { ...ada, id: '0190a0b0-0000-7000-8000-000000000000' },
      'of another use': key,
      'with another bit': { ...ada, token: ada.token.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) },
      'cut off': { ...ada, token: ada.token.slice(0, 20) },
    };
    for (const [what, moved] of Object.entries(moves)) {
      await inDatabase((db) => put(db, moved));
      expect([what, (await shown('ada')).connected, await told()]).toEqual([what, false, [TOKENS.ben]]);
    }
    await inDatabase((db) => put(db, ada));
    expect([await shown('ada'), await told()]).toEqual([OPEN(1), [TOKENS.ada, TOKENS.ben]]);
  });

  it('damaged or unreadable: the server does not start, says which file, and leaves it as it is', async () => {
    await server.stop();
    const key = readFileSync(keyFile(), 'utf8');
    for (const damaged of ['', 'nonsense', key.slice(0, 20), `${key.trim()}AAAA`]) {
      writeFileSync(keyFile(), damaged);
      expect(() => StoredSecrets.load(server.data), damaged).toThrow(StartError);
      expect(readFileSync(keyFile(), 'utf8')).toBe(damaged);
    }
    await expect(server.start()).rejects.toThrow(/assistants\.key is damaged\. Put its backup in place/);
    rmSync(keyFile());
    mkdirSync(keyFile());
    expect(() => StoredSecrets.load(server.data)).toThrow(/assistants\.key cannot be read/);
    rmSync(keyFile(), { recursive: true });
    // Left open to others, it is closed.
    writeFileSync(keyFile(), key, { mode: 0o644 });
    await server.start();
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect([await told(), unopened()]).toEqual([[TOKENS.ada, TOKENS.ben], []]);
  });

  it('missing or another one: it is said to the operator and to whom it concerns, nothing is lost, and its backup opens all', async () => {
    expect(await told()).toEqual([TOKENS.ada, TOKENS.ben]);
    await server.stop();
    renameSync(keyFile(), `${keyFile()}.kept`);
    await server.start();
    await expect.poll(unopened).toEqual(['error 4']);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect([await shown('ada'), await shown('ben'), await told()]).toEqual([SHUT, SHUT, []]);
    // Connecting again is all it takes.
    const token = people.ada.accessToken;
    await server.ask('connectBot', { token, body: { token: TOKENS.ada } });
    await server.ask('setAssistantModel', { token, body: { ...MODEL, key: 'another' } });
    expect([await shown('ada'), await shown('ben'), await told()]).toEqual([OPEN(1), SHUT, [TOKENS.ada]]);
    await server.stop();
    copyFileSync(`${keyFile()}.kept`, keyFile());
    await server.start();
    // What the first key sealed is there as it was; what another one sealed is not.
    await expect.poll(unopened).toEqual(['error 4', 'error 2']);
    expect([await shown('ada'), await shown('ben'), await told()]).toEqual([SHUT, OPEN(2), [TOKENS.ben]]);
  });
});

describe('a ciphertext', () => {
  it('is another one each time, and opens for its use, account and row alone', () => {
    const secrets = new StoredSecrets(new Uint8Array(32).fill(7));
    const place = { use: 'bot', account: 'a', row: 'r' } as const;
    const sealed = secrets.seal('secret', place);
    expect(secrets.open(sealed, place)).toBe('secret');
    expect(secrets.seal('secret', place)).not.toEqual(sealed);
    for (const other of [{ use: 'model' }, { account: 'b' }, { row: 's' }, { account: 'ar', row: '' }] as const)
      expect(secrets.open(sealed, { ...place, ...other })).toBeUndefined();
    expect(new StoredSecrets(new Uint8Array(32)).open(sealed, place)).toBeUndefined();
    for (let at = 0; at < sealed.length; at++)
      expect(
        secrets.open(
          sealed.map((byte, i) => (i === at ? byte ^ 1 : byte)),
          place,
        ),
      ).toBeUndefined();
  });
});
