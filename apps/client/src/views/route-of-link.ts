import { formatLink, type Link } from '@skerry/protocol';
import type { Route } from '../shell/route.ts';

/** The route behind which this page keeps a link that was read; its host is the page's own then. */
export function routeOfLink(link: Link): Extract<Route, { kind: 'link' }> {
  return { kind: 'link', link: link.kind, params: new URL(formatLink(link)).hash.slice(1) };
}
