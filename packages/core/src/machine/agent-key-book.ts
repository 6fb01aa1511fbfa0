import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import { AGENT_LIMITS, type AgentKeys } from '@skerry/protocol/agents';
import * as z from 'zod/mini';
import type { Random } from '../platform.ts';
import type { Records } from './records.ts';

const made = z.object({
  n: z.number(),
  key: z.string(),
  /** Over all keys, in the order in which they were made. */
  serial: z.number(),
  /** How many devices had left when it was made. */
  departures: z.number(),
});
type Made = z.infer<typeof made>;
/** The newest first. */
const stored = z.array(made);

export type AgentKeyBookDeps = {
  readonly records: Records;
  readonly random: Random;
  readonly departures: () => number;
  /** There is a key that devices don't have yet. */
  readonly changed: () => void;
};

type Owner = string | null;
const MACHINE = 'machine';

/**
 * The keys that bodies are encrypted with: the machine's own (`null`), and one for each run. When a device leaves, whatever is
 * encrypted from then on is under a new one; that is made when it is first needed. SPEC M-14.
 */
export class AgentKeyBook {
  readonly #deps: AgentKeyBookDeps;
  readonly #keys = new Map<string, readonly Made[]>();
  #serial = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: AgentKeyBookDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const [key, keys] of await this.#deps.records.all('machine_keys', stored)) {
      this.#keys.set(String(key), keys);
      for (const { serial } of keys) this.#serial = Math.max(this.#serial, serial);
    }
  }

  /** Of the key that was made last. */
  get last(): number {
    return this.#serial;
  }

  /** What to encrypt with now; it is on the disk when it is given. @throws what the store throws */
  current(owner: Owner): Promise<Uint8Array> {
    const done = this.#tail.then(() => this.#current(owner ?? MACHINE));
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /** Every key that something of it may be encrypted with, the newest first. */
  all(owner: Owner): readonly Uint8Array[] {
    return (this.#keys.get(owner ?? MACHINE) ?? []).map(bytesOf);
  }

  /** Those that were made after that one, the oldest first, as many as an envelope holds. */
  after(serial: number): { readonly keys: AgentKeys['keys']; readonly upTo: number } {
    const later: (Made & { readonly owner: string })[] = [];
    for (const [owner, keys] of this.#keys)
      for (const key of keys) if (key.serial > serial) later.push({ ...key, owner });
    const some = later.sort((a, b) => a.serial - b.serial).slice(0, AGENT_LIMITS.keysPerEnvelope);
    const keys = some.map(({ owner, n, key }) => ({ run: owner === MACHINE ? null : owner, n, key }));
    return { keys, upTo: some.at(-1)?.serial ?? serial };
  }

  async #current(name: string): Promise<Uint8Array> {
    const { records, random, departures, changed } = this.#deps;
    const known = this.#keys.get(name) ?? [];
    const [newest] = known;
    if (newest !== undefined && newest.departures === departures()) return bytesOf(newest);
    const next: Made = {
      n: (newest?.n ?? 0) + 1,
      key: toBase64Url(random.bytes(32)),
      serial: this.#serial + 1,
      departures: departures(),
    };
    const keys = [next, ...known];
    await records.commit([records.put('machine_keys', name, keys)]);
    this.#serial = next.serial;
    this.#keys.set(name, keys);
    changed();
    return bytesOf(next);
  }
}

function bytesOf({ key }: Made): Uint8Array {
  return fromBase64Url(key) ?? new Uint8Array();
}
