import type { Platform } from '../platform.ts';
import { browserClock } from './browser/clock.ts';
import { browserConnectivity } from './browser/connectivity.ts';
import { browserCrypto } from './browser/crypto.ts';
import { deviceLabelOf } from './browser/device-label.ts';
import { fetchHttp } from './browser/http.ts';
import { webTabLock } from './browser/tab-lock.ts';
import { openWebSocket } from './browser/transport.ts';
import { createIndexedDbStorage } from './indexeddb-storage.ts';

/** Everything the core needs, from what a browser has. The schemas it reads with make no code from text, as the pages' policy asks. */
export function createBrowserPlatform(): Platform {
  // On plain http, beyond this machine, a page has neither WebCrypto nor locks.
  const secure = globalThis.isSecureContext;
  const subtle = secure ? crypto.subtle : undefined;
  return {
    clock: browserClock,
    random: {
      bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      fraction: () => Math.random(),
    },
    connectivity: browserConnectivity(),
    http: fetchHttp,
    openTransport: openWebSocket,
    crypto: browserCrypto(subtle),
    subtle: subtle ?? null,
    storage: createIndexedDbStorage(subtle),
    tabLock: webTabLock(secure ? navigator.locks : undefined),
    deviceLabel: deviceLabelOf(navigator.userAgent),
  };
}
