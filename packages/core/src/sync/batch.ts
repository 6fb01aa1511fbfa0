import type { AccountId, ChannelId, Message } from '@skerry/protocol';
import type { Spans } from '../messages/spans.ts';
import { spanAt } from '../messages/spans.ts';
import type { StreamEvent } from './stream-event.ts';
import type { Dirty } from './persistence.ts';
import { type Change, type Tables, write } from './tables.ts';

export type MemberChange = {
  readonly channel: ChannelId;
  readonly n: number;
  readonly account: AccountId;
  readonly joined: boolean;
};

/** What a commit changed, for those who show it. */
export type Told = {
  readonly server: boolean;
  readonly accounts: boolean;
  readonly channels: boolean;
  readonly inbox: boolean;
  /** Made or changed, in the order of their events; those of channels in `reloaded` came after that. */
  readonly messages: ReadonlyMap<ChannelId, readonly Message[]>;
  readonly members: readonly MemberChange[];
  /** What the streams of encrypted channels said, in order. */
  readonly sealed: ReadonlyMap<ChannelId, readonly StreamEvent[]>;
  /** Items of events of machines, in order, as they came. */
  readonly machines: readonly unknown[];
  /** Channels whose messages must be asked for anew: what is shown of them may be wrong. `all`: the whole entry was. */
  readonly reloaded: ReadonlySet<ChannelId> | 'all';
};

/** Changes that are applied to the tables one after the other and written in one commit. */
export class Batch {
  readonly #tables: Tables;
  readonly dirty: Dirty = { accounts: new Set(), channels: new Set(), inbox: new Set() };
  readonly #messages = new Map<ChannelId, Message[]>();
  readonly #members: MemberChange[] = [];
  readonly #sealed = new Map<ChannelId, StreamEvent[]>();
  readonly #machines: unknown[] = [];
  readonly gone = new Map<ChannelId, Spans>();
  #reloaded: Set<ChannelId> | 'all' = new Set();
  #server = false;
  #isEmpty = true;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  add(change: Change): void {
    this.#isEmpty = false;
    write(this.#tables, change);
    switch (change.kind) {
      case 'server':
        this.#server = true;
        return;
      case 'account':
        this.dirty.accounts.add(change.value.id);
        return;
      case 'channel':
        this.dirty.channels.add(change.value.channel.id);
        return;
      case 'channelGone':
        this.dirty.channels.add(change.channel);
        return;
      case 'inbox':
        this.dirty.inbox.add(change.value.item.message.id);
        return;
      case 'inboxGone':
        this.dirty.inbox.add(change.message);
        return;
      case 'message': {
        const list = this.#messages.get(change.value.channel);
        if (list === undefined) this.#messages.set(change.value.channel, [change.value]);
        else list.push(change.value);
        return;
      }
      case 'member':
        this.#members.push(change);
        return;
      case 'sealed': {
        const list = this.#sealed.get(change.channel);
        if (list === undefined) this.#sealed.set(change.channel, [change.event]);
        else list.push(change.event);
        return;
      }
      case 'machines':
        this.#machines.push(change.item);
        return;
      case 'pagesGone':
        this.#messages.delete(change.channel);
        this.gone.set(change.channel, change.spans);
        if (this.#reloaded !== 'all') this.#reloaded.add(change.channel);
        return;
      case 'stream':
        return;
    }
  }

  /** Everything is new: all rows are written, and everybody asks anew. */
  replaced(): void {
    this.#isEmpty = false;
    this.#server = true;
    this.#reloaded = 'all';
  }

  /** Those whose place lies in what is stored; an older one that is not is loaded with its page. */
  stored(): ReadonlyMap<ChannelId, readonly Message[]> {
    const stored = new Map<ChannelId, Message[]>();
    for (const [id, list] of this.#messages) {
      const spans = this.#tables.channels.get(id)?.spans ?? [];
      stored.set(id, list.filter(({ n }) => spanAt(spans, n) !== undefined)); // prettier-ignore
    }
    return stored;
  }

  told(): Told {
    const whole = this.#reloaded === 'all';
    return {
      server: this.#server,
      accounts: whole || this.dirty.accounts.size > 0,
      channels: whole || this.dirty.channels.size > 0,
      inbox: whole || this.dirty.inbox.size > 0,
      messages: this.#messages,
      members: this.#members,
      sealed: this.#sealed,
      machines: this.#machines,
      reloaded: this.#reloaded,
    };
  }
}
