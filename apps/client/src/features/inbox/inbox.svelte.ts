import type { AskView, EntryId, FleetMachines, InboxRow, RunView, ServerView, SkerryClient } from '@skerry/core';
import { type InboxState, SkerryError } from '@skerry/protocol';
import { bridge } from '../../state/bridge.svelte.ts';
import { AskDraft } from './ask-draft.svelte.ts';

export type InboxTab = 'needs' | 'everything' | 'later';

/** A line of the inbox: what somebody wrote, or what an agent asks. The key is unique over all servers and kinds. */
export type InboxEntry = { readonly key: string; readonly entryId: EntryId; readonly at: number } & (
  { readonly kind: 'message'; readonly row: InboxRow } | { readonly kind: 'ask'; readonly ask: AskView }
);

/** How one server's part of the inbox stands, for its filter chip. */
export type InboxChip = { readonly server: ServerView; readonly count: number; readonly isStale: boolean };

/** A row is the message of one server: two servers may use the same id. */
const entryOfRow = (row: InboxRow): InboxEntry => ({
  kind: 'message',
  key: `${row.entryId} ${row.item.message.id}`,
  entryId: row.entryId,
  at: row.at,
  row,
});
const entryOfAsk = (ask: AskView): InboxEntry => ({
  kind: 'ask',
  key: `ask ${ask.key}`,
  entryId: ask.entryId,
  at: ask.openedAt,
  ask,
});

const stateOf = (row: InboxRow): InboxState => row.pending ?? row.item.state;

const isIn: Readonly<Record<InboxTab, (entry: InboxEntry) => boolean>> = {
  needs: (entry) =>
    entry.kind === 'ask' ? entry.ask.state === 'open' : entry.row.needsYou && stateOf(entry.row) === 'open',
  everything: (entry) => entry.kind === 'ask' || !entry.row.item.message.deleted,
  later: (entry) => entry.kind === 'message' && stateOf(entry.row) === 'later' && !entry.row.item.message.deleted,
};

const made = new WeakMap<SkerryClient, Inbox>();

/** The one inbox of a client; which tab and row are open stays while a person looks at something else. */
export function inboxOf(client: SkerryClient): Inbox {
  const known = made.get(client);
  if (known !== undefined) return known;
  let inbox: Inbox | undefined;
  // It lives longer than the screen that asks for it first.
  $effect.root(() => {
    inbox = new Inbox(client);
  });
  if (inbox === undefined) throw new Error('it was made at once');
  made.set(client, inbox);
  return inbox;
}

/** The inbox over all servers as a list with a tab, a server filter and one row in view. */
export class Inbox {
  readonly #client: SkerryClient;
  readonly #view;
  readonly #servers;
  readonly #fleet;
  tab: InboxTab = $state('needs');
  filter: EntryId | undefined = $state.raw();
  #selected: string | undefined = $state.raw();
  /** The row in view stays readable when being read or done takes it out of its tab. */
  #held: InboxEntry | undefined = $state.raw();
  /** Comes with the person's keys, after the first screen. */
  #machines: FleetMachines | undefined = $state.raw();
  #isLoading = $state(false);
  readonly #drafts = new Map<string, AskDraft>();

  readonly #all: readonly InboxEntry[] = $derived.by(() => {
    const messages = this.#view.current.rows.map(entryOfRow);
    const fleet = this.#fleet.current;
    if (fleet === undefined) return messages;
    const asks = [...fleet.asks, ...fleet.closed].map(entryOfAsk);
    return asks.length === 0 ? messages : [...messages, ...asks].sort((a, b) => b.at - a.at);
  });

  readonly rows: readonly InboxEntry[] = $derived.by(() => {
    const fits = isIn[this.tab];
    return this.#all.filter(
      (entry) =>
        // What became of the ask in view is still to be read.
        (fits(entry) || (this.tab === 'needs' && entry.kind === 'ask' && entry.key === this.#selected)) &&
        (this.filter === undefined || entry.entryId === this.filter),
    );
  });

  constructor(client: SkerryClient) {
    this.#client = client;
    this.#view = bridge(() => client.inbox);
    this.#servers = bridge(() => client.servers);
    this.#fleet = bridge(() => this.#machines?.view ?? noMachines);
  }

  /** Asks of agents from now on as well. Where the person has keys; again is harmless. */
  async loadAsks(): Promise<void> {
    if (this.#machines !== undefined || this.#isLoading) return;
    this.#isLoading = true;
    try {
      this.#machines = await this.#client.machines();
    } finally {
      this.#isLoading = false;
    }
  }

  /** The asks of some server are not known yet. */
  get isLoadingAsks(): boolean {
    return this.#isLoading || (this.#fleet.current?.parts.some(({ state }) => state === 'loading') ?? false);
  }

  count(tab: InboxTab): number {
    return this.#all.filter(isIn[tab]).length;
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
        count: this.#all.filter((entry) => entry.entryId === server.entry.id && fits(entry)).length,
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

  serverOf(of: { readonly entryId: EntryId }): ServerView | undefined {
    return this.#servers.current.find((server) => server.entry.id === of.entryId);
  }

  /** What the run of an ask calls its agent. */
  agentOfRun(ask: AskView): string | undefined {
    return this.#runOf(ask)?.meta?.agent;
  }

  /** Whether more than its asks can be seen of its run. */
  hasTranscript(ask: AskView): boolean {
    return this.#runOf(ask)?.meta?.kind === 'agent';
  }

  #runOf(ask: AskView): RunView | undefined {
    return this.#fleet.current?.runs.find((one) => one.entryId === ask.entryId && one.id === ask.run);
  }

  get selectedKey(): string | undefined {
    return this.#selected;
  }

  /** The row in view, as fresh as it is known. */
  get selected(): InboxEntry | undefined {
    const key = this.#selected;
    if (key === undefined) return undefined;
    return this.#all.find((entry) => entry.key === key) ?? this.#held;
  }

  select(entry: InboxEntry | undefined): void {
    this.#selected = entry?.key;
    this.#held = entry;
  }

  /** Moves to a neighbour in the list; from nothing, to the first. */
  step(by: 1 | -1): InboxEntry | undefined {
    const at = this.rows.findIndex(({ key }) => key === this.#selected);
    const entry = at === -1 ? this.rows[0] : this.rows[Math.min(this.rows.length - 1, Math.max(0, at + by))];
    if (entry !== undefined) this.select(entry);
    return entry;
  }

  /** What is being answered to an ask; it stays while another row is looked at. */
  draftOf(ask: AskView): AskDraft {
    const known = this.#drafts.get(ask.key);
    if (known !== undefined) return known;
    const draft = new AskDraft();
    this.#drafts.set(ask.key, draft);
    return draft;
  }

  /**
   * Answers an ask on its own server, whatever is looked at (S1.22, S1.29). Nothing is queued.
   * @throws SkerryError `ask_closed`, `unavailable` when it was not taken
   */
  async answer(
    ask: AskView,
    decision: { readonly choice: string | null; readonly text: string | null },
  ): Promise<void> {
    if (this.#machines === undefined) throw new SkerryError('unavailable');
    await this.#machines.answer(ask, decision);
    this.#drafts.delete(ask.key);
  }

  /** Changes where a row stands, on its own server only, and shows the neighbour. @returns the state it had */
  async set(row: InboxRow, state: InboxState): Promise<InboxState> {
    const before = stateOf(row);
    if (this.tab !== 'everything' && entryOfRow(row).key === this.#selected) {
      const at = this.rows.findIndex(({ key }) => key === this.#selected);
      this.select(this.rows[at + 1] ?? this.rows[at - 1]);
    }
    await this.#client.server(row.entryId)?.setInbox(row.item.message.id, state);
    return before;
  }

  /** Messages that are shown; what agents ask is answered, never put away. */
  get messages(): readonly InboxRow[] {
    return this.rows.flatMap((entry) => (entry.kind === 'message' ? [entry.row] : []));
  }

  async setAll(state: InboxState): Promise<number> {
    const { messages } = this;
    await Promise.all(
      messages.map(async (row) => this.#client.server(row.entryId)?.setInbox(row.item.message.id, state)),
    );
    return messages.length;
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

const noMachines = { get: () => undefined, subscribe: () => () => undefined };
