import type { ChannelId, Position, Snapshot } from '@skerry/protocol';
import { Pages } from '../messages/pages.ts';
import type { Clock } from '../platform.ts';
import { memoryCache } from '../stores/memory-tables.ts';
import { type CacheStore, StoreFull } from '../stores/stores.ts';
import { Batch, type Told } from './batch.ts';
import { loadTables, type Standing, writesOf } from './persistence.ts';
import { forgotten, type KeptPages, tablesOf } from './snapshot.ts';
import { type Change, emptyTables, type Tables } from './tables.ts';

export type ReplicaDeps = {
  /** Asked a second time when it was broken, since then an empty one is there. */
  readonly openCache: () => Promise<CacheStore>;
  readonly clock: Clock;
  readonly onProblem: (what: 'rebuilt' | 'full') => void;
};

/**
 * The stored copy of one server's state. Work on it is done one piece after the other; each piece changes the tables,
 * writes them together with the cursor in one commit, and only then tells. So the cursor is never ahead of what is
 * stored (I5), and a window that is read in such a piece can't miss a change.
 *
 * The cache can fail at any time. Then it is emptied and written anew from memory, or left for one in memory; nothing is
 * lost that the server cannot give again.
 */
export class Replica {
  readonly #deps: ReplicaDeps;
  readonly tables: Tables = emptyTables();
  readonly pages = new Pages(() => this.#cache);
  #cache: CacheStore = memoryCache();
  #standing: Standing = { cursor: null, liveAt: null, isAhead: false };
  #isAhead = false;
  /** Channels of which a page is newer than what was applied of their stream, and by how much. */
  readonly #pagesAhead = new Map<ChannelId, number>();
  #tail: Promise<unknown> = Promise.resolve();
  readonly #listeners = new Set<(told: Told) => void>();
  #reloads = 0;
  #isClosed = false;

  constructor(deps: ReplicaDeps) {
    this.#deps = deps;
  }

  /** The position up to which everything is stored. */
  get cursor(): Position | null {
    return this.#standing.cursor;
  }

  /** Where the server may go on from; null when only a snapshot is sure to give the right state. */
  get resumable(): Position | null {
    return this.#standing.isAhead ? null : this.#standing.cursor;
  }

  /** Events that came after the cursor were applied. */
  get isAhead(): boolean {
    return this.#isAhead;
  }

  get liveAt(): number | null {
    return this.#standing.liveAt;
  }

  /** Counts up with each snapshot: an answer that was asked for before it may be older than what the tables say. */
  get reloads(): number {
    return this.#reloads;
  }

  /** @returns the end of listening */
  listen(listener: (told: Told) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** First paint: everything but the messages, in one go. */
  load(): Promise<void> {
    return this.exclusive(async () => {
      this.#cache = await this.#open();
      const loaded = await loadTables(this.#cache).catch(() => 'unreadable' as const);
      if (loaded === 'unreadable') await this.#rebuild('rebuilt');
      if (typeof loaded === 'string') return;
      Object.assign(this.tables, loaded.tables);
      this.#standing = loaded.standing;
      this.#isAhead = loaded.standing.isAhead;
      const batch = new Batch(this.tables);
      batch.replaced();
      this.#tell(batch.told());
    });
  }

  /** Does a piece of work when those before it are done. Its failure is the caller's; the ones after it are done anyway. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  batch(): Batch {
    return new Batch(this.tables);
  }

  /** A page shows the channel as it was at `head` of its stream. Only inside of {@link exclusive}, before its commit. */
  pageRead(channel: ChannelId, head: number): void {
    if (head > (this.#pagesAhead.get(channel) ?? 0)) this.#pagesAhead.set(channel, head);
  }

  /**
   * Writes a batch and where it leads to, then tells. Only inside of {@link exclusive}.
   * @param standing.isAhead set by who applies events: some of them came after the cursor
   */
  async commit(batch: Batch, standing: Partial<Standing> = {}): Promise<void> {
    // What comes after the end is given again by the server.
    if (this.#isClosed) return;
    this.#isAhead = standing.isAhead ?? this.#isAhead;
    for (const [channel, head] of this.#pagesAhead)
      if ((this.tables.channels.get(channel)?.head ?? head) >= head) this.#pagesAhead.delete(channel);
    const next = { ...this.#standing, ...standing, isAhead: this.#isAhead || this.#pagesAhead.size > 0 };
    if (batch.isEmpty && Object.keys(standing).length === 0) return;
    try {
      const pages = await this.pages.stage(batch.stored(), batch.gone);
      await this.#cache.commit([...pages, ...writesOf(this.tables, next, batch.dirty)]);
      this.pages.settle(true);
      this.#standing = next;
    } catch (error) {
      this.pages.settle(false);
      this.#standing = next;
      await this.#rebuild(error instanceof StoreFull ? 'full' : 'rebuilt', batch);
    }
    this.#tell(batch.told());
  }

  /** Applies changes made up by the caller, in a commit of their own. Only inside of {@link exclusive}. */
  async change(changes: readonly Change[]): Promise<void> {
    const batch = this.batch();
    for (const change of changes) batch.add(change);
    await this.commit(batch);
  }

  /** Puts a snapshot in place of the tables and the cursor, in one commit. Only inside of {@link exclusive}. */
  async replace(snapshot: Snapshot, kept: KeptPages): Promise<void> {
    const now = this.#deps.clock.now();
    const old = { ...this.tables };
    const next = tablesOf(snapshot, old, { kept, now });
    this.#reloads += 1;
    Object.assign(this.tables, next);
    const batch = this.batch();
    for (const { channel, spans } of forgotten(old, next)) batch.add({ kind: 'pagesGone', channel: channel.id, spans });
    batch.replaced();
    addKeys(batch.dirty.accounts, changedKeys(old.accounts, next.accounts));
    addKeys(batch.dirty.channels, changedKeys(old.channels, next.channels));
    addKeys(batch.dirty.inbox, changedKeys(old.inbox, next.inbox));
    this.#pagesAhead.clear();
    await this.commit(batch, { cursor: snapshot.asOf, liveAt: now, isAhead: false });
  }

  /** A row beside the tables: the server can give it again, and it goes when the cache is emptied. */
  aside(name: string): Promise<unknown> {
    return this.exclusive(async () => (await this.#cache.get('aside', name))?.value);
  }

  /** @param value undefined deletes the row. @throws what the store throws; then the row is as it was */
  setAside(name: string, value: unknown): Promise<void> {
    const at = { table: 'aside', key: name };
    return this.exclusive(async () => {
      if (!this.#isClosed) await this.#cache.commit([value === undefined ? { ...at, delete: true } : { ...at, value }]);
    });
  }

  /** Bytes the cache uses, where that can be told. */
  async size(): Promise<number | null> {
    return this.#cache.size().catch(() => null);
  }

  /** Waits for the work that was asked for and closes the cache. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.exclusive(async () => {
      this.#isClosed = true;
      await this.#cache[Symbol.asyncDispose]();
    });
    this.#listeners.clear();
  }

  #tell(told: Told): void {
    for (const listener of [...this.#listeners]) listener(told);
  }

  async #open(): Promise<CacheStore> {
    try {
      return await this.#deps.openCache();
    } catch {
      this.#deps.onProblem('rebuilt');
      return this.#deps.openCache().catch(() => memoryCache());
    }
  }

  /** Writes everything anew into an emptied cache, else into one in memory. The stored messages are gone by that. */
  async #rebuild(what: 'rebuilt' | 'full', batch: Batch = this.batch()): Promise<void> {
    this.#deps.onProblem(what);
    this.#reloads += 1;
    for (const row of this.tables.channels.values()) batch.add({ kind: 'channel', value: { ...row, spans: [] } });
    batch.replaced();
    const { accounts, channels, inbox } = this.tables;
    const dirty = {
      accounts: new Set(accounts.keys()),
      channels: new Set(channels.keys()),
      inbox: new Set(inbox.keys()),
    };
    const writes = this.tables.server === null ? [] : writesOf(this.tables, this.#standing, dirty);
    try {
      await this.#cache.clear();
      await this.#cache.commit(writes);
    } catch {
      const broken = this.#cache;
      this.#cache = memoryCache();
      await Promise.resolve(broken[Symbol.asyncDispose]()).catch(() => undefined);
      await this.#cache.commit(writes);
    }
  }
}

/** Keys whose value is not the same in both, by content. */
function changedKeys<K extends string, V>(old: ReadonlyMap<K, V>, next: ReadonlyMap<K, V>): K[] {
  const changed = [...next].filter(
    ([key, value]) => !old.has(key) || JSON.stringify(old.get(key)) !== JSON.stringify(value),
  );
  return [...changed.map(([key]) => key), ...[...old.keys()].filter((key) => !next.has(key))];
}

function addKeys(set: Set<string>, keys: readonly string[]): void {
  for (const key of keys) set.add(key);
}
