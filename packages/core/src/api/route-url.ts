import { type Route, SkerryError } from '@skerry/protocol';

/** The parts of an address that a call fills in. */
export type Filling = { readonly params: unknown; readonly query: unknown };

/**
 * The address of a route on one origin. Whatever the parameters hold, the result lies on that origin and on that path:
 * anything else is refused here, before a token could travel along.
 * @throws SkerryError `bad_request`
 */
export function routeUrl(origin: string, route: Pick<Route, 'path'>, filling: Filling): string {
  const params = filling.params as Readonly<Record<string, unknown>>;
  const path = route.path.replace(/:(\w+)/g, (_, key: string) => segment(params[key]));
  const url = new URL(path, origin);
  for (const [key, value] of Object.entries(filling.query as Readonly<Record<string, unknown>>)) {
    if (typeof value === 'number' || typeof value === 'string') url.searchParams.set(key, String(value));
  }
  if (!staysAt(url.href, origin) || url.pathname !== path) throw new SkerryError('bad_request');
  return url.href;
}

/** Whether a URL lies on that origin and carries no user name of its own. */
export function staysAt(href: string, origin: string): boolean {
  if (!URL.canParse(href)) return false;
  const url = new URL(href);
  return url.origin === origin && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

function segment(value: unknown): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'string' || value === '' || /^\.+$/.test(value)) throw new SkerryError('bad_request');
  return encodeURIComponent(value);
}
