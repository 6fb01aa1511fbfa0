import type { ServerHandle } from '../face.ts';
import { fleetInbox, type FleetInboxPart } from '../inbox/fleet-inbox.ts';
import { Lifetime } from '../lifetime.ts';
import type { MachineParts } from '../machines/server-machines.ts';
import type { WakeReason } from '../platform.ts';
import { ServerContext, type Shared } from '../servers/context.ts';
import { serverHandle } from '../servers/server-handle.ts';
import { labelOf } from '../servers/label.ts';
import type { Subscribable } from '../subscribable.ts';
import type { EntryInbox } from '../sync/entry.ts';
import { derived, followed, Value } from '../value.ts';
import type { EntryId, FleetSummary, InboxView, ServerEntry, ServerView } from '../views.ts';
import { gathered } from './gathered.ts';
import { fleetSummary, serverView } from './views.ts';

type Member = { readonly context: ServerContext; readonly handle: ServerHandle };

/** All servers of the list, each in its context, while this client is the live one. */
export class Fleet implements AsyncDisposable {
  readonly #shared: Shared;
  readonly #lifetime = new Lifetime();
  readonly #members = new Value<readonly Member[]>([]);
  readonly servers: Subscribable<readonly ServerView[]>;
  readonly summary: Subscribable<FleetSummary>;
  readonly inbox: Subscribable<InboxView>;
  #liveCount = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
    const { registry, platform } = shared;
    this.servers = gathered(
      this.#members,
      ({ handle }) => [handle.view],
      (members) => members.map(({ handle }) => handle.view.get()),
    );
    this.summary = derived([this.servers, platform.connectivity.online], fleetSummary);
    this.inbox = gathered(
      this.#members,
      ({ context }): readonly Subscribable<unknown>[] => [context.entry, inboxOf(context)],
      (members) => fleetInbox(members.filter(isEnabled).map(({ context }) => inboxPart(context))),
    );
    this.#match(registry.entries.get());
    this.#lifetime.add(registry.entries.subscribe(() => this.#match(registry.entries.get())));
    this.#lifetime.add(platform.connectivity.onWake((reason) => this.wake(reason)));
  }

  server(id: EntryId): ServerHandle | undefined {
    return this.#member(id)?.handle;
  }

  /** What the machines of one server are made of: of exactly that one. */
  parts(id: EntryId): MachineParts | undefined {
    const member = this.#member(id);
    return member && { context: member.context, platform: this.#shared.platform, view: member.handle.view };
  }

  /** A sign-in for an entry that was there already was put into the vault. */
  signedInAgain(id: EntryId): void {
    this.#member(id)?.context.signedInAgain();
  }

  /** The person turned to this server. */
  opened(id: EntryId): void {
    this.#member(id)?.context.connection.wake('opened');
  }

  wake(reason: WakeReason): void {
    for (const { context } of this.#members.get()) context.connection.wake(reason);
  }

  retryAll(): void {
    for (const { context } of this.#members.get()) context.connection.tryNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lifetime[Symbol.asyncDispose]();
    await Promise.all(this.#members.get().map(({ context }) => context[Symbol.asyncDispose]()));
  }

  #member(id: EntryId): Member | undefined {
    return this.#members.get().find(({ context }) => context.id === id);
  }

  /** One context per entry, in the order of the list. Those that stay are not touched. */
  #match(entries: readonly ServerEntry[]): void {
    const members = this.#members.get();
    const kept = entries.map((entry) => members.find(({ context }) => context.id === entry.id) ?? this.#make(entry));
    for (const member of members) {
      // Who removed the entry has ended its context already; ending it twice is harmless.
      if (!kept.includes(member)) this.#lifetime.run(member.context[Symbol.asyncDispose]());
    }
    if (kept.length !== members.length || kept.some((member, index) => member !== members[index]))
      this.#members.set(kept);
  }

  #make(entry: ServerEntry): Member {
    const context = new ServerContext(this.#shared, entry);
    const view = serverView(context, this.#shared.registry.entries);
    let wasLive = false;
    context.connection.state.subscribe(() => {
      const isLive = context.connection.state.get().kind === 'live';
      if (isLive !== wasLive) this.#liveChanged(isLive ? 1 : -1);
      wasLive = isLive;
    });
    return { context, handle: serverHandle(context, this.#shared.platform, view) };
  }

  /** The first server that comes back after all were gone shows that the network is there again. */
  #liveChanged(by: 1 | -1): void {
    const wereAllGone = this.#liveCount === 0;
    this.#liveCount += by;
    if (wereAllGone && by === 1) this.wake('focused');
  }
}

function isEnabled({ context }: Member): boolean {
  return context.entry.get().enabled;
}

function inboxOf({ kept }: ServerContext): Subscribable<EntryInbox> {
  return followed(kept, (entry) => entry.inbox);
}

function inboxPart(context: ServerContext): FleetInboxPart {
  return { entryId: context.id, label: labelOf(context.entry.get()), inbox: context.kept.get().inbox.get() };
}
