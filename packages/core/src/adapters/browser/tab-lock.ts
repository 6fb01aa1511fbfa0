import type { TabLock } from '../../platform.ts';

const LOCK = 'skerry-live-tab';
const LINKS = 'skerry-links';

/**
 * One live tab per origin by a Web Lock. A page on plain http has none: there every tab lives, and what is sent twice is
 * done once by the server.
 */
export function webTabLock(locks: LockManager | undefined): TabLock {
  const links = new BroadcastChannel(LINKS);
  return {
    acquire({ steal, wait, lost, signal }) {
      if (locks === undefined) return Promise.resolve(true);
      return new Promise((resolve) => {
        if (signal.aborted) return resolve(false);
        let held = false;
        const hold = (lock: Lock | null): Promise<void> | undefined => {
          if (lock === null || signal.aborted) return void resolve(false);
          held = true;
          resolve(true);
          return new Promise((release) => signal.addEventListener('abort', () => release(), { once: true }));
        };
        const options: LockOptions = steal ? { steal: true } : wait ? { signal } : { ifAvailable: true };
        locks.request(LOCK, options, hold).catch(() => {
          // Rejected while waiting: given up. Rejected while held: stolen.
          if (held && !signal.aborted) lost();
          else resolve(false);
        });
      });
    },
    handOver: (link) => links.postMessage(link),
    onHandedOver(listener) {
      const take = ({ data }: MessageEvent<unknown>): void => {
        if (typeof data === 'string') listener(data);
      };
      links.addEventListener('message', take);
      return () => links.removeEventListener('message', take);
    },
  };
}
