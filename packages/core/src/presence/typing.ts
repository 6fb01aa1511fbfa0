import { type AccountId, type ChannelId, type DownOf, TIMES } from '@skerry/protocol';
import type { Clock } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';

/** Own notices leave at most this often, so that the others' six seconds don't run out while one goes on. */
const NOTICE_MS = 3_000;
/** More names than this are never shown, so no more are kept. */
const MAX_TYPING = 50;

/** Who is typing where, each forgotten after a few seconds; and when to tell of oneself. */
export class Typing {
  readonly #clock: Clock;
  readonly #channels = new Map<ChannelId, Value<readonly AccountId[]>>();
  /** Ends of waiting, by channel and account. */
  readonly #expiries = new Map<string, () => void>();
  readonly #toldAt = new Map<ChannelId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  in(channel: ChannelId): Subscribable<readonly AccountId[]> {
    return this.#value(channel);
  }

  heard({ channel, account }: DownOf<'typing'>): void {
    const value = this.#value(channel);
    if (!value.get().includes(account)) {
      if (value.get().length >= MAX_TYPING) return;
      value.update((accounts) => [...accounts, account]);
    }
    const key = keyOf(channel, account);
    this.#expiries.get(key)?.();
    this.#expiries.set(
      key,
      this.#clock.after(TIMES.typingMs, () => this.stopped(channel, account)),
    );
  }

  /** A message of theirs arrived, or nothing did for long enough. */
  stopped(channel: ChannelId, account: AccountId): void {
    const key = keyOf(channel, account);
    this.#expiries.get(key)?.();
    if (!this.#expiries.delete(key)) return;
    this.#value(channel).update((accounts) => accounts.filter((one) => one !== account));
  }

  /** @returns whether the others should be told now that the person types */
  shouldTell(channel: ChannelId): boolean {
    const now = this.#clock.now();
    const last = this.#toldAt.get(channel);
    if (last !== undefined && now >= last && now - last < NOTICE_MS) return false;
    this.#toldAt.set(channel, now);
    return true;
  }

  /** The next message is another one: it is told of at once. */
  sent(channel: ChannelId): void {
    this.#toldAt.delete(channel);
  }

  clear(): void {
    for (const cancel of this.#expiries.values()) cancel();
    this.#expiries.clear();
    for (const value of this.#channels.values()) if (value.get().length > 0) value.set([]);
  }

  #value(channel: ChannelId): Value<readonly AccountId[]> {
    let value = this.#channels.get(channel);
    if (value === undefined) this.#channels.set(channel, (value = new Value<readonly AccountId[]>([])));
    return value;
  }
}

function keyOf(channel: ChannelId, account: AccountId): string {
  return `${channel} ${account}`;
}
