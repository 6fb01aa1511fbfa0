/** Where a server may be reached: an origin, and what must be said about it before anything is sent there. */
export type Address = {
  /** `https://host[:port]` or `http://host[:port]`, lower case, punycode, no path. */
  readonly origin: string;
  /** `host` or `host:port`, as shown to people. */
  readonly host: string;
  /** False for http: anyone on the way can read and change what is sent. */
  readonly encrypted: boolean;
  readonly loopback: boolean;
  /** The name was typed with letters outside ASCII; what is shown is its punycode. */
  readonly international: boolean;
};

export type AddressProblem = 'empty' | 'not_an_address' | 'has_credentials' | 'has_path' | 'scheme';
export type ParsedAddress =
  { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly problem: AddressProblem };

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** True for the names and numbers of this very machine. */
export const isLoopbackHost = (hostname: string): boolean => LOOPBACK.test(hostname);

/**
 * Reads what a person typed as a server's address. Without a scheme it means https, or http for this machine itself.
 * User names, paths, queries and other schemes are refused rather than dropped, since each can hide another host. SPEC P-16.
 */
export function parseAddress(input: string): ParsedAddress {
  const typed = input.trim();
  if (typed === '') return problem('empty');
  if (typed.length > 300 || /[\s\\]/.test(typed)) return problem('not_an_address');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(typed)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'https' && scheme !== 'http') return problem('scheme');
  const url = read(scheme === undefined ? `https://${typed}` : typed);
  if (url === undefined) return problem('not_an_address');
  if (url.username !== '' || url.password !== '' || typed.includes('@')) return problem('has_credentials');
  if ((url.pathname !== '/' && url.pathname !== '') || url.search !== '' || url.hash !== '') return problem('has_path');
  if (url.hostname === '' || url.hostname.endsWith('.')) return problem('not_an_address');
  const loopback = isLoopbackHost(url.hostname);
  const encrypted = scheme === undefined ? !loopback : scheme === 'https';
  // Read again under its real scheme, so that a default port disappears and another one stays.
  const final = read(`${encrypted ? 'https' : 'http'}://${typed.replace(/^[a-z]+:\/\//i, '')}`) ?? url;
  const address: Address = {
    origin: final.origin,
    host: final.host,
    encrypted,
    loopback,
    // eslint-disable-next-line no-control-regex -- the ASCII range is what is meant
    international: /[^\u0000-\u007f]/.test(typed) || /(?:^|\.)xn--/.test(final.hostname),
  };
  return { ok: true, address };
}

function problem(kind: AddressProblem): ParsedAddress {
  return { ok: false, problem: kind };
}

function read(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
