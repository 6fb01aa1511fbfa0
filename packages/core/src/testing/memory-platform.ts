import { createHash, createPublicKey, randomBytes, verify, webcrypto } from 'node:crypto';
import type { Crypto, Platform, Random, Storage, TabLock, WakeReason } from '../platform.ts';
import { createMemoryStorage, MemoryDisk } from '../stores/memory-storage.ts';
import { Value } from '../value.ts';
import { ManualClock } from './manual-clock.ts';
import { ScriptedNetwork } from './scripted-network.ts';

/** A device in memory: time, chance, network and disk are in the hands of the test. */
export type MemoryPlatform = Platform & {
  readonly clock: ManualClock;
  readonly network: ScriptedNetwork;
  readonly disk: MemoryDisk;
  readonly tabs: MemoryTabs;
  /** What {@link Random.fraction} gives; 0.5 unless set. */
  fraction: () => number;
  setOnline(online: boolean): void;
  setIdle(idle: boolean): void;
  wake(reason: WakeReason): void;
};

export type MemoryPlatformOptions = {
  readonly clock?: ManualClock;
  readonly network?: ScriptedNetwork;
  readonly disk?: MemoryDisk;
  readonly tabs?: MemoryTabs;
  readonly storage?: Storage;
};

/** Give two of them the same disk and they are the same device before and after a restart; the same tabs, two tabs of it. */
export function memoryPlatform(options: MemoryPlatformOptions = {}): MemoryPlatform {
  const clock = options.clock ?? new ManualClock();
  const network = options.network ?? new ScriptedNetwork();
  const disk = options.disk ?? new MemoryDisk();
  const tabs = options.tabs ?? new MemoryTabs();
  const online = new Value(true);
  const idle = new Value(false);
  const listeners = new Set<(reason: WakeReason) => void>();
  const platform: MemoryPlatform = {
    clock,
    network,
    disk,
    tabs,
    fraction: () => 0.5,
    random: {
      bytes: (length) => new Uint8Array(randomBytes(length)),
      fraction: () => platform.fraction(),
    } satisfies Random,
    connectivity: {
      online,
      idle,
      onWake: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    http: network.http,
    openTransport: network.openTransport,
    crypto: memoryCrypto,
    subtle: webcrypto.subtle,
    storage: options.storage ?? createMemoryStorage(disk),
    tabLock: tabs.lock(),
    deviceLabel: 'Test on Node',
    setOnline: (value) => online.set(value),
    setIdle: (value) => idle.set(value),
    wake: (reason) => {
      for (const listener of [...listeners]) listener(reason);
    },
  };
  return platform;
}

/** The tabs of one origin: one holder, those that wait, and a way to hand links over. */
export class MemoryTabs {
  #holder: { lost: () => void } | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #listeners = new Set<{ readonly tab: symbol; readonly take: (link: string) => void }>();

  lock(): TabLock {
    const tab = Symbol('tab');
    return {
      acquire: ({ steal, wait, lost, signal }) =>
        new Promise((resolve) => {
          const hold = (): void => {
            const holder = { lost };
            this.#holder = holder;
            signal.addEventListener('abort', () => this.#release(holder), { once: true });
            resolve(true);
          };
          if (signal.aborted) return resolve(false);
          if (this.#holder === undefined) return hold();
          if (steal) {
            const before = this.#holder;
            hold();
            queueMicrotask(before.lost);
          } else if (wait) {
            this.#waiting.push(hold);
            signal.addEventListener('abort', () => {
              const at = this.#waiting.indexOf(hold);
              if (at >= 0) this.#waiting.splice(at, 1);
              resolve(false);
            });
          } else resolve(false);
        }),
      handOver: (link) => {
        for (const { tab: other, take } of [...this.#listeners]) if (other !== tab) take(link);
      },
      onHandedOver: (take) => {
        const entry = { tab, take };
        this.#listeners.add(entry);
        return () => this.#listeners.delete(entry);
      },
    };
  }

  #release(holder: { lost: () => void }): void {
    if (this.#holder !== holder) return;
    this.#holder = undefined;
    this.#waiting.shift()?.();
  }
}

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const memoryCrypto: Crypto = {
  verifyEd25519: async (key, signature, message) => {
    try {
      return verify(
        null,
        message,
        createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }),
        signature,
      );
    } catch {
      return false;
    }
  },
  sha256: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
};
