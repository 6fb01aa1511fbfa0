import {
  type ACCOUNT_ROUTES,
  type Answer,
  type Body,
  FIRST_ROUTES,
  type KEY_ROUTES,
  type Params,
  type Query,
  type Route,
  type RouteName,
  type ROUTES,
  SkerryError,
} from '@skerry/protocol';
import { ReachError } from '../errors.ts';
import { type Http, type HttpAnswer, HttpError } from '../platform.ts';
import { unreachable } from '../unreachable.ts';
import type { Cause } from '../views.ts';
import { readAnswer } from './read-answer.ts';
import { routeUrl, staysAt } from './route-url.ts';

export type ApiDeps = {
  readonly http: Http;
  /**
   * The address to use, after it proved within the last `maxAgeMs` that the pinned server answers there.
   * @throws IdentityError, ReachError
   */
  readonly proven: (maxAgeMs: number, signal: AbortSignal) => Promise<string>;
  readonly access: Access;
};

/** Where access tokens come from. They are asked for by each request and kept by nobody else. */
export interface Access {
  /** @throws SignedOutError, and what a refresh throws */
  token(): Promise<string>;
  /** The server refused this one: gets another, once, however many ask. */
  renewed(refused: string): Promise<string>;
}

export type CallOptions<N extends RouteName> = {
  readonly signal: AbortSignal;
  /** Bytes moved so far, for routes that carry plain bytes. */
  readonly onProgress?: (moved: number) => void;
} & (Record<string, never> extends Params<N> ? { readonly params?: Params<N> } : { readonly params: Params<N> }) & {
    readonly query?: Query<N>;
  } & (Body<N> extends null
    ? { readonly body?: null }
    : Record<string, never> extends Body<N>
      ? { readonly body?: Body<N> }
      : {
          /** A function is told the origin that is dialled, for what has to name it. */
          readonly body: Body<N> | ((origin: string) => Body<N>);
        });

/** Takes an answer that comes as lines, in the pieces they arrive in. */
export interface AnswerLines {
  push(piece: string): void;
  /** All of it has come. @throws what its last line said, or that it makes no sense */
  end(): void;
}

/** A part of the route table, by name. */
type Routes = Readonly<Partial<Record<RouteName, Route>>>;

/** Routes that carry nothing secret and that the proof itself needs. Every other one waits for the proof. */
const OPEN: ReadonlySet<RouteName> = new Set<RouteName>(['health', 'info', 'proof']);
/** Passwords, codes and refresh tokens open more than one request does: right before them the server proves itself anew. */
const SECRET: ReadonlySet<RouteName> = new Set<RouteName>([
  'register',
  'signIn',
  'exchange',
  'refresh',
  'reset',
  'changePassword',
  'keyRegister',
  'keySignIn',
  'addKey',
  'connectBot',
  'setAssistantModel',
]);

const PROOF_AGE_MS = 60_000;
const SECRET_PROOF_AGE_MS = 10_000;
/** The largest file over a slow line. */
const BYTES_MS = 15 * 60_000;

type Open = 'health' | 'info' | 'proof';
export type FirstRoute = keyof typeof FIRST_ROUTES;
export type AccountRoute = keyof typeof ACCOUNT_ROUTES;
export type KeyRoute = keyof typeof KEY_ROUTES;

/**
 * The typed HTTP client of one server, made from the route table. Bound to one context: it can name routes, never addresses,
 * so what it carries cannot leave for another server. It knows the routes of the first screen; what is loaded later brings
 * its own part of the table along (`with`).
 */
export class Api<N extends RouteName = FirstRoute> {
  readonly #deps: ApiDeps;
  readonly #routes: Routes;

  constructor(deps: ApiDeps, routes: Routes = FIRST_ROUTES) {
    this.#deps = deps;
    this.#routes = routes;
  }

  /** The same client, which can call these routes as well. */
  with<M extends RouteName>(routes: Pick<typeof ROUTES, M>): Api<N | M> {
    return new Api<N | M>(this.#deps, { ...this.#routes, ...routes });
  }

  /**
   * Calls a route. An access token the server no longer takes is renewed once.
   * @throws SkerryError what the server said · SignedOutError · IdentityError · ReachError no usable answer came
   */
  async call<M extends Exclude<N, Open>>(name: M, options: CallOptions<M>): Promise<Answer<M>> {
    const route = this.#routes[name];
    if (route === undefined) throw new SkerryError('bad_request');
    const origin = await this.#deps.proven(SECRET.has(name) ? SECRET_PROOF_AGE_MS : PROOF_AGE_MS, options.signal);
    options.signal.throwIfAborted();
    if (route.auth === 'none') return exchange(this.#deps.http, { origin, name, route, options, token: null });
    const token = await this.#deps.access.token();
    options.signal.throwIfAborted();
    try {
      return await exchange(this.#deps.http, { origin, name, route, options, token });
    } catch (error) {
      if (!(error instanceof SkerryError) || (error.code !== 'unauthorized' && error.code !== 'session_revoked'))
        throw error;
      const next = await this.#deps.access.renewed(token);
      options.signal.throwIfAborted();
      return exchange(this.#deps.http, { origin, name, route, options, token: next });
    }
  }

  /**
   * Calls a route that may answer in lines; those are taken as they come.
   * @returns undefined then; the whole answer where the server gave that instead
   */
  lines<M extends Exclude<N, Open>>(
    name: M,
    options: CallOptions<M> & { readonly lines: AnswerLines },
  ): Promise<Answer<M> | undefined> {
    return this.call(name, options);
  }
}

/** Calls one of the routes that are open to anyone, on an address that has proved nothing yet. @throws SkerryError, ReachError */
export function callOpen<N extends Open>(
  http: Http,
  where: { origin: string; name: N },
  options: CallOptions<N>,
): Promise<Answer<N>> {
  if (!OPEN.has(where.name)) throw new SkerryError('bad_request');
  return exchange(http, { ...where, route: FIRST_ROUTES[where.name], options, token: null });
}

type Exchange<N extends RouteName> = {
  readonly origin: string;
  readonly name: N;
  readonly route: Route;
  readonly options: {
    readonly signal: AbortSignal;
    readonly params?: unknown;
    readonly query?: unknown;
    readonly body?: unknown;
    readonly onProgress?: (moved: number) => void;
    readonly lines?: AnswerLines;
  };
  readonly token: string | null;
};

/** The one place where a request of ours leaves. */
async function exchange<N extends RouteName>(
  http: Http,
  { origin, name, route, options, token }: Exchange<N>,
): Promise<Answer<N>> {
  const url = routeUrl(origin, route, { params: options.params ?? {}, query: options.query ?? {} });
  if (!staysAt(url, origin)) throw new SkerryError('bad_request');
  const given = typeof options.body === 'function' ? (options.body as (at: string) => unknown)(origin) : options.body;
  const bytes = route.bodyBytes === undefined ? undefined : plainBytes(given, route.bodyBytes);
  const body = route.body === null || bytes !== undefined ? null : writeBody(route.body, given ?? {});
  const wantsBytes = route.answerBytes !== undefined;
  const { lines } = options;
  const accept = wantsBytes ? '*/*' : lines === undefined ? 'application/json' : 'application/x-ndjson';
  const headers: Record<string, string> = { accept };
  if (body !== null) headers['content-type'] = 'application/json';
  if (bytes !== undefined) headers['content-type'] = 'application/octet-stream';
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  const caps = capsOf(name, route);
  let answer: HttpAnswer;
  try {
    answer = await http.request({
      method: route.method,
      url,
      headers,
      body,
      ...(bytes === undefined ? {} : { bytes }),
      ...(wantsBytes ? { asBytes: true } : {}),
      ...(lines === undefined ? {} : { onText: (piece: string) => lines.push(piece) }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...caps,
      signal: options.signal,
    });
  } catch (error) {
    options.signal.throwIfAborted();
    throw new ReachError(causeOf(error), {
      cause: error,
      redirected: error instanceof HttpError && error.failure === 'redirected',
    });
  }
  if (lines !== undefined && answer.status < 300 && /^application\/x-ndjson\b/i.test(answer.contentType))
    return lines.end() as never;
  return readAnswer(name, route, answer) as Answer<N>;
}

/** The same schema the server reads with: what it would refuse does not leave. */
function writeBody(schema: NonNullable<Route['body']>, value: unknown): string {
  const read = schema.safeParse(value);
  if (read.success) return JSON.stringify(read.data);
  const field = read.error.issues[0]?.path[0];
  throw new SkerryError('bad_request', typeof field === 'string' ? { field } : {});
}

/** @throws SkerryError `too_large` before anything leaves; `bad_request` */
function plainBytes(value: unknown, most: number): Uint8Array<ArrayBuffer> {
  if (!(value instanceof Uint8Array)) throw new SkerryError('bad_request');
  if (value.length > most) throw new SkerryError('too_large');
  return value.buffer instanceof ArrayBuffer ? (value as Uint8Array<ArrayBuffer>) : Uint8Array.from(value);
}

/** How long an answer may take and how large it may get. */
function capsOf(name: RouteName, { bodyBytes, answerBytes }: Route): { timeoutMs: number; maxBytes: number } {
  if (bodyBytes !== undefined || answerBytes !== undefined)
    return { timeoutMs: BYTES_MS, maxBytes: answerBytes ?? 1024 * 1024 };
  switch (name) {
    case 'deviceLists':
    case 'groupChain':
    case 'sealedMessages':
    case 'toDevice':
      return { timeoutMs: 20_000, maxBytes: 16 * 1024 * 1024 };
    // A model, a website or Discord answers in between.
    case 'say':
    case 'fetchWebsite':
    case 'connectBot':
      return { timeoutMs: 120_000, maxBytes: 1024 * 1024 };
    case 'command':
      return { timeoutMs: 30_000, maxBytes: 1024 * 1024 };
    case 'snapshot':
    case 'machines':
      return { timeoutMs: 30_000, maxBytes: 48 * 1024 * 1024 };
    case 'runs':
    case 'guilds':
    case 'guildActions':
    case 'conversation':
    case 'messages':
    case 'members':
      return { timeoutMs: 15_000, maxBytes: 8 * 1024 * 1024 };
    default:
      return { timeoutMs: 10_000, maxBytes: 1024 * 1024 };
  }
}

function causeOf(error: unknown): Cause {
  if (!(error instanceof HttpError)) return { kind: 'unreachable' };
  switch (error.failure) {
    case 'unreachable':
    case 'aborted':
      return { kind: 'unreachable' };
    case 'timeout':
      return { kind: 'timeout' };
    case 'redirected':
      return { kind: 'notSkerry' };
    case 'tooLarge':
      return { kind: 'protocol', what: 'size of the answer' };
    default:
      return unreachable(error.failure);
  }
}
