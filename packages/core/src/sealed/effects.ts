import { type ChannelId, type MessageId, uuidv7 } from '@skerry/protocol';
import type { Content } from './content.ts';
import type { GroupBook } from './group-book.ts';
import type { SealedInbox } from './inbox.ts';
import type { SealedDeps } from './ports.ts';
import { lineOf, placeOf, type SealedRow, type Shell, withChange, withPost } from './rows.ts';
import type { Draft, SealedStore } from './store.ts';

/** Changes of messages that may still come wait for them this long. */
const LATE_MS = 24 * 3_600_000;
/** Own messages of a conversation that can be sent again. */
const OWN_KEPT = 50;

type Late = { readonly shell: Pick<Shell, 'n' | 'at' | 'author'>; readonly said: Content['said'] };
type Own = { readonly content: Content; readonly at: number };

/** What the contents of messages do to what is kept. The same whoever said it, and in whatever order it comes. */
export class Effects {
  readonly #deps: SealedDeps;
  readonly #store: SealedStore;
  readonly #inbox: SealedInbox;
  readonly #groups: GroupBook;

  constructor(deps: SealedDeps, parts: { store: SealedStore; inbox: SealedInbox; groups: GroupBook }) {
    this.#deps = deps;
    this.#store = parts.store;
    this.#inbox = parts.inbox;
    this.#groups = parts.groups;
  }

  /**
   * Applies what was said, as part of a commit.
   * @param shell the place the server gave it
   * @returns what to call once that is done
   */
  async apply(draft: Draft, shell: Shell, content: Content): Promise<() => void> {
    draft.set(['wait', shell.id], undefined);
    const { said } = content;
    switch (said.what) {
      case 'post':
        return this.#post(draft, shell, said);
      case 'edit':
      case 'react':
      case 'erase':
        return this.#change(draft, shell, content);
      case 'name':
        return this.#name(draft, shell, said.name);
    }
  }

  /** Puts a message into its place, with the changes that came before it. */
  async place(draft: Draft, given: SealedRow): Promise<SealedRow> {
    let row = given;
    for (const { key, value } of await this.#store.all<Late>('late', row.id)) {
      row = withChange(row, value.shell, value.said);
      draft.set(key, undefined);
    }
    await this.#makeRoom(draft, row);
    draft.put(row);
    return row;
  }

  /** A server that went back to a backup gives a place a second time: what was said there first moves a little up. */
  async #makeRoom(draft: Draft, { channel, n, id }: SealedRow): Promise<void> {
    const there = await draft.get<SealedRow>('row', channel, n);
    if (there === undefined || there.id === id) return;
    let free = n - 0.3;
    while ((await draft.get('row', channel, free)) !== undefined) free += 1e-6;
    draft.put({ ...there, n: free });
  }

  /** Said from this device: kept for a while, should somebody need it again. */
  async keepOwn(draft: Draft, shell: Shell, content: Content): Promise<void> {
    const { channel, n, at } = shell;
    const own: Own = { content, at };
    draft.set(['own', channel, n], own);
    const all = await this.#store.all<Own>('own', channel);
    for (const { key } of all.slice(0, Math.max(0, all.length + 1 - OWN_KEPT))) draft.set(key, undefined);
    if (content.said.what !== 'erase') return;
    for (const { key, value } of all)
      if (value.content.id === content.target || value.content.target === content.target) draft.set(key, undefined);
  }

  /** What was said from this device in that channel, by id, as far as it is kept. */
  async own(channel: ChannelId): Promise<ReadonlyMap<MessageId, Own>> {
    const all = await this.#store.all<Own>('own', channel);
    return new Map(all.map(({ value }) => [value.content.id, value] as const));
  }

  async #post(draft: Draft, shell: Shell, said: Extract<Content['said'], { what: 'post' }>): Promise<() => void> {
    const before = await draft.row(shell.id);
    if (before !== undefined && before.post !== null) return () => undefined;
    const { what: _what, ...post } = said;
    // What was shown of it until now is the server's word alone: it doesn't make the text somebody else's.
    const isSame =
      before?.channel === shell.channel && before.author === shell.author && before.device === shell.device;
    if (before !== undefined && !isSame) draft.set(['row', before.channel, before.n], undefined);
    const place = isSame ? before : placeOf(shell, null);
    return this.#inbox.consider(draft, await this.place(draft, withPost(place, post)));
  }

  async #change(draft: Draft, shell: Shell, { target, said }: Content): Promise<() => void> {
    if (target === null) return () => undefined;
    const row = await draft.row(target);
    if (row !== undefined) {
      const changed = withChange(row, shell, said);
      if (changed !== row) draft.put(changed);
    } else if (target > uuidv7<MessageId>(this.#deps.clock.now() - LATE_MS, new Uint8Array(10))) {
      const { n, at, author } = shell;
      draft.set(['late', target, n], { shell: { n, at, author }, said } satisfies Late);
    }
    return () => undefined;
  }

  #name(draft: Draft, { channel, n, at, author, id }: Shell, name: string): () => void {
    const record = this.#groups.record(channel);
    if (record.name !== null && record.name.n >= n) return () => undefined;
    const next = { ...record, name: { name, n } };
    this.#groups.put(draft, channel, next);
    draft.put(lineOf({ kind: 'named', by: author, name }, { id: `line ${id}`, channel, n, at }));
    return () => this.#groups.kept(channel, next);
  }
}
