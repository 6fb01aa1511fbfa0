import type { Change } from '@skerry/crypto';
import { agentKeys, type AgentKeys as Told } from '@skerry/protocol/agents';
import { fromBase64Url, type ListedDevice } from '@skerry/protocol';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import type { SealedKey, SealedStore } from './store.ts';

/** Keys of one run, or of one machine: far more than it changes them. */
const MOST_OF_ONE = 1_000;
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Keys with which own machines encrypt what they say, as they came in their envelopes: sealed at rest, and of each run or machine
 * the newest first. A number is one key for good. SPEC M-14
 */
export class AgentKeys {
  readonly #store: SealedStore;
  readonly #changed = new Value(0);
  readonly #machines = new Set<number>();

  constructor(store: SealedStore) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for (const { key } of await this.#store.all<string>('machine')) this.#machines.add(Number(key[1]));
  }

  /** Counts up when keys came. */
  get changed(): Subscribable<number> {
    return this.#changed;
  }

  /** Whether the machine's own key is here. */
  has(machine: number): boolean {
    return this.#machines.has(machine);
  }

  /** @param run null: the machine's own */
  async of(machine: number, run: string | null): Promise<readonly Uint8Array[]> {
    const kept = await this.#store.all<string>(...(run === null ? placeOf(machine) : placeOf(machine, run)));
    return kept.toReversed().flatMap(({ value }) => fromBase64Url(value) ?? []);
  }

  /**
   * What a listed machine's envelope says: nothing but keys, of itself and its own runs, here. Anything else is dropped, and
   * the item of the queue is settled with it.
   */
  async take(
    item: { readonly n: number; readonly from: ListedDevice; readonly serverId: string },
    plain: Uint8Array,
    changes: readonly Change[],
  ): Promise<void> {
    const told = read(plain);
    const isRight = told?.server === item.serverId && told.machine === item.from.device;
    await this.#store.commit(async (draft) => {
      draft.set(['queue'], item.n);
      if (!isRight) return;
      for (const { run, n, key } of told.keys) {
        const name: SealedKey = [...(run === null ? placeOf(told.machine) : placeOf(told.machine, run)), n];
        if (n <= MOST_OF_ONE && (await draft.get(...name)) === undefined) draft.set(name, key);
      }
    }, changes);
    if (!isRight) return;
    if (told.keys.some(({ run }) => run === null)) this.#machines.add(told.machine);
    this.#changed.update((count) => count + 1);
  }
}

function placeOf(machine: number, run?: string): SealedKey {
  return run === undefined ? ['machine', machine] : ['agent', machine, run];
}

function read(plain: Uint8Array): Told | undefined {
  try {
    const parsed = agentKeys.safeParse(JSON.parse(decoder.decode(plain)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
