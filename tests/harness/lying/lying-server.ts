import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import {
  CLOSE,
  LIMITS,
  ROUTES,
  SkerryError,
  type Down,
  type RegistrationMode,
  type Route,
  type RouteName,
  type ServerId,
  type Up,
} from '@skerry/protocol';
import { honestAnswers, type Asked } from './answers.ts';
import { makeIdentity, type Identity } from './identity.ts';
import { whoHolds } from './people.ts';
import { Seeded } from './seeded.ts';
import { LyingSocket, type Outgoing } from './socket.ts';
import { World } from './world.ts';

/** One request or upgrade as it came. */
export type Recorded = {
  readonly at: number;
  readonly route: RouteName | 'socket' | 'unknown';
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The body as it came. */
  readonly bytes: Buffer;
  /** The frames of an upgraded socket; grows while it lives. */
  readonly frames: readonly string[];
};

export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | {
      readonly kind: 'text';
      readonly status: number;
      readonly text: string | Buffer;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'redirect'; readonly status: 301 | 302 | 303 | 307 | 308; readonly to: string }
  /** The body is promised and never comes. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'destroy' };

export type RouteCall = {
  readonly route: RouteName | 'unknown';
  readonly request: Recorded;
  /** What an honest server would answer; carries out what was asked. */
  usual(): Reply;
};
export type RouteScript = (call: RouteCall) => Reply | Promise<Reply>;
export type UpScript = (socket: LyingSocket, frame: Up, usual: () => Promise<void>) => void | Promise<void>;
export type DownScript = (frame: Down, socket: LyingSocket) => Outgoing | readonly Outgoing[];
/** Undefined lets the socket in. */
export type UpgradeScript = (request: Recorded) => Reply | undefined;

export type LyingOptions = {
  name?: string;
  /** The same seed gives the same ids, tokens and tags in the same order. */
  seed?: string;
  identity?: Identity;
  registration?: RegistrationMode;
  now?: () => number;
};

/**
 * A real HTTP and WebSocket server on a port of its own that behaves as the protocol says, from a small state in memory,
 * until a test replaces a reply or a frame. It keeps everything that is ever sent to it.
 */
export class LyingServer implements AsyncDisposable {
  readonly world: World;
  identity: Identity;
  readonly requests: Recorded[] = [];
  readonly sockets = new Set<LyingSocket>();
  readonly #http: Server;
  readonly #ws = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 2 * LIMITS.frameUpBytes });
  readonly #connections = new Set<Duplex>();
  readonly #answers: { readonly [N in RouteName]: (asked: Asked<N>) => unknown };
  readonly #routes = new Map<string, RouteScript>();
  readonly #ups = new Map<string, UpScript>();
  readonly #downs = new Map<string, DownScript>();
  #upgrade: UpgradeScript | undefined;
  #port = 0;

  private constructor(options: LyingOptions) {
    const ids = new Seeded(options.seed);
    const serverId = ids.id<ServerId>();
    this.identity = options.identity ?? makeIdentity(serverId, options.seed === undefined ? undefined : ids.bytes(32));
    this.world = new World(ids, {
      name: options.name ?? 'Lying',
      now: options.now ?? Date.now,
      registration: options.registration ?? 'open',
    });
    this.#answers = honestAnswers(
      this.world,
      () => this.identity,
      () => this.#closeEnded(),
    );
    this.world.onCommitted((rows) => {
      for (const socket of this.sockets) if (socket.live) socket.tell(rows);
      this.#closeEnded();
    });
    this.#http = createServer((request, response) => void this.#serve(request, response));
    this.#http.on('connection', (socket: Socket) => {
      this.#connections.add(socket);
      socket.on('close', () => this.#connections.delete(socket));
    });
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgraded(request, socket, head),
    );
  }

  static async start(options: LyingOptions = {}): Promise<LyingServer> {
    const server = new LyingServer(options);
    await server.listen(0);
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Replaces the reply of a route; `*` for every one without a script of its own. */
  onRoute(route: RouteName | '*', script: RouteScript): this {
    this.#routes.set(route, script);
    return this;
  }

  /** Replaces what a frame from the client does. */
  onUp(type: Up['t'] | '*', script: UpScript): this {
    this.#ups.set(type, script);
    return this;
  }

  /** Replaces a frame to the client, by none, one or many. */
  onDown(type: Down['t'] | '*', script: DownScript): this {
    this.#downs.set(type, script);
    return this;
  }

  onUpgrade(script: UpgradeScript | undefined): this {
    this.#upgrade = script;
    return this;
  }

  /** Honest again. */
  repent(): void {
    this.#routes.clear();
    this.#ups.clear();
    this.#downs.clear();
    this.#upgrade = undefined;
  }

  /** Whether this text came in any URL, header, body or frame. */
  wasTold(text: string): boolean {
    return this.requests.some((one) =>
      [one.url, one.body, JSON.stringify(one.headers), ...one.frames].some(
        (part) => part.includes(text) || decoded(part).includes(text),
      ),
    );
  }

  /** Stops listening and drops every connection; the state stays. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    if (!this.#http.listening) return;
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      for (const connection of this.#connections) connection.destroy();
    });
  }

  /** Listens on that port, by default the one it had. */
  async listen(port = this.#port): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, '127.0.0.1', () => {
        this.#http.removeListener('error', reject);
        resolve();
      });
    });
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#ws.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const found = match(request.method ?? '', request.url ?? '');
    const bytes = Buffer.concat(chunks);
    const recorded = this.#record(request, {
      route: found?.route ?? 'unknown',
      body: bytes.toString('utf8'),
      bytes,
      frames: [],
    });
    if (request.method === 'OPTIONS') return write(response, { kind: 'text', status: 204, text: '' });
    const call: RouteCall = {
      route: found?.route ?? 'unknown',
      request: recorded,
      usual: () => this.#honest(found, recorded),
    };
    const script = this.#routes.get(call.route) ?? this.#routes.get('*');
    write(response, await (script === undefined ? call.usual() : script(call)));
  }

  #honest(found: Matched | undefined, request: Recorded): Reply {
    try {
      if (found === undefined) throw new SkerryError('not_found');
      const route: Route = ROUTES[found.route];
      // It knows no runners: whatever token comes there is nobody's.
      if (route.auth === 'runner') throw new SkerryError('unauthorized');
      const session = route.auth === 'session' ? whoHolds(this.world, bearer(request)) : undefined;
      const asked = {
        params: parse(route.params, found.params),
        query: parse(route.query, found.query),
        body: bodyOf(route, request),
        session,
      };
      const answer = this.#answers[found.route] as (asked: unknown) => unknown;
      const body = answer(asked);
      if (route.answerBytes === undefined) return { kind: 'json', status: 200, body };
      const headers = { 'content-type': 'application/octet-stream' };
      return { kind: 'text', status: 200, text: Buffer.from(body as Uint8Array), headers };
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
      return { kind: 'json', status: error.status, body: { error: error.toBody() } };
    }
  }

  #upgraded(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const frames: string[] = [];
    const recorded = this.#record(request, { route: 'socket', body: '', bytes: Buffer.alloc(0), frames });
    const reply = this.#upgrade?.(recorded);
    if (reply !== undefined) return refuse(socket, reply);
    this.#ws.handleUpgrade(request, socket, head, (ws) => {
      const made = new LyingSocket(ws, request, {
        world: this.world,
        identity: () => this.identity,
        sockets: () => this.sockets,
        received: async (from, frame, usual) => {
          const script = this.#ups.get(frame.t) ?? this.#ups.get('*');
          await (script === undefined ? usual() : script(from, frame, usual));
        },
        sending: (to, frame) => {
          const script = this.#downs.get(frame.t) ?? this.#downs.get('*');
          const out = script === undefined ? frame : script(frame, to);
          return isList(out) ? out : [out];
        },
        closed: (gone) => this.sockets.delete(gone),
      });
      ws.prependListener('message', (data: Buffer) => frames.push(data.toString('utf8')));
      this.sockets.add(made);
    });
  }

  #record(request: IncomingMessage, more: Pick<Recorded, 'route' | 'body' | 'bytes' | 'frames'>): Recorded {
    const recorded: Recorded = {
      at: Date.now(),
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      ...more,
    };
    this.requests.push(recorded);
    return recorded;
  }

  #closeEnded(): void {
    for (const socket of this.sockets) if (socket.session?.ended === true) socket.close(CLOSE.auth);
  }
}

type Matched = { route: RouteName; params: Record<string, string>; query: Record<string, string> };

function match(method: string, url: string): Matched | undefined {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  for (const [route, { method: wanted, path }] of Object.entries(ROUTES) as [RouteName, (typeof ROUTES)[RouteName]][]) {
    if (wanted !== method) continue;
    const pattern = new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
    const fits = pattern.exec(pathname);
    if (fits !== null) return { route, params: { ...fits.groups }, query: Object.fromEntries(searchParams) };
  }
  return undefined;
}

function bodyOf(route: Route, { body, bytes }: Recorded): unknown {
  if (route.body === null) return null;
  if (route.bodyBytes === undefined) return parse(route.body, body === '' ? {} : readJson(body));
  if (bytes.length > route.bodyBytes) throw new SkerryError('too_large');
  return new Uint8Array(bytes);
}

type Parser = { safeParse(value: unknown): { success: true; data: unknown } | { success: false } };

function parse(schema: Parser, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new SkerryError('bad_request');
  return parsed.data;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SkerryError('bad_request');
  }
}

function bearer(request: Recorded): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers': 'authorization, content-type',
};

function write(response: ServerResponse, reply: Reply): void {
  switch (reply.kind) {
    case 'json':
      response.writeHead(reply.status, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
      return;
    case 'text':
      response.writeHead(reply.status, { ...CORS, 'content-type': 'text/plain', ...reply.headers }).end(reply.text);
      return;
    case 'redirect':
      response.writeHead(reply.status, { ...CORS, location: reply.to }).end();
      return;
    case 'hang':
      response.writeHead(200, { ...CORS, 'content-type': 'application/json' }).write('{');
      return;
    case 'destroy':
      response.destroy();
  }
}

function refuse(socket: Duplex, reply: Reply): void {
  if (reply.kind === 'hang') return;
  if (reply.kind === 'destroy') return void socket.destroy();
  const location = reply.kind === 'redirect' ? `location: ${reply.to}\r\n` : '';
  const body = reply.kind === 'json' ? JSON.stringify(reply.body) : reply.kind === 'text' ? reply.text.toString() : '';
  socket.end(
    `HTTP/1.1 ${reply.status} Refused\r\n${location}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function isList(out: Outgoing | readonly Outgoing[]): out is readonly Outgoing[] {
  return Array.isArray(out);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
