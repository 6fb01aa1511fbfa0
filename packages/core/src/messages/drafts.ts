import { type ChannelId, LIMITS } from '@skerry/protocol';
import type { Clock } from '../platform.ts';
import type { StateStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';

/** Written this long after the last key, since every write of the state is made durable. */
const WRITE_MS = 300;

type DraftState = Pick<StateStore, 'range' | 'commit'>;

/** What a person began to write, by channel. Survives restarts, resets and signing out. */
export class Drafts implements AsyncDisposable {
  readonly #state: DraftState;
  readonly #clock: Clock;
  readonly #texts = new Map<ChannelId, Value<string>>();
  readonly #unwritten = new Set<ChannelId>();
  #cancel: () => void = () => undefined;
  #writes: Promise<unknown> = Promise.resolve();
  /** Channels that have one. */
  readonly channels = new Value<ReadonlySet<ChannelId>>(new Set());

  constructor(state: DraftState, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.#state.range('drafts', {})) {
      const text = (value as { text?: unknown } | null)?.text;
      // What was typed since the start is newer.
      if (typeof key === 'string' && typeof text === 'string' && !this.#unwritten.has(key as ChannelId))
        this.#value(key as ChannelId).set(text);
    }
    this.#count();
  }

  of(channel: ChannelId): Subscribable<string> {
    return this.#value(channel);
  }

  all(): Record<string, string> {
    return Object.fromEntries(
      [...this.#texts].map(([channel, text]) => [channel, text.get()] as const).filter(([, text]) => text !== ''),
    );
  }

  /** Longer ones than a message may be are kept as well, up to ten times that. */
  set(channel: ChannelId, text: string): void {
    const value = this.#value(channel);
    const cut = text.slice(0, 10 * LIMITS.messageText);
    if (value.get() === cut) return;
    value.set(cut);
    this.#unwritten.add(channel);
    this.#count();
    this.#cancel();
    this.#cancel = this.#clock.after(WRITE_MS, () => void this.flush().catch(() => undefined));
  }

  /** @throws StoreFull, StoreBroken; what could not be written is tried again with the next one */
  flush(): Promise<void> {
    this.#cancel();
    const done = this.#writes.then(async () => {
      const channels = [...this.#unwritten];
      if (channels.length === 0) return;
      this.#unwritten.clear();
      const at = this.#clock.now();
      try {
        await this.#state.commit(
          channels.map((key) => {
            const text = this.#value(key).get();
            return text === '' ? { table: 'drafts', key, delete: true } : { table: 'drafts', key, value: { text, at } };
          }),
        );
      } catch (error) {
        for (const channel of channels) this.#unwritten.add(channel);
        throw error;
      }
    });
    this.#writes = done.catch(() => undefined);
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush().catch(() => undefined);
  }

  #value(channel: ChannelId): Value<string> {
    let value = this.#texts.get(channel);
    if (value === undefined) this.#texts.set(channel, (value = new Value('')));
    return value;
  }

  #count(): void {
    const now = new Set([...this.#texts].filter(([, text]) => text.get() !== '').map(([channel]) => channel));
    const old = this.channels.get();
    if (now.size !== old.size || [...now].some((channel) => !old.has(channel))) this.channels.set(now);
  }
}
