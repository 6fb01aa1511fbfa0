import { randomBytes, webcrypto } from 'node:crypto';
import type { Platform, Storage } from '../platform.ts';
import { nodeClock } from './node/clock.ts';
import { nodeConnectivity } from './node/connectivity.ts';
import { nodeCrypto } from './node/crypto.ts';
import { nodeHttp } from './node/http.ts';
import { soleTab } from './node/tab-lock.ts';
import { openNodeSocket } from './node/transport.ts';
import { createSqliteStorage } from './sqlite-storage.ts';

export { type Pin, verifyProof } from '../connection/proof.ts';
export { openSqliteState } from './sqlite-tables.ts';
export { nodeCrypto };

export type NodePlatformOptions = {
  /** A directory of this program's own, or where else to keep things. */
  readonly storage: string | Storage;
  /** How this device calls itself to servers. */
  readonly deviceLabel: string;
};

/** Everything the core needs, from what Node has. */
export function createNodePlatform({ storage, deviceLabel }: NodePlatformOptions): Platform {
  return {
    clock: nodeClock,
    random: { bytes: (length) => new Uint8Array(randomBytes(length)), fraction: () => Math.random() },
    connectivity: nodeConnectivity(),
    http: nodeHttp(),
    openTransport: openNodeSocket,
    crypto: nodeCrypto,
    subtle: webcrypto.subtle,
    storage: typeof storage === 'string' ? createSqliteStorage(storage) : storage,
    tabLock: soleTab,
    deviceLabel,
  };
}
