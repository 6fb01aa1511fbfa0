import type { Server } from 'node:http';
import {
  type AccountId,
  type Answer,
  ASSISTANT_ROUTES,
  type Body,
  LIMITS,
  MACHINE_ROUTES,
  type Params,
  type Query,
  RETIRED_ROUTES,
  type Route,
  type RouteName,
  ROUTES,
  type SessionId,
  SkerryError,
  VOICE_ROUTES,
} from '@skerry/protocol';
import { openApi } from '@skerry/protocol/openapi';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Log, whereOf } from '../logging.ts';
import { addressKey, type RateLimits } from '../rate-limits.ts';
import { type BytesAnswer, type BytesBody, bytesBody, OCTETS, sendBytes } from './bytes.ts';
import { callerAddress, isLocalCaller } from './caller.ts';
import { invalidInput, knownError, NOT_JSON } from './errors.ts';
import { parseJson } from './json-body.ts';
import type { Lines } from './lines.ts';
import { isLines, wantsLines } from './lines.ts';
import { judgeOrigin, type OriginPolicy } from './origin.ts';
import { dropRest, hurry, JSON_MS, UPLOAD_MS } from './patience.ts';
import type { StaticSite } from './static.ts';
import { unreachable } from '../log/unreachable.ts';

/** Who calls, once their access token was checked. */
export type Caller = {
  readonly account: AccountId;
  readonly session: SessionId;
  /** The session is a machine's, which may do little. */
  readonly machine?: boolean;
};
/** A registered runner of assistants. */
export type RunnerCaller = { readonly runner: string };
type CallerOf = { readonly none: null; readonly session: Caller; readonly runner: RunnerCaller };

export type Call<N extends RouteName> = {
  readonly params: Params<N>;
  readonly query: Query<N>;
  readonly body: Body<N> extends Uint8Array ? BytesBody : Body<N>;
  readonly caller: CallerOf[(typeof ROUTES)[N]['auth']];
  /** What rate limits count by. */
  readonly address: string;
  /** The caller is a program on this machine. */
  readonly isLocal: boolean;
  /** The caller takes the answer line by line, as {@link Lines}. */
  readonly wantsLines: boolean;
  /** Aborted when the caller goes away before it was answered. */
  readonly gone: AbortSignal;
};

/** Finished JSON may come as bytes already; an answer of plain bytes comes in parts. */
type Answered<N extends RouteName> = Answer<N> extends Uint8Array ? BytesAnswer : Answer<N> | Uint8Array | Lines;

/** One per route. */
export type Handlers = { readonly [N in RouteName]: (call: Call<N>) => Promise<Answered<N>> };

export type RouterOptions = {
  readonly handlers: Handlers;
  /** @throws SkerryError unauthorized or session_revoked */
  readonly authenticate: (token: string) => Promise<Caller>;
  /** The same of a runner's token; null: this server has no assistants, and their addresses do not exist. */
  readonly authenticateRunner: ((token: string) => RunnerCaller) | null;
  /** Whether people may have machines; without, their addresses do not exist either. */
  readonly machines?: boolean;
  /** The same of voice. */
  readonly voice?: boolean;
  readonly limits: RateLimits;
  readonly origins: OriginPolicy;
  readonly trustProxy: boolean;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly site: StaticSite | null;
  readonly version: string;
  readonly log: Log;
  /** True once the server is on its way down. */
  readonly isStopping: () => boolean;
};

const JSON_TYPE = 'application/json; charset=utf-8';
const TOKEN_NAMES = /[?&;](?:token|access_?token|refresh_?token|authorization|password)(?:=|&|;|$)/i;
const API_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** HTTP over the protocol's one table of routes: read, check, call, answer. SPEC P-6. */
export function createRouter(options: RouterOptions): FastifyInstance {
  const { log, tls } = options;
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.frameUpBytes,
    requestTimeout: UPLOAD_MS,
    // The server says itself that it is stopping, in its own words.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => void fail(error, request, reply),
    clientErrorHandler: (_error, socket) => {
      const body = JSON.stringify({ error: new SkerryError('bad_request').toBody() });
      if (socket.writable)
        socket.write(
          `HTTP/1.1 400 Bad Request\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
        );
      socket.destroySoon();
    },
    ...(tls === null ? {} : { https: tls }),
  }) as FastifyInstance<Server>;

  app.server.headersTimeout = JSON_MS;
  app.removeAllContentTypeParsers();
  // Read by the route itself, once it knows who sends it.
  app.addContentTypeParser(OCTETS, (_request, _body, done) => done(null, AS_BYTES));
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });

  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(API_HEADERS);
    admit(request, reply);
    if (request.method === 'OPTIONS' && request.url.startsWith('/api/')) return reply.code(204).send();
    return undefined;
  });
  app.addHook('onResponse', async (request, reply) => {
    dropRest(request);
    const status = reply.statusCode;
    const fields = {
      event: 'request',
      method: request.method,
      route: request.routeOptions.url ?? '-',
      status,
      ms: Math.round(reply.elapsedTime),
    };
    if (status >= 500) log.warn(fields);
    else if (status >= 400) log.info(fields);
    else log.debug(fields);
  });
  app.setErrorHandler(fail);
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsOf(request.url, isHere);
    if (allowed.length > 0) {
      void reply.header('allow', allowed.join(', '));
      throw new SkerryError('method_not_allowed');
    }
    if (options.site !== null && !request.url.startsWith('/api/')) {
      for (const name of Object.keys(reply.getHeaders()))
        if (!name.startsWith('access-control-')) reply.removeHeader(name);
      if (options.site.handle(request.raw, reply.raw)) return reply.hijack();
      void reply.headers(API_HEADERS);
    }
    throw new SkerryError('not_found');
  });

  for (const name of Object.keys(ROUTES) as RouteName[]) if (isHere(partOf(name))) mount(name);
  if (options.authenticateRunner !== null) for (const retired of RETIRED_ROUTES) mountRetired(retired);
  const document = JSON.stringify(openApi({ title: 'Skerry', version: options.version }));
  app.get('/api/openapi.json', (_request, reply) => reply.type(JSON_TYPE).send(document));
  return app;

  function isHere(part: Part): boolean {
    switch (part) {
      case 'always':
        return true;
      case 'assistants':
        return options.authenticateRunner !== null;
      case 'machines':
        return options.machines === true;
      case 'voice':
        return options.voice === true;
      default:
        return unreachable(part);
    }
  }

  /** What is refused whoever calls whatever: pages that may not, tokens in addresses, floods. */
  function admit(request: FastifyRequest, reply: FastifyReply): void {
    const { origin, host } = request.headers;
    const verdict = judgeOrigin(origin, host, options.origins);
    if (options.origins.allowed !== null) void reply.header('vary', 'origin');
    if (verdict === 'refused') throw new SkerryError('origin_refused');
    // Never with credentials: there are none that a browser would add by itself.
    void reply.header(
      'access-control-allow-origin',
      options.origins.allowed === null || origin === undefined ? '*' : origin,
    );
    void reply.header('access-control-expose-headers', 'retry-after');
    if (request.method === 'OPTIONS')
      void reply.headers({
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': '7200',
      });
    if (TOKEN_NAMES.test(request.url)) throw new SkerryError('token_in_url');
    if (options.isStopping()) throw new SkerryError('unavailable', { retryAfterMs: 2_000 });
    options.limits.take('request', addressKey(callerAddress(request.raw, options.trustProxy)));
  }

  function mount<N extends RouteName>(name: N): void {
    const route: Route = ROUTES[name];
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: name === 'command' ? LIMITS.requestBytes : (route.jsonBytes ?? LIMITS.frameUpBytes),
      ...((route.method === 'POST' || route.method === 'PUT') && route.bodyBytes === undefined
        ? { preParsing: hurry }
        : {}),
      handler: async (request, reply) => {
        const caller = await callerOf({ name, route }, request);
        const call = {
          params: read(route.params, request.params),
          query: read(route.query, request.query),
          body: bodyOf(route, request),
          caller,
          address: addressKey(callerAddress(request.raw, options.trustProxy)),
          isLocal: isLocalCaller(request.raw),
          wantsLines: route.lines !== undefined && wantsLines(request.headers.accept),
          gone: route.lines !== undefined || route.auth === 'runner' ? goneSignal(reply) : NEVER,
        } as Call<N>;
        const answer: unknown = await options.handlers[name](call);
        if (isLines(answer)) return answer.send(reply);
        if (route.answerBytes !== undefined) return sendBytes(request, reply, answer as BytesAnswer);
        const body =
          answer instanceof Uint8Array
            ? Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)
            : JSON.stringify(answer);
        return reply.type(JSON_TYPE).send(body);
      },
    });
  }

  async function callerOf(
    { name, route }: { name: RouteName; route: Route },
    request: FastifyRequest,
  ): Promise<Caller | RunnerCaller | null> {
    switch (route.auth) {
      case 'none':
        return null;
      case 'session': {
        const caller = await options.authenticate(bearer(request));
        if (caller.machine === true && !OF_MACHINES.has(name)) throw new SkerryError('forbidden');
        return caller;
      }
      case 'runner':
        if (options.authenticateRunner === null) throw new SkerryError('not_found');
        return options.authenticateRunner(bearer(request));
      default:
        return unreachable(route.auth);
    }
  }

  /** An address of before tells where its work is done now. Old programs may follow where nothing else changes. */
  function mountRetired({ method, path, to, location }: (typeof RETIRED_ROUTES)[number]): void {
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        await options.authenticate(bearer(request));
        const message = `This address is no longer used: ${to}.`;
        if (location === null) throw new SkerryError('gone', { message });
        return reply
          .code(308)
          .header('location', location)
          .type(JSON_TYPE)
          .send(JSON.stringify({ error: new SkerryError('gone', { message }).toBody() }));
      },
    });
  }

  function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = knownError(error);
    if (known === undefined)
      log.error({
        event: 'fault',
        method: request.method,
        route: request.routeOptions.url ?? '-',
        error: whereOf(error),
      });
    const told = known ?? new SkerryError('internal');
    if (told.retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(told.retryAfterMs / 1_000));
    if (told.status === 401) void reply.header('www-authenticate', 'Bearer');
    return reply
      .code(told.status)
      .type(JSON_TYPE)
      .send(JSON.stringify({ error: told.toBody() }));
  }
}

const NEVER = new AbortController().signal;

/** Aborted when the connection ends before the answer was sent whole. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** In place of a body that the route reads by itself. */
const AS_BYTES = Symbol('bytes');

function bodyOf(route: Route, request: FastifyRequest): unknown {
  if (route.body === null) return null;
  if (route.bodyBytes !== undefined) return bytesBody(request.raw, route.bodyBytes);
  if (request.body === AS_BYTES) throw new SkerryError('bad_request', { message: NOT_JSON });
  // A body that may be empty may also be missing.
  return read(route.body, request.body ?? {});
}

function bearer(request: FastifyRequest): string {
  const token = /^Bearer ([A-Za-z0-9_-]{43})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw new SkerryError('unauthorized');
  return token;
}

function read(schema: Route['params'], value: unknown): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}

/** What the token of a machine is good for: its own affairs, and what it needs to encrypt for its person. SPEC M-7. */
const OF_MACHINES: ReadonlySet<RouteName> = new Set<RouteName>([
  'snapshot',
  'command',
  'machines',
  'runs',
  'run',
  'runEntries',
  'ask',
  'ownDevices',
  'deviceLists',
  'claimPrekeys',
  'publishPrekeys',
  'toDevice',
  'ackToDevice',
  'signOut',
]);

/** What an operator can switch off. */
type Part = 'always' | 'assistants' | 'machines' | 'voice';

function partOf(name: string): Part {
  if (Object.hasOwn(ASSISTANT_ROUTES, name)) return 'assistants';
  if (Object.hasOwn(MACHINE_ROUTES, name)) return 'machines';
  return Object.hasOwn(VOICE_ROUTES, name) ? 'voice' : 'always';
}

const PATTERNS = [
  ...(Object.entries(ROUTES) as [string, Route][]).map(([name, { method, path }]) => ({
    method,
    path,
    part: partOf(name),
  })),
  ...RETIRED_ROUTES.map(({ method, path }) => ({ method, path, part: 'assistants' as const })),
  { method: 'GET', path: '/api/openapi.json', part: 'always' as const },
].map(({ method, path, part }) => ({
  method,
  part,
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`),
}));

/** The methods an address takes; none when there is no such address. */
function methodsOf(url: string, isHere: (part: Part) => boolean): string[] {
  const pathname = url.split(/[?#]/, 1)[0] ?? '';
  const fitting = PATTERNS.filter(({ pattern, part }) => isHere(part) && pattern.test(pathname));
  return [...new Set(fitting.map(({ method }) => method))];
}
