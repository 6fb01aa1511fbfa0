import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Answer,
  type Command,
  type CommandId,
  type Position,
  type Route,
  type RouteName,
  ROUTES,
  uuidv7,
} from '@skerry/protocol';
import { parseConfig, type ServerConfig } from '../config.ts';
import { createLog } from '../logging.ts';
import { type RunningServer, startServer, type Surroundings } from '../server.ts';
import { SocketClient } from './socket-client.ts';

export type SignedInTester = Answer<'signIn'> & { readonly username: string };
export type Call = {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
};
export type Answered<T = unknown> = {
  readonly status: number;
  readonly body: T;
  readonly code: string | undefined;
  readonly headers: Headers;
};

export const PASSWORD = 'correct horse battery';

/** The real server on a free port with a folder of its own, talked to over real sockets. */
export class TestServer implements AsyncDisposable {
  readonly data: string;
  readonly logged: string[] = [];
  #running: RunningServer | undefined;
  readonly #config: Partial<ServerConfig>;
  readonly #surroundings: Partial<Surroundings>;
  readonly #sockets: SocketClient[] = [];

  private constructor(config: Partial<ServerConfig>, surroundings: Partial<Surroundings>) {
    this.data = config.data ?? mkdtempSync(path.join(tmpdir(), 'skerry-server-'));
    this.#config = config;
    this.#surroundings = surroundings;
  }

  static async start(
    config: Partial<ServerConfig> = {},
    surroundings: Partial<Surroundings> = {},
  ): Promise<TestServer> {
    const server = new TestServer(config, surroundings);
    await server.start();
    return server;
  }

  get running(): RunningServer {
    if (this.#running === undefined) throw new Error('the server is stopped');
    return this.#running;
  }

  async start(changes: Partial<ServerConfig> = {}): Promise<void> {
    const usual = parseConfig(
      ['--port', '0', '--client', 'none', '--registration', 'open', '--rate-scale', '1000', '--name', 'Harbour'],
      {},
    );
    const log = createLog('debug', { write: (line) => this.logged.push(line) });
    this.#running = await startServer(
      { ...usual, ...this.#config, ...changes, data: this.data },
      { log, ...this.#surroundings },
    );
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** A socket of its own for somebody who is signed in; {@link closeSockets} ends it. */
  async connect(who: { readonly accessToken: string }, resume: Position | null = null): Promise<SocketClient> {
    const socket = await SocketClient.open(`${this.running.url.replace('http', 'ws')}/api/socket`);
    this.#sockets.push(socket);
    await socket.signIn(who.accessToken, resume);
    return socket;
  }

  closeSockets(): void {
    for (const socket of this.#sockets.splice(0)) socket[Symbol.dispose]();
  }

  /** Asks by the protocol's own table, and checks that what comes back is what the table promises. */
  async call<N extends RouteName>(
    name: N,
    { params = {}, query = {}, body, token, headers = {} }: Call = {},
  ): Promise<Answered<Answer<N>>> {
    const route: Route = ROUTES[name];
    const url = new URL(
      route.path.replaceAll(/:(\w+)/g, (_whole, field: string) => encodeURIComponent(params[field] ?? '')),
      this.running.url,
    );
    for (const [field, value] of Object.entries(query)) url.searchParams.set(field, value);
    const needsBody = route.method === 'POST' || route.method === 'PUT';
    const isBytes = route.bodyBytes !== undefined;
    const response = await fetch(url, {
      method: route.method,
      headers: {
        ...(needsBody ? { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' } : {}),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(needsBody ? { body: isBytes ? Buffer.from(body as Uint8Array) : JSON.stringify(body ?? {}) } : {}),
    });
    const isPlain = response.ok && route.answerBytes !== undefined;
    const answer = (isPlain ? new Uint8Array(await response.arrayBuffer()) : await response.json()) as Answer<N> & {
      error?: { code: string };
    };
    if (response.ok) route.answer.parse(answer);
    return { status: response.status, body: answer, code: answer.error?.code, headers: response.headers };
  }

  /** @throws Error with the code when the server refuses */
  async ask<N extends RouteName>(name: N, call: Call = {}): Promise<Answer<N>> {
    const answered = await this.call(name, call);
    if (answered.status !== 200) throw new Error(`${name} was refused: ${answered.code}`);
    return answered.body;
  }

  /** The first one is the owner. */
  async register(username: string, code: string | null = this.running.setupCode): Promise<SignedInTester> {
    const body = { username, password: PASSWORD, displayName: username, device: 'Test', code };
    const signedIn = await this.ask('register', { body });
    return { ...signedIn, username };
  }

  signIn(username: string, password = PASSWORD): Promise<Answered<Answer<'signIn'>>> {
    return this.call('signIn', { body: { username, password, device: 'Test' } });
  }

  run(who: { accessToken: string }, command: Command, id = freshId()): Promise<Answered<Answer<'command'>>> {
    return this.call('command', { token: who.accessToken, body: { id, command } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#config.data === undefined) rmSync(this.data, { recursive: true, force: true });
  }
}

export const freshId = (): CommandId => uuidv7<CommandId>(Date.now(), randomBytes(10));
