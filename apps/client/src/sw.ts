import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

/** How long a page load waits for the network before the saved page is shown. */
const PATIENCE_MS = 1500;

/*
 * Registered before the precache: the page comes from the network where it answers, because the server writes its
 * mode into it; the saved page is for when it does not. Scripts and styles carry hashes and come from the cache.
 */
const savedPage = createHandlerBoundToURL('index.html');
registerRoute(new NavigationRoute(async (options) => {
  const { request } = options;
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok || answer.type === 'opaqueredirect') return answer;
  } catch {
    // No network, or too slow.
  }
  return savedPage(options);
}, { denylist: [/\/api\//] }));

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();

self.addEventListener('message', (event) => {
  // The page asks for it after the person agreed to reload.
  if (event.data === 'activate-now') void self.skipWaiting();
});
