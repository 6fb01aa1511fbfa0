import { parseRoute, type Route, routeOfOutsideLink } from '../shell/route.ts';

/** What a tab that is not the live one was opened with and the live one should show: the address of an own page. */
export function linkToHandOver(route: Route, pageOrigin: string): string | undefined {
  if (route.kind === 'link') return `${pageOrigin}/l/${route.link}${route.params === '' ? '' : `#${route.params}`}`;
  return undefined;
}

/**
 * Where a link leads that another tab of this origin gave away. Anything on this origin may have sent it: it is parsed
 * like an address that was opened, nothing is done before a click, and what is no such link is passed over.
 */
export function routeOfHandedLink(link: string, pageOrigin: string): Route | undefined {
  if (!URL.canParse(link)) return undefined;
  const address = new URL(link);
  if (address.origin !== pageOrigin) return undefined;
  const route = routeOfOutsideLink(address);
  if (route?.kind !== 'link') return undefined;
  // The bounds of any address of the app hold here as well.
  const same = parseRoute(`/l/${route.link}${route.params === '' ? '' : `?${route.params}`}`);
  return same.kind === 'link' ? same : undefined;
}
