import { type Link, parseAddress } from '@skerry/protocol';
import { eitherSignal } from './abort.ts';
import { fingerprintOf } from './connection/proof.ts';
import { LocalError } from './errors.ts';
import type { Credentials, ServerHandle, SkerryClient, TabState } from './face.ts';
import { DialSlots } from './fleet/dial-slots.ts';
import { Fleet } from './fleet/fleet.ts';
import { Turns } from './fleet/turns.ts';
import { LatePerson } from './identity/late-person.ts';
import { personHandle } from './identity/person-handle.ts';
import { lazily } from './lazily.ts';
import type { Platform } from './platform.ts';
import { erase } from './servers/erase.ts';
import { lockedVault, unsavedRegistry } from './servers/fallback-stores.ts';
import { openHostedRegistry } from './servers/hosted-registry.ts';
import type { ProbeOptions } from './servers/probe.ts';
import { openRegistry, type Registry } from './servers/registry.ts';
import type { VaultStore } from './stores/stores.ts';
import type { Subscribable } from './subscribable.ts';
import { Tab } from './tab/tab.ts';
import { constant, derived, followed, Value } from './value.ts';
import type {
  EntryId,
  FleetSummary,
  Found,
  InboxView,
  ProbeResult,
  ServerEntry,
  ServerView,
  StorageProblem,
} from './views.ts';

/** `hosted`: delivered by the server at `origin`, which is then the only one. */
export type ClientOptions = { readonly mode: 'hub' } | { readonly mode: 'hosted'; readonly origin: string };

/**
 * Makes the client of this device on the parts of one platform. Resolves once it is known whether this tab is the live one;
 * connections and stored content arrive behind it.
 */
export async function createClient(platform: Platform, options: ClientOptions): Promise<SkerryClient> {
  const client = new Client(platform, options);
  await client.start();
  return client;
}

/** What is open while this tab is the live one. */
type Open = {
  readonly registry: Registry;
  readonly vault: VaultStore;
  readonly fleet: Fleet;
  readonly person: LatePerson;
  readonly close: () => Promise<void>;
};

/** What is needed only by who adds a server, which most starts do not: not part of what a page loads first. */
const finding = () => import('./servers/probe.ts');
const joining = () => import('./servers/join.ts');
const listing = () => import('./servers/list-file.ts');

const NONE: readonly never[] = [];
const MOST_PROBLEMS = 50;

class Client implements SkerryClient {
  readonly mode: 'hub' | 'hosted';
  readonly #platform: Platform;
  readonly #options: ClientOptions;
  readonly #open = new Value<Open | undefined>(undefined);
  /** What was asked for; it may be of an entry that is not there, or not any more. */
  readonly #focused = new Value<EntryId | undefined>(undefined);
  readonly #problems = new Value<readonly StorageProblem[]>([]);
  readonly #tab: Tab;
  readonly #ending = new AbortController();
  readonly person: SkerryClient['person'];
  readonly servers: Subscribable<readonly ServerView[]>;
  readonly fleet: Subscribable<FleetSummary>;
  readonly inbox: Subscribable<InboxView>;
  readonly primary: Subscribable<EntryId | undefined>;
  readonly focused: Subscribable<EntryId | undefined>;
  readonly assistants = lazily(async () => (await import('./assistants/fleet-assistants.ts')).fleetAssistants(this));

  readonly machines = lazily(async () => {
    const { fleetMachines } = await import('./machines/fleet-machines.ts');
    return fleetMachines(this, (id) => this.#open.get()?.fleet.parts(id));
  });

  constructor(platform: Platform, options: ClientOptions) {
    this.#platform = platform;
    this.#options = options;
    this.mode = options.mode;
    this.#tab = new Tab({ lock: platform.tabLock, open: () => this.#openAll(), close: () => this.#closeAll() });
    const nothing = derived([platform.connectivity.online], (deviceOnline): FleetSummary => ({
      connected: 0,
      total: 0,
      deviceOnline,
      mentions: 0,
    }));
    const noInbox = constant<InboxView>({ rows: NONE, stale: NONE });
    const noServers = constant<readonly ServerView[]>(NONE);
    const noPrimary = constant<EntryId | undefined>(undefined);
    this.person = personHandle(this.#open);
    this.servers = followed(this.#open, (open) => open?.fleet.servers ?? noServers);
    this.fleet = followed(this.#open, (open) => open?.fleet.summary ?? nothing);
    this.inbox = followed(this.#open, (open) => open?.fleet.inbox ?? noInbox);
    this.primary = followed(this.#open, (open) => open?.registry.primary ?? noPrimary);
    const noEntries = constant<readonly ServerEntry[]>(NONE);
    this.focused = derived(
      [this.#focused, followed(this.#open, (open) => open?.registry.entries ?? noEntries)],
      (wanted, entries) => entries.find(({ id }) => id === wanted)?.id,
    );
  }

  get tab(): Subscribable<TabState> {
    return this.#tab.state;
  }
  get problems(): Subscribable<readonly StorageProblem[]> {
    return this.#problems;
  }

  start(): Promise<void> {
    return this.#tab.start();
  }

  useHere(): Promise<void> {
    return this.#tab.useHere();
  }

  handOver(link: string): void {
    this.#platform.tabLock.handOver(link);
  }

  onLink(listener: (link: string) => void): () => void {
    return this.#platform.tabLock.onHandedOver((link) => {
      if (this.#open.get() !== undefined) listener(link);
    });
  }

  dismissProblem(problem: StorageProblem): void {
    this.#problems.update((all) => all.filter((other) => other !== problem));
  }

  focus(id: EntryId | undefined): void {
    if (this.#focused.get() === id) return;
    this.#focused.set(id);
    if (id !== undefined) this.#open.get()?.fleet.opened(id);
  }

  setPrimary(id: EntryId): Promise<void> {
    return this.#live().registry.setPrimary(id);
  }

  server(id: EntryId): ServerHandle | undefined {
    return this.#open.get()?.fleet.server(id);
  }

  move(id: EntryId, toIndex: number): Promise<void> {
    return this.#live().registry.move(id, toIndex);
  }

  async probe(input: string, options: ProbeOptions): Promise<ProbeResult> {
    const { probe } = await finding();
    const { http, crypto, clock, random, connectivity } = this.#platform;
    // A hosted page may ask its own server only.
    const asked = this.#options.mode === 'hosted' ? ownAddress(input, this.#options.origin) : input;
    const entries = (): readonly ServerView['entry'][] =>
      this.mode === 'hosted' ? NONE : (this.#open.get()?.registry.entries.get() ?? NONE);
    return probe(
      { http, crypto, clock, random, deviceOnline: () => connectivity.online.get(), entries },
      asked,
      options,
    );
  }

  async join(found: Found, credentials: Credentials, signal?: AbortSignal): Promise<EntryId> {
    const { registry, vault, fleet, person } = this.#list();
    const { join } = await joining();
    const joined = await join({ platform: this.#platform, registry, vault, person }, found, {
      credentials,
      signal: this.#within(signal),
    });
    if (!joined.isNew) {
      fleet.signedInAgain(joined.id);
      void joined.endBefore();
    }
    return joined.id;
  }

  async foundIcon(found: Found, signal: AbortSignal): ReturnType<SkerryClient['foundIcon']> {
    const { foundIcon } = await import('./servers/found-icon.ts');
    return foundIcon(this.#platform, found, this.#within(signal));
  }

  async addSignedOut(found: Found): Promise<EntryId> {
    const { registry, vault, person } = this.#list();
    const { addSignedOut } = await joining();
    return addSignedOut({ platform: this.#platform, registry, vault, person }, found);
  }

  async resetPassword(found: Found, code: string, password: string): Promise<void> {
    const { resetPassword } = await joining();
    return resetPassword(this.#platform, found, { code, password, signal: this.#ending.signal });
  }

  async entryOfLink({ address, fp }: Link): Promise<EntryId | undefined> {
    const entries = this.#open.get()?.registry.entries.get() ?? NONE;
    const isMeant = async ({ key, addresses }: ServerEntry): Promise<boolean> =>
      fp === undefined || key === ''
        ? addresses.some(({ origin }) => origin === address.origin)
        : (await fingerprintOf(this.#platform.crypto, key)) === fp;
    const meant = await Promise.all(entries.map(isMeant));
    const ids = entries.filter((_, index) => meant[index]).map(({ id }) => id);
    return [this.#focused.get(), this.primary.get()].find((id) => id !== undefined && ids.includes(id)) ?? ids[0];
  }

  async importList(text: string): ReturnType<SkerryClient['importList']> {
    return this.mode === 'hosted' ? NONE : (await listing()).readServerList(text);
  }

  async exportList(): Promise<string> {
    const entries = this.mode === 'hosted' ? NONE : this.#live().registry.entries.get();
    return (await listing()).writeServerList(entries);
  }

  retryAll(): void {
    this.#open.get()?.fleet.retryAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error('disposed'));
    await this.#tab[Symbol.asyncDispose]();
  }

  /** @throws SkerryError `unavailable` when another tab is the live one */
  #live(): Open {
    const open = this.#open.get();
    if (open === undefined) throw new LocalError('unavailable', 'Skerry is open in another tab.');
    return open;
  }

  /** @throws SkerryError `forbidden` where there is one server and no list */
  #list(): Open {
    if (this.mode === 'hosted')
      throw new LocalError('forbidden', 'This page belongs to its server and shows no other.');
    return this.#live();
  }

  #within(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#ending.signal : eitherSignal(signal, this.#ending.signal);
  }

  async #openAll(): Promise<void> {
    const onProblem = (problem: StorageProblem): void => this.#report(problem);
    const vault = await this.#platform.storage.vault().catch(() => lockedVault(onProblem));
    const { registry, end } = await this.#openRegistry(vault, onProblem);
    const person = new LatePerson({
      platform: this.#platform,
      vault,
      entries: () => registry.entries.get().flatMap(({ id, account }) => (account === null ? [] : [id])),
      servers: async () => (await listing()).writeServerList(registry.entries.get()),
      onProblem,
    });
    await person.load();
    const fleet = new Fleet({
      person,
      platform: this.#platform,
      registry,
      vault,
      turns: new Turns(this.#platform.clock),
      slots: new DialSlots(),
      focused: this.#focused,
      onProblem,
    });
    const close = async (): Promise<void> => {
      await fleet[Symbol.asyncDispose]();
      await person[Symbol.asyncDispose]();
      await registry.settled();
      await end();
      await vault[Symbol.asyncDispose]();
    };
    this.#open.set({ registry, fleet, vault, person, close });
    const { storage } = this.#platform;
    for (const id of registry.removing) void erase({ storage, vault, registry }, id);
  }

  async #openRegistry(
    vault: VaultStore,
    onProblem: (problem: StorageProblem) => void,
  ): Promise<{ registry: Registry; end: () => Promise<void> }> {
    if (this.#options.mode === 'hosted') {
      const { origin } = this.#options;
      const registry = await openHostedRegistry(vault, origin).catch(() =>
        openHostedRegistry(lockedVault(onProblem), origin),
      );
      return { registry, end: () => Promise.resolve() };
    }
    try {
      const store = await this.#platform.storage.registry();
      return {
        registry: await openRegistry(store, onProblem),
        end: () => Promise.resolve(store[Symbol.asyncDispose]()),
      };
    } catch {
      return {
        registry: await openRegistry(await unsavedRegistry(onProblem), onProblem),
        end: () => Promise.resolve(),
      };
    }
  }

  async #closeAll(): Promise<void> {
    const open = this.#open.get();
    this.#open.set(undefined);
    await open?.close();
  }

  #report(problem: StorageProblem): void {
    const isSame = (other: StorageProblem): boolean =>
      other.where === problem.where && other.entryId === problem.entryId && other.what === problem.what;
    this.#problems.update((all) => (all.some(isSame) ? all : [...all.slice(1 - MOST_PROBLEMS), problem]));
  }
}

/** Links to this very server are read for what they carry; every other address becomes its own. */
function ownAddress(input: string, origin: string): string {
  const parsed = parseAddress(origin);
  return parsed.ok && input.trim().startsWith(`${origin}/l/`) ? input : origin;
}
