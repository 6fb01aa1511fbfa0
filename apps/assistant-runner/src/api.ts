import { randomBytes } from 'node:crypto';
import {
  type Answer,
  type Body,
  encodeRunnerLogin,
  type Query,
  refusalOf,
  ROUTES,
  type RouteName,
  type RunnerAnswer,
  SkerryError,
  toBase64Url,
  type AnswerRequest,
  type ReportedAction,
  type RunnerTokens,
} from '@skerry/protocol';
import { checkProof, OtherServerError, type Pin } from './pin.ts';
import type { RunnerKeys } from './runner-keys.ts';

/** The server does not know this runner's keys, or no longer. */
export class NotRegisteredError extends Error {
  constructor() {
    super('The server does not know the keys of this runner.');
    this.name = 'NotRegisteredError';
  }
}

export type Session = { readonly serverId: string; readonly runnerId: string; readonly token: string };

type Deps = {
  readonly origin: string;
  readonly keys: RunnerKeys;
  pin(): Pin | null;
  /** Called with whom the server proved to be, before anything else is sent to it. */
  proved(pin: Pin): void;
};

const CALL_MS = 30_000;
/** The server holds a question for changes for 25 seconds, an answer takes up to 45. */
const LONG_MS = 60_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** The server as a runner meets it: it proves itself, the runner signs in, then asks. */
export class Api {
  readonly #deps: Deps;
  #session: Session | null = null;
  #signingIn: Promise<Session> | null = null;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /**
   * Every token with its guilds; with a version, once there is another one, or after 25 seconds.
   * @throws SkerryError, NotRegisteredError, OtherServerError, TypeError when the server is out of reach
   */
  async tokens(since: number | null, signal: AbortSignal): Promise<{ answer: RunnerTokens; session: Session }> {
    let isFresh = false;
    return this.#inSession(signal, async (session) => {
      // A version that another session told means nothing in this one.
      const query = since === null || isFresh ? {} : { since };
      isFresh = true;
      const answer = await this.#call('runnerTokens', { query, token: session.token, signal, ms: LONG_MS });
      return { answer, session };
    });
  }

  async answer(body: AnswerRequest, signal: AbortSignal): Promise<RunnerAnswer> {
    return this.#inSession(signal, ({ token }) => this.#call('runnerAnswer', { body, token, signal, ms: LONG_MS }));
  }

  async report(actions: ReportedAction[], signal: AbortSignal): Promise<Answer<'runnerActions'>> {
    return this.#inSession(signal, ({ token }) =>
      this.#call('runnerActions', { body: { actions }, token, signal, ms: CALL_MS }),
    );
  }

  /** A token lives for a quarter of an hour and in the server's memory; one that is over is replaced once. */
  async #inSession<T>(signal: AbortSignal, act: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#signedIn(signal);
    try {
      return await act(session);
    } catch (error) {
      if (!(error instanceof SkerryError && error.code === 'unauthorized')) throw error;
      if (this.#session === session) this.#session = null;
      return act(await this.#signedIn(signal));
    }
  }

  async #signedIn(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    if (this.#session !== null) return this.#session;
    this.#signingIn ??= this.#signIn().finally(() => (this.#signingIn = null));
    this.#session = await this.#signingIn;
    return this.#session;
  }

  /** Shared by all that wait for it, so it ends by its own time alone. */
  async #signIn(): Promise<Session> {
    const { origin, keys, pin, proved } = this.#deps;
    const call = { signal: AbortSignal.timeout(CALL_MS), ms: CALL_MS, token: null };
    const asked = { nonce: toBase64Url(randomBytes(32)), origin };
    const server = checkProof(asked, await this.#call('proof', { ...call, body: asked }), pin());
    proved(server);
    const { nonce, expiresAt: expiry } = await this.#call('challenge', { ...call, body: {} });
    const { publicKey } = keys;
    const { serverId } = server;
    const signature = keys.sign(encodeRunnerLogin({ serverId, origin, nonce, expiry, publicKey }));
    try {
      const body = { publicKey, origin, nonce, expiry, signature };
      const { runnerId, token } = await this.#call('runnerSignIn', { ...call, body });
      return { serverId, runnerId, token };
    } catch (error) {
      if (error instanceof SkerryError && error.code === 'credentials_wrong') throw new NotRegisteredError();
      throw error;
    }
  }

  async #call<N extends RouteName>(
    name: N,
    call: { body?: Body<N>; query?: Query<N>; token: string | null; signal: AbortSignal; ms: number },
  ): Promise<Answer<N>> {
    const { method, path, answer } = ROUTES[name];
    const url = new URL(path, this.#deps.origin);
    for (const [key, value] of Object.entries(call.query ?? {})) url.searchParams.set(key, String(value));
    const response = await fetch(url, {
      method,
      redirect: 'error',
      signal: AbortSignal.any([call.signal, AbortSignal.timeout(call.ms)]),
      headers: {
        accept: 'application/json',
        ...(call.token === null ? {} : { authorization: `Bearer ${call.token}` }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    const body = await jsonOf(response);
    if (!response.ok) throw refusalOf(body, response.status);
    const parsed = answer.safeParse(body);
    if (!parsed.success) throw new SkerryError('internal', { message: 'The server answers in a way of its own.' });
    return parsed.data as Answer<N>;
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body !== null)
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > MOST_BYTES) throw new SkerryError('too_large');
      parts.push(part);
    }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    return null;
  }
}

/** Whether trying the same again later may help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof SkerryError) return error.retry === 'later' || error.retry === 'auth';
  return !(error instanceof NotRegisteredError) && !(error instanceof OtherServerError);
}
