import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { AccountId, ChannelId, SessionId } from '@skerry/protocol';
import { parseConfig, parts, seedServer, startServer } from '@skerry/server';
import { WebSocketServer } from 'ws';
import { tell } from '../shared/child.ts';
import { newId } from '../shared/people.ts';
import { TempFolder } from '../shared/temp-folder.ts';
import type { FromServer, Kind } from './message.ts';

/** A server whose sockets have nothing to do: a whole Skerry server, or `ws` with an empty listener. */

const ACCOUNTS = 30;
const SESSIONS_EACH = 180;

const say = (message: FromServer): void => tell(message);

function serveBare(): void {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.on('message', () => undefined));
  server.listen(0, '127.0.0.1', 4_096, () =>
    say({ kind: 'ready', port: (server.address() as AddressInfo).port, tokens: [] }),
  );
}

async function serveSkerry(): Promise<void> {
  const folder = new TempFolder();
  const data = path.join(folder.path, 'data');
  const at = Date.now();
  const accounts = Array.from({ length: ACCOUNTS }, (_, i) => ({
    id: newId<AccountId>(),
    username: `p${i}`,
    displayName: `P ${i}`,
    role: i === 0 ? ('owner' as const) : ('member' as const),
    at,
  }));
  await seedServer({
    data,
    name: 'Bench',
    description: '',
    password: 'a password of the benchmark',
    seed: { firstChannel: { id: newId<ChannelId>(), name: 'general', at }, accounts, steps: [] },
  });
  const tokens = await signInEverywhere(path.join(data, 'skerry.db'), accounts);
  const flags = ['--port', '0', '--data', data, '--client', 'none', '--rate-scale', '100000', '--log-level', 'error'];
  const server = await startServer(parseConfig(flags, {}));
  process.once('SIGTERM', () => {
    void server.stop().then(() => {
      folder[Symbol.dispose]();
      process.exit(0);
    });
  });
  say({ kind: 'ready', port: server.port, tokens });
}

/** Sessions without the cost of a password each. @returns an access token of each */
async function signInEverywhere(file: string, accounts: readonly { id: AccountId }[]): Promise<string[]> {
  await using db = await parts.Database.open({ file, faults: parts.NO_FAULTS, onBug: rethrow, onDeath: rethrow });
  const tokens: string[] = [];
  for (const { id } of accounts) {
    const known = await db.read('auth.credentials', { account: id });
    if (known === null) throw new Error('an account is missing');
    for (let i = 0; i < SESSIONS_EACH; i++) {
      const token = randomBytes(32).toString('base64url');
      tokens.push(token);
      const session = {
        id: newId<SessionId>(),
        device: 'bench',
        refreshHash: randomBytes(32).toString('base64url'),
        accessHash: createHash('sha256').update(token).digest('base64url'),
        accessExpiresAt: Date.now() + 3_600_000,
      };
      await db.write('auth.signIn', { account: id, passwordHash: known.passwordHash, session });
    }
  }
  return tokens;
}

process.on('message', () => {
  globalThis.gc?.();
  setTimeout(() => {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    say({ kind: 'settled', heap: heapUsed, resident: rss });
  }, 500);
});
if ((process.argv[2] as Kind) === 'ws') serveBare();
else await serveSkerry();

function rethrow(error: unknown): never {
  throw error;
}
