import {
  addRoute,
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precache,
  type PrecacheEntry,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

/** How long a page load waits for the network before the saved page is shown. */
const PATIENCE_MS = 1500;

precache(self.__WB_MANIFEST);

/*
 * Asked before the precache: the page comes from the network where it answers, because the server writes its
 * mode into it; the saved page is for when it does not. Scripts and styles carry hashes and come from the cache.
 */
const savedPage = createHandlerBoundToURL('index.html');
const isApi = [/\/api\//];
registerRoute(
  new NavigationRoute(
    async (options) => {
      try {
        const answer = await fetch(options.request, { signal: AbortSignal.timeout(PATIENCE_MS) });
        // A proxy before a server that is down answers for it; the app can start without either.
        if (answer.status < 500) return answer;
      } catch {
        // No network, or too slow.
      }
      return linkToApp(options.url) ?? savedPage(options);
    },
    { denylist: isApi },
  ),
);

/** A link's page stands one folder deeper than the saved page, whose addresses are relative. What follows # stays. */
function linkToApp(url: URL): Response | undefined {
  const kind = /\/l\/([a-z]+)$/.exec(url.pathname)?.[1];
  return kind === undefined ? undefined : Response.redirect(new URL(`../?l=${kind}`, url).href);
}

addRoute();
cleanupOutdatedCaches();

self.addEventListener('message', (event) => {
  // The page asks for it after the person agreed to reload.
  if (event.data === 'activate-now') void self.skipWaiting();
});
