import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

/** Why nothing was fetched, as a sentence for the person. */
export class OutboundError extends Error {
  /** The address may not be asked, ever; a later try changes nothing. */
  readonly refused: boolean;

  constructor(message: string, refused = false) {
    super(message);
    this.name = 'OutboundError';
    this.refused = refused;
  }
}

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export type OutboundOptions = {
  /** For tests alone: this machine itself may be asked. */
  readonly allowLoopback: boolean;
  readonly resolve?: Resolve;
};

export type Ask = {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
};

/**
 * The one way in which this server asks an address that a person typed. The name is resolved once, every address it has
 * must be public, and the connection goes to the address that was checked; redirects are given back, not followed. T14
 */
export class Outbound {
  readonly #isAllowed: (address: string) => boolean;
  readonly #resolve: Resolve;

  constructor({ allowLoopback, resolve = resolveAll }: OutboundOptions) {
    this.#isAllowed = (address) => isPublicAddress(address) || (allowLoopback && isLoopbackAddress(address));
    this.#resolve = resolve;
  }

  /** @returns the answer once its header is there @throws OutboundError */
  async ask(url: URL, { method = 'GET', headers = {}, body, signal }: Ask): Promise<IncomingMessage> {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new OutboundError('Only http and https addresses can be read.', true);
    if (url.username !== '' || url.password !== '')
      throw new OutboundError('An address with a name or password in it is not read.', true);
    const address = await this.#checked(url.hostname.replace(/^\[|\]$/g, ''));
    signal.throwIfAborted();
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        url,
        {
          method,
          headers: { ...headers, 'accept-encoding': 'identity' },
          lookup: pinned(address),
          agent: false,
          signal,
        },
        resolve,
      );
      request.once('error', (cause) =>
        reject(
          signal.aborted ? (signal.reason as Error) : new OutboundError(`It could not be reached${codeOf(cause)}.`),
        ),
      );
      request.end(body);
    });
  }

  /** `fetch` for a library that wants one: no redirect is followed. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { Readable } = await import('node:stream');
    const body = typeof init?.body === 'string' ? init.body : undefined;
    const answer = await this.ask(url, {
      method: init?.method === 'POST' ? 'POST' : 'GET',
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(body === undefined ? {} : { body }),
      signal: init?.signal ?? new AbortController().signal,
    });
    const status = answer.statusCode ?? 0;
    if (status < 200 || (status >= 300 && status < 400)) {
      answer.destroy();
      throw new OutboundError('It answered with a redirect.');
    }
    const headers = new Headers();
    for (const name of ['content-type', 'retry-after']) {
      const value = answer.headers[name];
      if (typeof value === 'string') headers.set(name, value);
    }
    return new Response(Readable.toWeb(answer) as ReadableStream, { status, headers });
  };

  async #checked(host: string): Promise<LookupAddress> {
    const family = isIP(host);
    const found = family !== 0 ? [{ address: host, family }] : await this.#resolve(host);
    const [first] = found;
    if (first === undefined) throw new OutboundError('There is no such host.');
    // One inward address among public ones is enough: which one is used would be up to whoever answers for the name.
    if (!found.every(({ address }) => this.#isAllowed(address)))
      throw new OutboundError('This address is not on the public internet, so it is not read.', true);
    return first;
  }
}

/** Whatever is asked for, it is the address that was checked. */
const pinned =
  ({ address, family }: LookupAddress): LookupFunction =>
  (_host, options, done) => {
    if (options.all === true) (done as (error: null, all: LookupAddress[]) => void)(null, [{ address, family }]);
    else done(null, address, family);
  };

const resolveAll: Resolve = (host) =>
  new Promise((resolve, reject) => {
    dnsLookup(host, { all: true, verbatim: true }, (error, addresses) => {
      if (error) reject(new OutboundError('There is no such host.'));
      else resolve(addresses);
    });
  });

function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /^[A-Z_]{1,40}$/.test(code) ? ` (${code})` : '';
}
