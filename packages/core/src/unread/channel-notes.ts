import type { ChannelId } from '@skerry/protocol';
import type { Clock } from '../platform.ts';
import type { StateStore } from '../stores/stores.ts';
import { Value } from '../value.ts';

/** What a person noted about a channel on this device; no server knows of it. */
export type ChannelNote = {
  /** The first message that counts as unread again. */
  readonly unreadFrom: number | null;
  /** Unix milliseconds; null for good, undefined when it is not muted. */
  readonly mutedUntil?: number | null;
};

const NONE: ChannelNote = { unreadFrom: null };

/**
 * Marks of a person's own, by channel: "unread from here", since a server's marker never moves back (L-12), and muting
 * with its end. In strict storage, so they survive restarts and resets.
 */
export class ChannelNotes implements Disposable {
  readonly #state: Pick<StateStore, 'range' | 'commit'>;
  readonly #clock: Clock;
  readonly #notes = new Map<ChannelId, ChannelNote>();
  /** When each mark was made, counted in openings: whoever looks at the channel since before does not end it. */
  readonly #markedAt = new Map<ChannelId, number>();
  #openings = 0;
  #cancel: () => void = () => undefined;
  /** Counts up with every change. */
  readonly changed = new Value(0);

  constructor(state: Pick<StateStore, 'range' | 'commit'>, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.#state.range('notes', {})) {
      const note = readNote(value);
      if (typeof key === 'string' && note !== undefined && !this.#notes.has(key as ChannelId))
        this.#notes.set(key as ChannelId, note);
    }
    this.#plan();
    this.#tell();
  }

  of(channel: ChannelId): ChannelNote {
    return this.#notes.get(channel) ?? NONE;
  }

  isMuted(channel: ChannelId): boolean {
    const { mutedUntil } = this.of(channel);
    return mutedUntil === null || (mutedUntil !== undefined && mutedUntil > this.#clock.now());
  }

  /** Somebody begins to look at a channel. @returns to be handed to {@link seen} */
  opened(): number {
    this.#openings += 1;
    return this.#openings;
  }

  /** Everything from `n` on counts as unread. @throws StoreFull, StoreBroken; then nothing has changed */
  async markUnread(channel: ChannelId, n: number): Promise<void> {
    this.#markedAt.set(channel, this.#openings);
    await this.#set(channel, { ...this.of(channel), unreadFrom: n });
  }

  /** Something of the channel was seen in that opening: a mark from before it is over. */
  seen(channel: ChannelId, opening: number): void {
    if (this.of(channel).unreadFrom === null || (this.#markedAt.get(channel) ?? 0) >= opening) return;
    // If this write is lost the mark is there once more after a restart.
    this.read(channel).catch(() => undefined);
  }

  async read(channel: ChannelId): Promise<void> {
    if (this.of(channel).unreadFrom !== null) await this.#set(channel, { ...this.of(channel), unreadFrom: null });
  }

  /** @param until Unix milliseconds, null for good, undefined to end it. @throws StoreFull, StoreBroken */
  async mute(channel: ChannelId, until: number | null | undefined): Promise<void> {
    const { unreadFrom } = this.of(channel);
    await this.#set(channel, until === undefined ? { unreadFrom } : { unreadFrom, mutedUntil: until });
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  async #set(channel: ChannelId, note: ChannelNote): Promise<void> {
    const at = { table: 'notes', key: channel };
    const isEmpty = note.unreadFrom === null && note.mutedUntil === undefined;
    await this.#state.commit([isEmpty ? { ...at, delete: true } : { ...at, value: note }]);
    if (isEmpty) this.#notes.delete(channel);
    else this.#notes.set(channel, note);
    this.#plan();
    this.#tell();
  }

  /** The next end of a muting is told of when it comes. */
  #plan(): void {
    this.#cancel();
    const now = this.#clock.now();
    const ends = [...this.#notes.values()].flatMap(({ mutedUntil }) =>
      typeof mutedUntil === 'number' && mutedUntil > now ? [mutedUntil] : [],
    );
    this.#cancel =
      ends.length === 0
        ? () => undefined
        : this.#clock.after(Math.min(...ends) - now, () => {
            this.#plan();
            this.#tell();
          });
  }

  #tell(): void {
    this.changed.update((count) => count + 1);
  }
}

function readNote(value: unknown): ChannelNote | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { unreadFrom, mutedUntil } = value as Record<string, unknown>;
  if (unreadFrom !== null && !Number.isSafeInteger(unreadFrom)) return undefined;
  if (mutedUntil !== undefined && mutedUntil !== null && !Number.isSafeInteger(mutedUntil)) return undefined;
  const from = unreadFrom as number | null;
  return mutedUntil === undefined
    ? { unreadFrom: from }
    : { unreadFrom: from, mutedUntil: mutedUntil as number | null };
}
