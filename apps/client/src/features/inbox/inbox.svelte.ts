import type { EntryId, InboxRow, ServerView, SkerryClient } from '@skerry/core';
import { type InboxState, SkerryError } from '@skerry/protocol';
import { bridge } from '../../state/bridge.svelte.ts';

export type InboxTab = 'needs' | 'everything' | 'later';

/** How one server's part of the inbox stands, for its filter chip. */
export type InboxChip = { readonly server: ServerView; readonly count: number; readonly isStale: boolean };

/** A row is the message of one server: two servers may use the same id. */
export const keyOf = (row: InboxRow): string => `${row.entryId} ${row.item.message.id}`;

const stateOf = (row: InboxRow): InboxState => row.pending ?? row.item.state;

const isIn: Readonly<Record<InboxTab, (row: InboxRow) => boolean>> = {
  needs: (row) => row.needsYou && stateOf(row) === 'open',
  everything: (row) => !row.item.message.deleted,
  later: (row) => stateOf(row) === 'later' && !row.item.message.deleted,
};

/** The inbox over all servers as a list with a tab, a server filter and one row in view. */
export class Inbox {
  readonly #client: SkerryClient;
  readonly #view;
  readonly #servers;
  tab: InboxTab = $state('needs');
  filter: EntryId | undefined = $state.raw();
  #selected: string | undefined = $state.raw();
  /** The row in view stays readable when being read or done takes it out of its tab. */
  #held: InboxRow | undefined = $state.raw();

  readonly rows: readonly InboxRow[] = $derived.by(() => {
    const fits = isIn[this.tab];
    return this.#view.current.rows.filter(
      (row) => fits(row) && (this.filter === undefined || row.entryId === this.filter),
    );
  });

  constructor(client: SkerryClient) {
    this.#client = client;
    this.#view = bridge(() => client.inbox);
    this.#servers = bridge(() => client.servers);
  }

  count(tab: InboxTab): number {
    return this.#view.current.rows.filter(isIn[tab]).length;
  }

  /** Servers that are connected or should be. */
  get servers(): readonly ServerView[] {
    return this.#servers.current.filter((server) => server.entry.enabled);
  }

  get stale(): ReturnType<SkerryClient['inbox']['get']>['stale'] {
    return this.#view.current.stale;
  }

  /** A server with nothing in this tab is left out, unless one cannot know what it has. */
  get chips(): readonly InboxChip[] {
    const fits = isIn[this.tab];
    return this.servers
      .map((server) => ({
        server,
        count: this.#view.current.rows.filter((row) => row.entryId === server.entry.id && fits(row)).length,
        isStale: this.stale.some((one) => one.entryId === server.entry.id),
      }))
      .filter((chip) => chip.count > 0 || chip.isStale || chip.server.entry.id === this.filter);
  }

  /** End-to-end encrypted. */
  isSealed(row: InboxRow): boolean {
    const channels = this.#client.server(row.entryId)?.channels.get() ?? [];
    return channels.find(({ channel }) => channel.id === row.item.message.channel)?.channel.sealed !== undefined;
  }

  /** How the place of a row is called: "#product", or the name of an encrypted conversation. */
  placeOf(row: InboxRow): string {
    return this.isSealed(row) ? row.channelName : `#${row.channelName}`;
  }

  serverOf(row: InboxRow): ServerView | undefined {
    return this.#servers.current.find((server) => server.entry.id === row.entryId);
  }

  get selectedKey(): string | undefined {
    return this.#selected;
  }

  /** The row in view, as fresh as it is known. */
  get selected(): InboxRow | undefined {
    const key = this.#selected;
    if (key === undefined) return undefined;
    return this.#view.current.rows.find((row) => keyOf(row) === key) ?? this.#held;
  }

  select(row: InboxRow | undefined): void {
    this.#selected = row === undefined ? undefined : keyOf(row);
    this.#held = row;
  }

  /** Moves to a neighbour in the list; from nothing, to the first. */
  step(by: 1 | -1): InboxRow | undefined {
    const at = this.rows.findIndex((row) => keyOf(row) === this.#selected);
    const row = at === -1 ? this.rows[0] : this.rows[Math.min(this.rows.length - 1, Math.max(0, at + by))];
    if (row !== undefined) this.select(row);
    return row;
  }

  /** Changes where a row stands, on its own server only, and shows the neighbour. @returns the state it had */
  async set(row: InboxRow, state: InboxState): Promise<InboxState> {
    const before = stateOf(row);
    if (this.tab !== 'everything' && keyOf(row) === this.#selected) {
      const at = this.rows.findIndex((one) => keyOf(one) === this.#selected);
      this.select(this.rows[at + 1] ?? this.rows[at - 1]);
    }
    await this.#client.server(row.entryId)?.setInbox(row.item.message.id, state);
    return before;
  }

  async setAll(state: InboxState): Promise<number> {
    const { rows } = this;
    await Promise.all(rows.map(async (row) => this.#client.server(row.entryId)?.setInbox(row.item.message.id, state)));
    return rows.length;
  }

  /**
   * Answers a message on the server it came from, whatever is looked at, and marks it done. Once it resolves the answer
   * is queued and must not be offered again, whatever became of the mark.
   * @returns whether it is marked done as well
   * @throws SkerryError when the answer was not taken
   */
  async reply(row: InboxRow, text: string): Promise<boolean> {
    const server = this.#client.server(row.entryId);
    if (server === undefined) throw new SkerryError('not_found');
    await server.send({ channel: row.item.message.channel, text, replyTo: row.item.message.id });
    return this.set(row, 'done').then(
      () => true,
      () => false,
    );
  }
}
