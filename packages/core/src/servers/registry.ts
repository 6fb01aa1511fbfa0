import { type Deferred, deferred } from '../deferred.ts';
import { LocalError } from '../errors.ts';
import type { RegistryStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value } from '../value.ts';
import type { EntryId, ServerEntry, StorageProblem } from '../views.ts';
import {
  MOST_ENTRIES,
  MOST_REMOVING,
  readEntry,
  type RegistryFile,
  registryFile,
  salvageEntries,
} from './entry-record.ts';

/** The person's list of servers: what it needs so that each entry's owner can read and change its own. */
export interface Registry {
  /** One server and no other, at one address: the one that delivered this page. */
  readonly fixed: boolean;
  /** In the person's order. */
  readonly entries: Subscribable<readonly ServerEntry[]>;
  readonly primary: Subscribable<EntryId | undefined>;
  /** Resolves when it is stored. @throws SkerryError `limit_reached`; what the store throws, with nothing changed */
  add(entry: ServerEntry): Promise<void>;
  /** Does nothing for an entry that is gone. */
  change(id: EntryId, changes: Partial<Omit<ServerEntry, 'id'>>): Promise<void>;
  /** Takes it off the list and remembers, in the same write, that what is stored of it has to go. */
  remove(id: EntryId): Promise<void>;
  /** Entries that were removed and not yet {@link erased}. */
  readonly removing: readonly EntryId[];
  /** Nothing is stored of that entry any more. */
  erased(id: EntryId): Promise<void>;
  move(id: EntryId, toIndex: number): Promise<void>;
  setPrimary(id: EntryId): Promise<void>;
  /** Resolves when everything that was asked for is stored, or has failed. */
  settled(): Promise<void>;
}

const EMPTY: RegistryFile = { version: 1, entries: [], primary: null, removing: [] };

/**
 * Reads the list. Content that cannot be read is set aside as it is and said; every entry that is whole goes on.
 * @param onProblem told at most once
 */
export async function openRegistry(
  store: RegistryStore,
  onProblem: (problem: StorageProblem) => void,
): Promise<Registry> {
  const loaded = await store.load();
  if (loaded.kind === 'empty') return new StoredRegistry(store, { file: EMPTY, aside: null });
  const { file, whole } = loaded.kind === 'broken' ? fromText(loaded.text) : fromValue(loaded.value);
  if (whole) return new StoredRegistry(store, { file, aside: null });
  const text = loaded.kind === 'broken' ? loaded.text : JSON.stringify(loaded.value);
  const registry = new StoredRegistry(store, { file, aside: text });
  try {
    await registry.mend();
    onProblem({ where: 'registry', entryId: null, what: 'set_aside' });
  } catch {
    // Nothing is written over it until a copy is safe; what could be read works meanwhile.
    onProblem({ where: 'registry', entryId: null, what: 'full' });
  }
  return registry;
}

type Read = { readonly file: RegistryFile; readonly whole: boolean };

function fromText(text: string): Read {
  return { file: assemble(salvageEntries(text)), whole: false };
}

function fromValue(value: unknown): Read {
  const read = registryFile.safeParse(value);
  if (!read.success) return fromText(JSON.stringify(value) ?? '');
  const entries = read.data.entries.map(readEntry).filter((entry) => entry !== undefined);
  const file = assemble(entries, read.data);
  return { file, whole: file.entries.length === read.data.entries.length };
}

/** One entry per id, and per server and account. */
function assemble(
  entries: readonly ServerEntry[],
  { primary, removing }: Pick<RegistryFile, 'primary' | 'removing'> = EMPTY,
): RegistryFile {
  const kept: ServerEntry[] = [];
  for (const entry of entries) {
    const known = kept.some(
      (other) =>
        other.id === entry.id || (entry.account !== null && sameAccount(other, entry.serverId, entry.account.id)),
    );
    if (!known) kept.push(entry);
  }
  return {
    version: 1,
    entries: kept,
    primary: kept.some((entry) => entry.id === primary) ? primary : (kept[0]?.id ?? null),
    removing,
  };
}

/** Whether an entry is that account on that server. */
export function sameAccount(entry: ServerEntry, serverId: string, account: string): boolean {
  return entry.serverId === serverId && entry.account?.id === account;
}

type Change = Deferred<void> & { readonly apply: (file: RegistryFile) => RegistryFile };

class StoredRegistry implements Registry {
  readonly #store: RegistryStore;
  readonly #file: Value<RegistryFile>;
  /** What is asked for while something is being stored is stored together next, each on top of the one before. */
  #waiting: Change[] = [];
  #storing: Promise<void> | undefined;
  /** What could not be read, until a copy of it is safe. */
  #aside: string | null;
  readonly fixed = false;
  readonly entries: Subscribable<readonly ServerEntry[]>;
  readonly primary: Subscribable<EntryId | undefined>;

  constructor(store: RegistryStore, { file, aside }: { file: RegistryFile; aside: string | null }) {
    this.#store = store;
    this.#aside = aside;
    this.#file = new Value(file);
    this.entries = derived([this.#file], ({ entries }) => entries);
    this.primary = derived([this.#file], ({ primary }) => primary ?? undefined);
  }

  add(entry: ServerEntry): Promise<void> {
    return this.#write((file) => {
      if (file.entries.length >= MOST_ENTRIES)
        throw new LocalError('limit_reached', `A list holds ${MOST_ENTRIES} servers at most.`);
      return { ...file, entries: [...file.entries, entry], primary: file.primary ?? entry.id };
    });
  }

  change(id: EntryId, changes: Partial<Omit<ServerEntry, 'id'>>): Promise<void> {
    return this.#write((file) => ({
      ...file,
      entries: file.entries.map((entry) => (entry.id === id ? { ...entry, ...changes } : entry)),
    }));
  }

  remove(id: EntryId): Promise<void> {
    return this.#write((file) => {
      const entries = file.entries.filter((entry) => entry.id !== id);
      const removing = [...file.removing.filter((other) => other !== id), id].slice(-MOST_REMOVING);
      return { ...file, entries, primary: file.primary === id ? (entries[0]?.id ?? null) : file.primary, removing };
    });
  }

  get removing(): readonly EntryId[] {
    return this.#file.get().removing;
  }

  erased(id: EntryId): Promise<void> {
    return this.#write((file) => ({ ...file, removing: file.removing.filter((other) => other !== id) }));
  }

  move(id: EntryId, toIndex: number): Promise<void> {
    return this.#write((file) => {
      const moved = file.entries.find((entry) => entry.id === id);
      if (moved === undefined) return file;
      const others = file.entries.filter((entry) => entry.id !== id);
      const index = Math.min(Math.max(0, Math.trunc(toIndex)), others.length);
      return { ...file, entries: [...others.slice(0, index), moved, ...others.slice(index)] };
    });
  }

  setPrimary(id: EntryId): Promise<void> {
    return this.#write((file) => (file.entries.some((entry) => entry.id === id) ? { ...file, primary: id } : file));
  }

  /** Sets aside what could not be read and stores what could. */
  mend(): Promise<void> {
    return this.#save(this.#file.get());
  }

  async #save(file: RegistryFile): Promise<void> {
    if (this.#aside !== null) await this.#store.setAside(this.#aside);
    this.#aside = null;
    await this.#store.save(file);
  }

  async settled(): Promise<void> {
    await this.#storing;
  }

  #write(apply: (file: RegistryFile) => RegistryFile): Promise<void> {
    const change: Change = { ...deferred<void>(), apply };
    this.#waiting.push(change);
    this.#storing ??= this.#storeAll();
    return change.promise;
  }

  async #storeAll(): Promise<void> {
    // What is asked for in the same turn belongs together, too.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const changes = this.#waiting;
      this.#waiting = [];
      await this.#storeTogether(changes);
    }
    // In the same turn as the look above: whatever is asked for from here on starts anew.
    this.#storing = undefined;
  }

  /** Stores, then tells: what is shown is never ahead of what a restart would find. */
  async #storeTogether(changes: readonly Change[]): Promise<void> {
    const before = this.#file.get();
    let file = before;
    const done: Change[] = [];
    for (const change of changes) {
      try {
        file = change.apply(file);
        done.push(change);
      } catch (error) {
        change.reject(error);
      }
    }
    try {
      if (file !== before) await this.#save(file);
      this.#file.set(file);
      for (const change of done) change.resolve();
    } catch (error) {
      for (const change of done) change.reject(error);
    }
  }
}
