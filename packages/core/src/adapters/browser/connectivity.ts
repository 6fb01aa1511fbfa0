import type { Connectivity, WakeReason } from '../../platform.ts';
import { IdleWatch } from '../../presence/idle-watch.ts';
import { Value } from '../../value.ts';
import { browserClock } from './clock.ts';

const LOOK_MS = 10_000;
const SLEPT_MS = 30_000;
/** What a person does with a page. A hidden page hears none of them, and so becomes idle as well. */
const USES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** What the browser tells of network, sleep and attention. Lives as long as the page. */
export function browserConnectivity(): Connectivity {
  const online = new Value(navigator.onLine);
  const listeners = new Set<(reason: WakeReason) => void>();
  const wake = (reason: WakeReason): void => {
    for (const listener of listeners) listener(reason);
  };
  addEventListener('online', () => {
    online.set(true);
    wake('online');
  });
  addEventListener('offline', () => online.set(false));
  addEventListener('focus', () => wake('focused'));
  addEventListener('pageshow', (event) => {
    if (event.persisted) wake('resumed');
  });
  document.addEventListener('visibilitychange', () => {
    lookedAt = Date.now();
    if (document.visibilityState === 'visible') wake('focused');
  });
  document.addEventListener('resume', () => wake('resumed'));

  // A visible page whose timer is late by so much slept with its device. A hidden one is only throttled.
  let lookedAt = Date.now();
  setInterval(() => {
    const now = Date.now();
    const slept = now - lookedAt - LOOK_MS > SLEPT_MS;
    lookedAt = now;
    if (slept && document.visibilityState === 'visible') wake('resumed');
  }, LOOK_MS);

  const watch = new IdleWatch(browserClock);
  const used = (): void => watch.used();
  for (const use of USES) addEventListener(use, used, { capture: true, passive: true });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') used();
  });

  return {
    online,
    idle: watch.idle,
    onWake: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
