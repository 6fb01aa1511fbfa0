import type { AccountId, ChannelId, SealedKind } from '@skerry/protocol';
import type { ChannelRow } from '../sync/tables.ts';
import type { SealedDeps, Told } from './ports.ts';
import type { SealedStore } from './store.ts';

/** What a conversation was when it was first seen. */
type Pin = { readonly kind: SealedKind; readonly pair: readonly [AccountId, AccountId] | null };

/**
 * The server's word about channels, but for what a conversation is and whom a direct one is with: that stays as it was when
 * this device first saw it. Else a server could put somebody else in Ben's place, or call the channel one that isn't encrypted.
 */
export class Pins implements Told {
  readonly me: Told['me'];
  readonly account: Told['account'];
  readonly liveAt: Told['liveAt'];
  readonly readN: Told['readN'];
  readonly #told: Told;
  readonly #store: SealedStore;
  readonly #pins = new Map<ChannelId, Pin>();

  constructor({ told }: Pick<SealedDeps, 'told'>, store: SealedStore) {
    this.#told = told;
    this.#store = store;
    this.me = told.me;
    this.account = told.account;
    this.liveAt = told.liveAt;
    this.readN = told.readN;
  }

  /** Before anything else asks. */
  async load(): Promise<void> {
    for (const { key, value } of await this.#store.all<Pin>('set', 'pin')) this.#pins.set(key[2] as ChannelId, value);
  }

  /** Whether this device knows it as an encrypted conversation, whatever it is called now. */
  has(channel: ChannelId): boolean {
    return this.#pins.has(channel);
  }

  channel(id: ChannelId): ChannelRow | undefined {
    const row = this.#told.channel(id);
    return row && this.#pinned(row);
  }

  *channels(): Iterable<ChannelRow> {
    for (const row of this.#told.channels()) yield this.#pinned(row);
  }

  listen(listener: Parameters<Told['listen']>[0]): () => void {
    return this.#told.listen(listener);
  }

  #pinned(row: ChannelRow): ChannelRow {
    const { channel } = row;
    const pin = this.#pins.get(channel.id) ?? this.#pin(row);
    if (pin === undefined || (channel.sealed === pin.kind && samePair(channel.pair, pin.pair))) return row;
    const { pair: _pair, ...rest } = channel;
    const as = {
      ...rest,
      sealed: pin.kind,
      ...(pin.pair === null ? {} : { pair: [...pin.pair] as typeof channel.pair & {} }),
    };
    return { ...row, channel: as };
  }

  #pin({ channel, member }: ChannelRow): Pin | undefined {
    if (channel.sealed === undefined || !member) return undefined;
    const pin: Pin = { kind: channel.sealed, pair: channel.pair ?? null };
    this.#pins.set(channel.id, pin);
    // Where it cannot be kept, it holds until the end of this run.
    this.#store.commit((draft) => draft.set(['set', 'pin', channel.id], pin)).catch(() => undefined);
    return pin;
  }
}

function samePair(a: readonly AccountId[] | undefined, b: Pin['pair']): boolean {
  return (a ?? []).join() === (b ?? []).join();
}
