import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { StartError } from '@skerry/server/command-line';
import { StaticSite } from '@skerry/server/static';

/** Hands each person of the page their one-time sign-ins; `undefined` for a host that is nobody's. */
export type Welcome = (hostname: string) => unknown;

export type HubOptions = {
  /** Folder of the built client. */
  readonly folder: string;
  readonly port: number;
  readonly host: string;
  /** `null` for a hub that knows nobody. */
  readonly welcome: Welcome | null;
};

const WELCOME_PATH = '/welcome.json';

/**
 * The client in hub mode: files and nothing else, on an origin that belongs to no server. Whoever opens it trusts this
 * origin with the keys to all their servers.
 */
export class HubServer implements AsyncDisposable {
  readonly port: number;
  readonly #servers: readonly Server[];

  private constructor(servers: readonly Server[], port: number) {
    this.#servers = servers;
    this.port = port;
  }

  /** @throws StartError when the port is taken or the client was never built */
  static async start({ folder, port, host, welcome }: HubOptions): Promise<HubServer> {
    const site = openSite(folder, welcome === null ? '' : WELCOME_PATH);
    let listeningOn = port;
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      if (welcome !== null && request.url === WELCOME_PATH)
        return sendWelcome({ request, response, welcome, port: listeningOn });
      if (!site.handle(request, response)) refuse(response, 404);
    };
    const first = await listen(answer, { port, host });
    const address = first.address();
    listeningOn = typeof address === 'object' && address !== null ? address.port : port;
    const servers = [first];
    // "localhost" may mean either family; without the second the page could belong to another program.
    if (host === '127.0.0.1') {
      const second = await listenIfThere(answer, listeningOn);
      if (second !== undefined) servers.push(second);
    }
    return new HubServer(servers, listeningOn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Signs in whoever opens the page on this machine. Another page cannot read the answer (no CORS), and another name for
 * this machine (a rebound DNS entry) is not answered at all.
 */
function sendWelcome({
  request,
  response,
  welcome,
  port,
}: {
  request: IncomingMessage;
  response: ServerResponse;
  welcome: Welcome;
  port: number;
}): void {
  const [hostname = ''] = ['localhost', '127.0.0.1'].filter((name) => request.headers.host === `${name}:${port}`);
  const site = request.headers['sec-fetch-site'];
  if (request.method !== 'GET') return refuse(response, 405);
  if (hostname === '' || (site !== undefined && site !== 'same-origin')) return refuse(response, 403);
  const body = JSON.stringify(welcome(hostname) ?? []);
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  });
  response.end(body);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(status === 404 ? 'There is nothing here.\n' : 'This is not allowed.\n');
}

function openSite(folder: string, welcome: string): StaticSite {
  try {
    return new StaticSite({ folder, mode: 'hub', welcome });
  } catch (error) {
    throw new StartError(`The client is not built yet (looked in ${folder}). Run: npm run build`, error);
  }
}

function listen(answer: Answer, where: { port: number; host: string }): Promise<Server> {
  const server = createServer({ requestTimeout: 30_000 }, answer);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `Port ${where.port} is already taken by another program.`
          : `Port ${where.port} on ${where.host} cannot be opened (${error.code ?? 'unknown reason'}).`;
      reject(new StartError(why, error));
    });
    server.listen(where, () => resolve(server));
  });
}

/** Listens on the other family too. @returns undefined on a machine that has none */
async function listenIfThere(answer: Answer, port: number): Promise<Server | undefined> {
  try {
    return await listen(answer, { port, host: '::1' });
  } catch (error) {
    const code =
      error instanceof StartError && error.cause instanceof Error && 'code' in error.cause
        ? error.cause.code
        : undefined;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined;
    throw error;
  }
}
