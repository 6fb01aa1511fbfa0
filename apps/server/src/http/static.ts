import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type ClientMode, contentSecurityPolicy } from './csp.ts';

export type StaticSiteOptions = {
  /** Folder of the built client. */
  readonly folder: string;
  readonly mode: ClientMode;
  /** Where the page finds its one-time sign-in, same origin; '' for nowhere. */
  readonly welcome: string;
};

type Encoding = 'br' | 'gzip';
type Entry = {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  readonly cacheControl: string;
  readonly compressed: Map<Encoding, Promise<Buffer>>;
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};
const COMPRESSIBLE = /^(?:text\/|application\/(?:json|manifest)|image\/svg)/;
/** A link's kind decides nothing here: the page reads it, together with the part after the #. */
const LINK_PAGE = /^\/l\/[a-z]{1,16}$/;

/**
 * The built client, read once and served from memory. A request's path is only ever looked up in the list of files that
 * were there, so no path can lead anywhere else.
 */
export class StaticSite {
  readonly #entries = new Map<string, Entry>();
  readonly #linkPage: Entry;
  readonly #headers: readonly (readonly [string, string])[];

  /** @throws Error when the folder holds no index.html */
  constructor({ folder, mode, welcome }: StaticSiteOptions) {
    for (const name of filesIn(folder)) {
      if (name.endsWith('.map')) continue;
      const body = readFileSync(path.join(folder, name));
      this.#entries.set(`/${name.split(path.sep).join('/')}`, entryOf(name, body));
    }
    const html = this.#entries.get('/index.html')?.body.toString('utf8');
    if (html === undefined) throw new Error(`There is no built client in ${folder}.`);
    const page = setMeta(setMeta(html, 'skerry-mode', mode), 'skerry-welcome', welcome);
    this.#entries.set('/', entryOf('index.html', Buffer.from(page)));
    this.#entries.set('/index.html', entryOf('index.html', Buffer.from(page)));
    // The page's own addresses are relative, and a link's page stands one folder deeper.
    this.#linkPage = entryOf('index.html', Buffer.from(page.replaceAll(/((?:src|href)=")\.\//g, '$1../')));
    this.#headers = siteHeaders(mode);
  }

  /** Answers a GET or HEAD for a file of the client. @returns false, with nothing sent, when there is no such file */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const entry = this.#find(request.url ?? '/');
    if (entry === undefined) return false;
    for (const [name, value] of this.#headers) response.setHeader(name, value);
    response.setHeader('cache-control', entry.cacheControl);
    response.setHeader('etag', entry.etag);
    response.setHeader('content-type', entry.type);
    const compressible = COMPRESSIBLE.test(entry.type) && entry.body.length > 1_024;
    if (compressible) response.setHeader('vary', 'accept-encoding');
    if (request.headers['if-none-match'] === entry.etag) {
      response.writeHead(304).end();
      return true;
    }
    const encoding = compressible ? encodingFor(request.headers['accept-encoding']) : undefined;
    if (encoding === undefined) send(response, entry.body);
    else
      compressed(entry, encoding).then(
        (body) => {
          response.setHeader('content-encoding', encoding);
          send(response, body);
        },
        () => send(response, entry.body),
      );
    return true;
  }

  #find(url: string): Entry | undefined {
    const pathname = url.split(/[?#]/, 1)[0] ?? '/';
    return LINK_PAGE.test(pathname) ? this.#linkPage : this.#entries.get(pathname);
  }
}

function send(response: ServerResponse, body: Buffer): void {
  response.setHeader('content-length', body.length);
  response.writeHead(200).end(response.req.method === 'HEAD' ? undefined : body);
}

function siteHeaders(mode: ClientMode): readonly (readonly [string, string])[] {
  return [
    ['content-security-policy', contentSecurityPolicy(mode)],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['x-frame-options', 'DENY'],
    ['permissions-policy', 'camera=(self), microphone=(self), geolocation=(), payment=(), usb=()'],
  ];
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

function entryOf(name: string, body: Buffer): Entry {
  const isHashed = /^assets[\\/]/.test(name);
  return {
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    body,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    cacheControl: isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    compressed: new Map(),
  };
}

function setMeta(html: string, name: string, content: string): string {
  const tag = new RegExp(`(<meta name="${name}" content=")[^"]*(")`);
  if (!tag.test(html)) throw new Error(`The built client's page has no meta "${name}".`);
  return html.replace(tag, (_whole, before: string, after: string) => before + content + after);
}

function encodingFor(accepted: string | string[] | undefined): Encoding | undefined {
  const offers = String(accepted ?? '')
    .split(',')
    .map((offer) => offer.trim().toLowerCase())
    .filter((offer) => !/;\s*q=0(?:\.0*)?$/.test(offer))
    .map((offer) => offer.split(';', 1)[0]);
  return offers.includes('br') ? 'br' : offers.includes('gzip') ? 'gzip' : undefined;
}

/** Each file is packed when it is first asked for, once. */
function compressed(entry: Entry, encoding: Encoding): Promise<Buffer> {
  const known = entry.compressed.get(encoding);
  if (known !== undefined) return known;
  const made =
    encoding === 'br'
      ? promisify(brotliCompress)(entry.body, {
          params: { [constants.BROTLI_PARAM_QUALITY]: 6, [constants.BROTLI_PARAM_SIZE_HINT]: entry.body.length },
        })
      : promisify(gzip)(entry.body);
  entry.compressed.set(encoding, made);
  return made;
}
