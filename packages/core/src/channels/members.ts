import { type AccountId, type ChannelId, LIMITS } from '@skerry/protocol';
import type { Subscribable } from '../subscribable.ts';
import type { MemberChange, Told } from '../sync/batch.ts';
import type { EntryApi } from '../sync/entry.ts';
import type { Replica } from '../sync/replica.ts';
import { Value } from '../value.ts';

type Asked = {
  readonly value: Value<readonly AccountId[] | undefined>;
  /** Number of the channel's stream up to which the value is right; undefined while it is asked for. */
  head: number | undefined;
  isAsking: boolean;
  /** What happened while it was asked for. */
  readonly meanwhile: MemberChange[];
};

/** Lists of the channels somebody looked at lately; the others are asked for again. */
const MAX_ASKED = 20;

/** Who is in a channel: asked for once somebody wants to know, then kept up by the channel's events. */
export class Members {
  readonly #replica: Replica;
  readonly #api: EntryApi;
  readonly #live: Subscribable<boolean>;
  readonly #signal: AbortSignal;
  readonly #channels = new Map<ChannelId, Asked>();

  constructor(deps: { replica: Replica; api: EntryApi; live: Subscribable<boolean>; signal: AbortSignal }) {
    this.#replica = deps.replica;
    this.#api = deps.api;
    this.#live = deps.live;
    this.#signal = deps.signal;
    deps.replica.listen((told) => this.#told(told));
    deps.live.subscribe(() => this.#askMissing());
  }

  of(channel: ChannelId): Subscribable<readonly AccountId[] | undefined> {
    const asked = this.#channels.get(channel) ?? {
      value: new Value<readonly AccountId[] | undefined>(undefined),
      head: undefined,
      isAsking: false,
      meanwhile: [],
    };
    // The one looked at last goes to the end.
    this.#channels.delete(channel);
    this.#channels.set(channel, asked);
    const [oldest] = this.#channels.keys();
    if (this.#channels.size > MAX_ASKED && oldest !== undefined) this.#channels.delete(oldest);
    if (asked.head === undefined && this.#live.get()) void this.#ask(channel, asked);
    return asked.value;
  }

  #told(told: Told): void {
    for (const change of told.members) {
      const asked = this.#channels.get(change.channel);
      if (asked === undefined) continue;
      if (asked.head === undefined) asked.meanwhile.push(change);
      else apply(asked, change);
    }
    for (const [channel, asked] of this.#channels) {
      if (told.reloaded === 'all' || told.reloaded.has(channel)) asked.head = undefined;
    }
    if (told.reloaded === 'all' || told.reloaded.size > 0) this.#askMissing();
  }

  #askMissing(): void {
    if (!this.#live.get()) return;
    for (const [channel, asked] of this.#channels) if (asked.head === undefined) void this.#ask(channel, asked);
  }

  async #ask(channel: ChannelId, asked: Asked): Promise<void> {
    if (asked.isAsking) return;
    if (this.#replica.tables.channels.get(channel)?.member !== true) return asked.value.set(undefined);
    const { reloads } = this.#replica;
    asked.meanwhile.length = 0;
    asked.isAsking = true;
    try {
      const { head, accounts } = await this.#api.members(channel, this.#signal);
      if (reloads === this.#replica.reloads) {
        asked.value.set([...new Set(accounts)]);
        asked.head = head;
        for (const change of asked.meanwhile) apply(asked, change);
      }
    } catch {
      // Asked again with the next connection; until then the list stays what it was.
    } finally {
      asked.isAsking = false;
    }
    // Everything was replaced meanwhile.
    if (asked.head === undefined && reloads !== this.#replica.reloads) this.#askMissing();
  }
}

function apply(asked: Asked, { n, account, joined }: MemberChange): void {
  if (asked.head === undefined || n <= asked.head) return;
  asked.head = n;
  asked.value.update((accounts = []) => {
    if (accounts.includes(account) === joined) return accounts;
    if (!joined) return accounts.filter((one) => one !== account);
    return accounts.length < LIMITS.accountsPerServer ? [...accounts, account] : accounts;
  });
}
