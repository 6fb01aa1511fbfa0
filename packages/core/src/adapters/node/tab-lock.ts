import type { TabLock } from '../../platform.ts';

/** A program owns its directory alone: there are no other tabs. */
export const soleTab: TabLock = {
  acquire: async () => true,
  handOver: () => undefined,
  onHandedOver: () => () => undefined,
};
