import { type AccountId, type InboxState, LIMITS, type MessageId } from '@skerry/protocol';
import { Value } from '../value.ts';
import type { InboxItemView } from '../views.ts';
import type { SealedDeps } from './ports.ts';
import { type SealedRow, viewOf } from './rows.ts';
import type { Draft, SealedStore } from './store.ts';

/** As it is kept; the message itself is a row. */
type Kept = {
  readonly reason: InboxItemView['reason'];
  readonly state: InboxState;
  /** Device time at which it was first heard of. */
  readonly arrivedAt: number;
};
export type SealedInboxEntry = { readonly item: InboxItemView; readonly arrivedAt: number };

/** What of encrypted conversations needs the person: the server cannot know, so it is found and kept here. */
export class SealedInbox {
  readonly #deps: SealedDeps;
  readonly #store: SealedStore;
  readonly #entries = new Map<MessageId, SealedInboxEntry>();
  readonly #value = new Value<readonly SealedInboxEntry[]>([]);

  constructor(deps: SealedDeps, store: SealedStore) {
    this.#deps = deps;
    this.#store = store;
    store.listen((told) => {
      let isChanged = false;
      for (const views of told.values()) {
        for (const message of views) {
          const known = this.#entries.get(message.id);
          if (known === undefined) continue;
          this.#entries.set(message.id, { ...known, item: { ...known.item, message } });
          isChanged = true;
        }
      }
      if (isChanged) this.#tell();
    });
  }

  get entries(): Value<readonly SealedInboxEntry[]> {
    return this.#value;
  }

  has(id: MessageId): boolean {
    return this.#entries.has(id);
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.#store.all<Kept>('inbox')) {
      const row = await this.#store.row(key[1] as MessageId);
      if (row !== undefined) this.#entries.set(row.id, entryOf(row, value));
    }
    this.#tell();
  }

  /**
   * Puts what came into the inbox where it concerns the person, as part of the commit that keeps it.
   * @returns what to call once that is done
   */
  async consider(draft: Draft, row: SealedRow): Promise<() => void> {
    const reason = await this.#reason(draft, row);
    if (reason === undefined || this.#entries.has(row.id)) return () => undefined;
    const kept: Kept = { reason, state: 'open', arrivedAt: this.#deps.clock.now() };
    draft.set(['inbox', row.id], kept);
    const least = this.#least();
    if (least !== undefined) draft.set(['inbox', least], undefined);
    return () => {
      if (least !== undefined) this.#entries.delete(least);
      this.#entries.set(row.id, entryOf(row, kept));
      this.#tell();
    };
  }

  /** @returns false when it is not an item of this inbox */
  async set(id: MessageId, state: InboxState): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    const { reason } = entry.item;
    await this.#store.commit((draft) => draft.set(['inbox', id], { reason, state, arrivedAt: entry.arrivedAt }));
    this.#entries.set(id, { ...entry, item: { ...entry.item, state } });
    this.#tell();
    return true;
  }

  async #reason(draft: Draft, row: SealedRow): Promise<Kept['reason'] | undefined> {
    const { told } = this.#deps;
    const me = told.me();
    if (row.author === me || row.erased || row.post === null || row.n <= told.readN(row.channel)) return undefined;
    if (row.post.mentions.includes(me as AccountId)) return 'mention';
    const answered = row.post.replyTo === null ? undefined : await draft.row(row.post.replyTo);
    if (answered?.author === me) return 'reply';
    return told.channel(row.channel)?.channel.sealed === 'direct' ? 'direct' : undefined;
  }

  /** A full one lets go of what is done, then of what is oldest. */
  #least(): MessageId | undefined {
    if (this.#entries.size < LIMITS.inboxItems) return undefined;
    const weight = ({ item, arrivedAt }: SealedInboxEntry): number =>
      item.state === 'done' ? arrivedAt - Number.MAX_SAFE_INTEGER : arrivedAt;
    const [first] = [...this.#entries.values()].sort((a, b) => weight(a) - weight(b));
    return first?.item.message.id;
  }

  #tell(): void {
    this.#value.set([...this.#entries.values()]);
  }
}

function entryOf(row: SealedRow, { reason, state, arrivedAt }: Kept): SealedInboxEntry {
  return { item: { message: viewOf(row), reason, state, rev: row.rev }, arrivedAt };
}
