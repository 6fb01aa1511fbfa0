import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>;

/** An HTTP server on this machine that counts what reaches it. */
export class StandIn implements AsyncDisposable {
  readonly url: string;
  /** `METHOD path` of every request, in order. */
  readonly asked: string[] = [];
  readonly bodies: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  answer: Answer;
  readonly #server: Server;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    this.answer = answer;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      this.headers.push(request.headers);
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = Buffer.concat(parts).toString();
        this.bodies.push(body);
        void this.answer(request, response, body);
      });
    });
  }

  static async start(answer: Answer): Promise<StandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new StandIn(server, answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A server that writes what it likes into the socket, whether that is HTTP or not. */
export class RawSite implements AsyncDisposable {
  readonly url: string;
  readonly #server: TcpServer;
  readonly #sockets = new Set<Socket>();

  private constructor(server: TcpServer, answer: (socket: Socket, asked: string) => void) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', (asked: Buffer) => answer(socket, asked.toString()));
    });
  }

  static async start(answer: (socket: Socket, asked: string) => void): Promise<RawSite> {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new RawSite(server, answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export type TestBot = {
  readonly id: string;
  readonly name: string;
  readonly guilds: readonly { id: string; name: string }[];
};

/** The three questions of Discord's REST interface that a server asks, by token; `person` is a token of no bot. */
export const discordRest =
  (bots: Readonly<Record<string, TestBot>>, person = 'token-of-a-person-000000'): Answer =>
  (request, response) => {
    const given = request.headers.authorization ?? '';
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const bot = given.startsWith('Bot ') ? bots[given.slice(4)] : undefined;
    const path = (request.url ?? '').split('?')[0];
    if (given === `Bot ${person}` && path === '/users/@me')
      return send(200, { id: '300000000000000001', username: 'ann' });
    if (bot === undefined) return send(401, { message: '401: Unauthorized', code: 0 });
    if (path === '/users/@me') return send(200, { id: bot.id, username: bot.name, bot: true });
    if (path === '/oauth2/applications/@me') return send(200, { id: bot.id, name: bot.name, flags: 1 << 19 });
    if (path === '/users/@me/guilds') {
      const after = new URL(request.url ?? '', 'http://x').searchParams.get('after') ?? '0';
      return send(
        200,
        bot.guilds.filter(({ id }) => BigInt(id) > BigInt(after)),
      );
    }
    return send(404, { message: '404: Not Found', code: 0 });
  };

export type ModelTurn =
  | { readonly text: string }
  | { readonly call: string; readonly arguments: unknown }
  | { readonly status: number }
  | { readonly raw: string }
  /** Says this, and then nothing for ever. */
  | { readonly stallAfter: string }
  /** Says this again and again, as fast as it is read, for ever: as it stands, or as the event that text, thoughts or a call's arguments are. */
  | {
      readonly endless: string;
      readonly as: 'raw' | 'content' | 'reasoning_content' | 'arguments';
      readonly status?: number;
    };

type ModelRequest = { messages: { role: string; content: unknown }[]; tools?: { function: { name: string } }[] };

/** An OpenAI-compatible model that says what a script tells it to, as a stream. */
export const scriptedModel =
  (script: (request: ModelRequest, turn: number) => ModelTurn): Answer =>
  (_request, response, body) => {
    const asked = JSON.parse(body) as ModelRequest;
    const turn = script(asked, asked.messages.filter(({ role }) => role === 'tool').length);
    if ('endless' in turn) return sayForEver(response, turn);
    if ('status' in turn)
      return void response
        .writeHead(turn.status, { 'content-type': 'application/json' })
        .end('{"error":{"message":"no"}}');
    if ('raw' in turn) return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(turn.raw);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (delta: unknown, finish: string | null = null): void => {
      const choices = [{ index: 0, delta, finish_reason: finish }];
      response.write(
        `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`,
      );
    };
    if ('stallAfter' in turn) return chunk({ role: 'assistant', content: turn.stallAfter });
    if ('call' in turn) {
      const call = { name: turn.call, arguments: JSON.stringify(turn.arguments) };
      chunk({
        role: 'assistant',
        tool_calls: [{ index: 0, id: `call${asked.messages.length}`, type: 'function', function: call }],
      });
      chunk({}, 'tool_calls');
    } else {
      for (const word of turn.text.match(/\S+\s*/g) ?? []) chunk({ role: 'assistant', content: word });
      chunk({}, 'stop');
    }
    const usage = { prompt_tokens: 90, completion_tokens: 10, total_tokens: 100 };
    response.write(
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`,
    );
    response.end('data: [DONE]\n\n');
  };

function sayForEver(
  response: ServerResponse,
  { endless, as, status = 200 }: Extract<ModelTurn, { endless: string }>,
): void {
  response.writeHead(status, { 'content-type': status === 200 ? 'text/event-stream' : 'application/json' });
  const part = (): string => {
    if (as === 'raw') return endless;
    const call = { index: 0, id: 'call', type: 'function', function: { name: 'search_websites', arguments: endless } };
    const delta = as === 'arguments' ? { tool_calls: [call] } : { role: 'assistant', [as]: endless };
    const choices = [{ index: 0, delta, finish_reason: null }];
    return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
  };
  const more = (): void => {
    while (!response.destroyed) if (!response.write(part())) return void response.once('drain', more);
  };
  more();
}
