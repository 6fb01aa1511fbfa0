import { formatLink, parseLink } from '@skerry/protocol';
import type { Route } from '../shell/route.ts';

/** A link that was opened as this page's own address, parsed. */
export type PageLink =
  | {
      readonly kind: 'reset';
      readonly text: string;
      readonly origin: string;
      readonly host: string;
      readonly code: string;
    }
  | {
      readonly kind: 'join';
      readonly text: string;
      readonly origin: string;
      readonly host: string;
      readonly invite: string | undefined;
    }
  | { readonly kind: 'open' | 'terminal'; readonly text: string; readonly origin: string; readonly host: string };

/**
 * The link behind a `#/l/…` route, whose server is the one that delivered this page. Undefined for one that the
 * grammar does not know or that leads nowhere yet. Nothing is done before a click.
 */
export function linkOf(route: Extract<Route, { kind: 'link' }>, pageOrigin: string): PageLink | undefined {
  const parsed = parseLink(`${pageOrigin}/l/${route.link}${route.params === '' ? '' : `#${route.params}`}`);
  if (!parsed.ok) return undefined;
  const { link } = parsed;
  const base = { text: formatLink(link), origin: link.address.origin, host: link.address.host };
  switch (link.kind) {
    case 'reset':
      return { kind: 'reset', ...base, code: link.code };
    case 'join':
      return { kind: 'join', ...base, invite: link.invite };
    case 'connect':
      return { kind: 'join', ...base, invite: undefined };
    case 'open':
    case 'terminal':
      return { kind: link.kind, ...base };
  }
}
