import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createNodePlatform } from '@skerry/core/node';
import { mintExchangeCode, seedServer } from '@skerry/server';
import { HubServer } from '../hub-server.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal } from '../verb.ts';
import { chatter } from './chatter.ts';
import { ChildServer } from './child-server.ts';
import { listenToKeys } from './keys.ts';
import { HARBOUR } from './life/harbour.ts';
import { LIGHTHOUSE } from './life/lighthouse.ts';
import type { Place } from './life/place.ts';
import { type DemoPorts, requireFree } from './ports.ts';
import { StatusLine } from './status-line.ts';

export type DemoOptions = {
  readonly ports: DemoPorts;
  readonly data: string;
  /** Folder of the built client. */
  readonly client: string;
  readonly fresh: boolean;
  readonly quiet: boolean;
};

/** Who opens the page under which name for this machine: to a browser these are two places, with storage of their own. */
const VISITORS: Readonly<Record<string, string>> = { localhost: 'ada', '127.0.0.1': 'ben' };
const PASSWORD = 'safe-harbour';
/** Says that a folder was filled to the end. */
const FILLED = '.filled';

/**
 * Two servers and the client, with people on both. Runs until it is told to stop.
 * @throws StartError with a sentence for the person
 */
export async function runDemo({ ports, data, client, fresh, quiet }: DemoOptions, terminal: Terminal): Promise<void> {
  await requireFree(ports);
  if (fresh) rmSync(data, { recursive: true, force: true });
  const homes = [
    { place: HARBOUR, port: ports.harbour, folder: path.join(data, 'harbour') },
    { place: LIGHTHOUSE, port: ports.lighthouse, folder: path.join(data, 'lighthouse') },
  ];
  for (const { place, folder } of homes) await fill(place, folder, terminal);

  const exchangeKey = randomBytes(32).toString('base64url');
  const { environment } = terminal;
  const status = new StatusLine(terminal.stdout, () =>
    servers.map(({ name, state }, at) => ({ key: String(at + 1), name, state })),
  );
  const servers = homes.map(
    ({ place, port, folder }) =>
      new ChildServer(
        { name: place.name, port, data: folder, logFile: `${folder}.log`, exchangeKey, environment },
        () => status.update(),
      ),
  );
  const codeFor = ({ serverId }: ChildServer, username: string) =>
    mintExchangeCode({ serverId, username, key: exchangeKey, now: Date.now() });
  const welcome = (hostname: string) => {
    const username = VISITORS[hostname];
    return username === undefined
      ? []
      : servers.map((server) => ({
          origin: server.origin,
          serverId: server.serverId,
          key: server.key,
          code: codeFor(server, username),
          username,
        }));
  };

  const stopped = stopSignal();
  const talking = new AbortController();
  // One listener for each of a dozen people.
  setMaxListeners(0, talking.signal);
  const talks: Promise<void>[] = [];
  try {
    await Promise.all(servers.map((server) => server.start()));
    // Last: whoever opens the page finds both servers there.
    await using _hub = await HubServer.start({ folder: client, port: ports.client, host: '127.0.0.1', welcome });
    terminal.stdout.write(greeting(ports, servers));
    if (!quiet) {
      const platform = createNodePlatform({ storage: path.join(data, 'residents'), deviceLabel: 'Demo' });
      for (const [at, server] of servers.entries()) {
        const { place } = homes[at] ?? { place: HARBOUR };
        const code = (username: string) => (server.state === 'running' ? codeFor(server, username) : undefined);
        talks.push(chatter({ place, platform, origin: server.origin, codeFor: code, signal: talking.signal }));
      }
    }
    status.show();
    await Promise.race([stopped, listenToKeys(terminal.stdin, (key) => onKey(key, servers, status))]);
  } finally {
    status.hide();
    talking.abort();
    await Promise.all([...talks, ...servers.map((server) => server.stop())]);
  }
  terminal.stdout.write('Both servers are stopped; what was said in them is kept.\n');
}

/** Gives a new server its past. One that was left half filled is begun again. */
async function fill(place: Place, folder: string, { stderr }: Terminal): Promise<void> {
  const mark = path.join(folder, FILLED);
  if (existsSync(mark)) return;
  stderr.write(`Filling ${place.name} with some life.\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await seedServer({
    data: folder,
    name: place.name,
    description: place.description,
    password: PASSWORD,
    seed: place.life(Date.now()),
  });
  writeFileSync(mark, '');
}

function onKey(key: string, servers: readonly ChildServer[], status: StatusLine): 'more' | 'enough' {
  if (key === 'q') return 'enough';
  const server = servers[Number(key) - 1];
  if (server?.state === 'running') void server.stop();
  else if (server?.state === 'stopped')
    server.start().catch((error: unknown) => status.say(error instanceof Error ? error.message : String(error)));
  return 'more';
}

function greeting(ports: DemoPorts, servers: readonly ChildServer[]): string {
  const width = Math.max(...servers.map(({ name }) => name.length));
  return [
    '',
    `  Open    http://localhost:${ports.client}/   as Ada, signed in to both servers`,
    `  and     http://127.0.0.1:${ports.client}/   as Ben, another person with storage of their own`,
    '',
    ...servers.map(({ name, origin, words }) => `  ${name.padEnd(width)}  ${origin}   ${words.join(' ')}`),
    '',
    `  Everybody’s password: ${PASSWORD}`,
    '  Stop one server and watch the other stay live: keys 1 and 2. q quits.',
    '',
    '',
  ].join('\n');
}
