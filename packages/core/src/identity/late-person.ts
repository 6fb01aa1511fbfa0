import type { AccountKeys } from '@skerry/crypto';
import { LocalError } from '../errors.ts';
import type { Subscribable } from '../subscribable.ts';
import { followed, Value } from '../value.ts';
import type { EntryId } from '../views.ts';
import type { Forgetting, PersonState } from './face.ts';
import type { HandedOver, Person, PersonDeps, PersonSource } from './person.ts';
import { PERSON, slotOf } from './person-slot.ts';

/** Loaded by whoever has a master secret, or goes about having one. */
const loading = () => import('./person.ts');

/**
 * The person, there from the start. Where nothing is kept, nothing is loaded until something is asked of it.
 */
export class LatePerson implements PersonSource, AsyncDisposable {
  readonly #deps: PersonDeps;
  readonly #before = new Value<PersonState>({ kind: 'loading' });
  readonly #person = new Value<Person | undefined>(undefined);
  #loading: Promise<Person> | undefined;
  #isDisposed = false;
  readonly state: Subscribable<PersonState>;

  constructor(deps: PersonDeps) {
    this.#deps = deps;
    this.state = followed(this.#person, (person) => person?.state ?? this.#before);
  }

  /** Reads what is kept. Never rejects. */
  async load(): Promise<void> {
    const { platform, vault } = this.#deps;
    if (platform.subtle === null) return this.#before.set({ kind: 'unavailable' });
    try {
      const first = await vault.get(PERSON, slotOf(1));
      if (first.kind === 'absent') return this.#before.set({ kind: 'none' });
      await this.use();
    } catch {
      if (!this.#isDisposed) this.#before.set({ kind: 'locked', by: 'device' });
    }
  }

  /** @throws LocalError `unavailable` once it is disposed; what loading throws, and then the next call tries again */
  use(): Promise<Person> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  get handedServers(): string | null {
    return this.#person.get()?.handedServers ?? null;
  }

  forgetting(): Forgetting {
    return this.#person.get()?.forgetting() ?? { entries: this.#deps.entries(), wordsChecked: false };
  }

  async accountKeys(serverId: string, index?: number): Promise<AccountKeys> {
    return (await this.use()).accountKeys(serverId, index);
  }
  indexOf(serverId: string): number {
    return this.#person.get()?.indexOf(serverId) ?? 0;
  }
  async noteIndex(serverId: string, index: number): Promise<void> {
    await (await this.use()).noteIndex(serverId, index);
  }
  async handOver(): Promise<HandedOver> {
    return (await this.use()).handOver();
  }
  async offer(from: EntryId, handed: HandedOver): Promise<void> {
    await (await this.use()).offer(from, handed);
  }

  /** Ends all use of it. What is stored stays. What is on its way by then is never made. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#before.set({ kind: 'loading' });
    await this.#person.get()?.[Symbol.asyncDispose]();
  }

  async #load(): Promise<Person> {
    this.#refuseDisposed();
    const { Person } = await loading();
    this.#refuseDisposed();
    const person = new Person(this.#deps);
    await person.load();
    if (this.#isDisposed) await person[Symbol.asyncDispose]();
    this.#refuseDisposed();
    this.#person.set(person);
    return person;
  }

  #refuseDisposed(): void {
    if (this.#isDisposed) throw new LocalError('unavailable', 'Skerry is open in another tab.');
  }
}
