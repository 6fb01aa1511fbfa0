import type { Change } from '@skerry/crypto';
import type { ChannelId, MessageId } from '@skerry/protocol';
import { type KeyStorage, rowName } from '../keys/ports.ts';
import type { Key, Row, StateStore, Write } from '../stores/stores.ts';
import { type SealedRow, type SealedView, viewOf } from './rows.ts';

/** The table of the State store everything of encrypted conversations lies in. Its rows are sealed one by one. */
const TABLE = 'sealed';

/**
 * The first part of each key.
 * `row` channel n: a place of a timeline · `at` message: where it lies · `read` channel: how far its stream was taken ·
 * `late` target n: a change whose target isn't here yet · `wait` message: what cannot be read yet · `own` channel n: said
 * from here, for sending it again · `group` channel: its verified chain · `inbox` message · `draft` channel · `set` name
 */
export type Part = 'row' | 'at' | 'read' | 'late' | 'wait' | 'own' | 'group' | 'inbox' | 'draft' | 'set' | Device;
/**
 * Of this device alone, never part of a backup: `out` order: what waits to be sent · `queue`: how far its queue was read ·
 * `machine` device n, `agent` device run n: keys of a machine and of its runs, which it hands to each device.
 */
type Device = 'out' | 'queue' | 'machine' | 'agent';

export type SealedKey = readonly [Part, ...(string | number)[]];

/** Lengths of stretches, in places for each row that is wanted. */
const STRETCHES = [2, 16];

const recordName = (key: SealedKey): string => rowName(TABLE, key);

/** What a commit changed in timelines, by channel. */
export type RowsTold = ReadonlyMap<ChannelId, readonly SealedView[]>;

/** Changes that go into one commit; what was changed in here reads as changed. */
export class Draft {
  readonly #store: SealedStore;
  readonly #values = new Map<string, { readonly key: SealedKey; readonly value: unknown }>();
  readonly #rows = new Map<MessageId, SealedRow>();

  constructor(store: SealedStore) {
    this.#store = store;
  }

  async get<T>(...key: SealedKey): Promise<T | undefined> {
    const changed = this.#values.get(recordName(key));
    return changed === undefined ? this.#store.get<T>(...key) : (changed.value as T | undefined);
  }

  /** Deletes where the value is undefined. */
  set(key: SealedKey, value: unknown): void {
    this.#values.set(recordName(key), { key, value });
  }

  async row(id: MessageId): Promise<SealedRow | undefined> {
    const at = await this.get<readonly [ChannelId, number]>('at', id);
    return at && (await this.get<SealedRow>('row', ...at));
  }

  put(row: SealedRow): void {
    this.set(['row', row.channel, row.n], row);
    this.set(['at', row.id], [row.channel, row.n]);
    this.#rows.set(row.id, row);
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  writes(seal: (name: string, value: unknown) => unknown): Write[] {
    return [...this.#values].map(([name, { key, value }]) =>
      value === undefined ? { table: TABLE, key, delete: true } : { table: TABLE, key, value: seal(name, value) },
    );
  }

  told(): RowsTold {
    const told = new Map<ChannelId, SealedView[]>();
    for (const row of this.#rows.values()) told.set(row.channel, [...(told.get(row.channel) ?? []), viewOf(row)]);
    return told;
  }
}

/**
 * What this device keeps of encrypted conversations, sealed at rest. Commits and readings of timelines take turns, so that
 * what is shown and what is told later fit together; each commit may carry what a ratchet changed.
 */
export class SealedStore {
  readonly #state: StateStore;
  readonly #storage: KeyStorage;
  readonly #listeners = new Set<(told: RowsTold) => void>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: { state: StateStore; storage: KeyStorage }) {
    this.#state = deps.state;
    this.#storage = deps.storage;
  }

  /** @returns the end of listening */
  listen(listener: (told: RowsTold) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Nothing is committed while this runs. It must wait for no ratchet: those wait for commits. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /**
   * Reads, changes and writes in one turn and one commit, together with what a ratchet changed; then tells.
   * @throws what the work or the store throws; then nothing has changed
   */
  commit<T>(work: (draft: Draft) => Promise<T> | T, changes: readonly Change[] = []): Promise<T> {
    return this.exclusive(async () => {
      const draft = new Draft(this);
      const result = await work(draft);
      if (draft.isEmpty && changes.length === 0) return result;
      const writes = draft.writes((name, value) => this.#storage.sealJson(name, value));
      await this.#storage.commit(changes, writes);
      const told = draft.told();
      if (told.size > 0) for (const listener of [...this.#listeners]) listener(told);
      return result;
    });
  }

  /** A record that cannot be opened counts as none: one that was changed on the disk must not stop everything. */
  async get<T>(...key: SealedKey): Promise<T | undefined> {
    const row = await this.#state.get(TABLE, key);
    return row && this.#open<T>(key, row.value);
  }

  /** All records of a kind, in the order of their keys. */
  async all<T>(...prefix: SealedKey): Promise<readonly { readonly key: SealedKey; readonly value: T }[]> {
    const last: Key = [...prefix, '\uffff'];
    const found: { key: SealedKey; value: T }[] = [];
    for (const { key, value } of await this.#state.range(TABLE, { from: prefix, to: last })) {
      const read = this.#open<T>(key as SealedKey, value);
      if (read !== undefined) found.push({ key: key as SealedKey, value: read });
    }
    return found;
  }

  /** Up to `limit` places with `from` <= n <= `to`, in order: those nearest to `to`, or with `oldest` those nearest to `from`. */
  async rows(
    channel: ChannelId,
    part: { from: number; to: number; limit: number; oldest?: boolean },
  ): Promise<readonly SealedRow[]> {
    const { from, to, limit, oldest = false } = part;
    if (to < from) return [];
    const stored = oldest
      ? await this.#places(channel, { from, to, limit })
      : await this.#newestPlaces(channel, { from, to, limit });
    return stored.flatMap(({ key, value }) => {
      const row = this.#open<SealedRow>(key as SealedKey, value);
      return row === undefined ? [] : [row];
    });
  }

  /**
   * The last of them, in order. A storage that goes backwards does so step by step, which takes many times as long as being
   * asked for a stretch at once. Places lie close together, so a stretch is guessed, and gone through backwards only where
   * that finds too little.
   */
  async #newestPlaces(channel: ChannelId, part: { from: number; to: number; limit: number }): Promise<readonly Row[]> {
    const { from, to, limit } = part;
    const [last] = await this.#places(channel, { from, to, limit: 1, reverse: true });
    if (last === undefined) return [];
    const end = (last.key as SealedKey)[2] as number;
    for (const length of STRETCHES) {
      const start = Math.max(from, end - length * limit);
      const found = await this.#places(channel, { from: start, to: end });
      if (found.length >= limit || start === from) return found.slice(-limit);
    }
    return (await this.#places(channel, { from, to, limit, reverse: true })).toReversed();
  }

  #places(
    channel: ChannelId,
    { from, to, ...rest }: { from: number; to: number; limit?: number; reverse?: boolean },
  ): Promise<readonly Row[]> {
    return this.#state.range(TABLE, { from: ['row', channel, from], to: ['row', channel, to], ...rest });
  }

  async row(id: MessageId): Promise<SealedRow | undefined> {
    const at = await this.get<readonly [ChannelId, number]>('at', id);
    return at && this.get<SealedRow>('row', ...at);
  }

  #open<T>(key: SealedKey, sealed: unknown): T | undefined {
    try {
      return this.#storage.openJson(recordName(key), sealed as Uint8Array) as T;
    } catch {
      return undefined;
    }
  }
}
