import path from 'node:path';
import type { LinkState } from '@skerry/core/machine';
import type { DataLock } from '@skerry/server/command-line';
import { AskBook } from '../asks/ask-book.ts';
import type { LocalAsk } from '../asks/local-ask.ts';
import { makePrivateFolder } from '../machine/config-folder.ts';
import { type Pairing, Pairings } from '../machine/pairings.ts';
import type { KnownAgent } from './agent-list.ts';
import { daemonFolder, daemonLock, forgetServer, forgetState, sayState } from './daemon-state.ts';
import { FolderPicker } from './folder-picker.ts';
import type { OpenedLink } from './open-link.ts';
import { RunHost } from './run-host.ts';
import { ServerAgent, type Shared } from './server-agent.ts';

/** What a daemon tells of itself. */
export type DaemonEvent =
  | { readonly event: 'server'; readonly origin: string; readonly username: string; readonly state: string }
  | { readonly event: 'gone'; readonly origin: string; readonly username: string }
  | { readonly event: 'trouble'; readonly origin: string; readonly says: string };

/** @param folder of this pairing alone */
export type OpenLink = (pairing: Pairing, folder: string) => Promise<OpenedLink>;

export type DaemonOptions = {
  readonly config: string;
  /** Runs may be started below it from afar. */
  readonly root: string;
  readonly agents: readonly KnownAgent[];
  readonly patienceMs: number;
  readonly openLink: OpenLink;
  readonly now: () => number;
  readonly say: (event: DaemonEvent) => void;
};

const LOOK_MS = 250;
/** Looks between two searches for new runs and pairings, and for runs whose process died. */
const SCAN_EVERY = 8;
const SWEEP_EVERY = 40;
/** Less than the time after which a call has no answer. */
const START_MS = 15_000;
const FLUSH_MS = 3_000;
/** After something failed with one pairing. */
const AGAIN_MS = 30_000;

/** `skerry agent`: one for each config folder. Its servers share the agents that run and the book of asks, nothing else. */
export class Daemon implements AsyncDisposable {
  readonly #options: DaemonOptions;
  readonly #lock: DataLock;
  readonly #pairings: Pairings;
  readonly #shared: Shared;
  readonly #servers = new Map<string, ServerAgent>();
  /** Being opened or closed. */
  readonly #changing = new Set<string>();
  readonly #since: number;
  #said = '';
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #stopping = false;

  private constructor(options: DaemonOptions, lock: DataLock) {
    const { config, now, root, agents, patienceMs } = options;
    this.#options = options;
    this.#lock = lock;
    this.#pairings = new Pairings(config);
    this.#since = now();
    const runs = makePrivateFolder(path.join(config, 'runs'));
    this.#shared = {
      runs,
      host: new RunHost({ runs, now }),
      book: new AskBook(path.join(config, 'asks'), now),
      picker: new FolderPicker(root),
      agents,
      patienceMs,
      startMs: START_MS,
      now,
    };
  }

  /** @throws StartError when another one has the folder, or there is no such root */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const lock = await daemonLock(options.config);
    try {
      const daemon = new Daemon(options, lock);
      await daemon.#pair();
      daemon.#timer = setInterval(() => daemon.#look(), LOOK_MS);
      daemon.#tell();
      return daemon;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Servers that this computer is paired with. */
  get count(): number {
    return this.#servers.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearInterval(this.#timer);
    const { host } = this.#shared;
    await host[Symbol.asyncDispose]();
    const servers = [...this.#servers.values()];
    await Promise.all(servers.map((server) => server.flush(FLUSH_MS)));
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    forgetState(this.#options.config);
    this.#lock[Symbol.dispose]();
  }

  #look(): void {
    this.#looks++;
    for (const server of this.#servers.values()) {
      server.look();
      if (this.#looks % SCAN_EVERY === 0) this.#guard(server, server.scan());
      if (this.#looks % SWEEP_EVERY === 0) this.#guard(server, server.sweep());
    }
    if (this.#looks % SCAN_EVERY === 0) void this.#pair();
    this.#tell();
  }

  #guard({ pairing }: ServerAgent, work: Promise<void>): void {
    work.catch((error: unknown) => this.#trouble(pairing, error));
  }

  /** Takes up new pairings, and lets go of those that were logged out. None waits for another. */
  async #pair(): Promise<void> {
    const pairings = this.#pairings.list();
    const fresh = pairings.filter(({ serverId }) => !this.#servers.has(serverId) && !this.#changing.has(serverId));
    const kept = new Set(pairings.map(({ serverId, pairedAt }) => `${serverId} ${pairedAt}`));
    const gone = [...this.#servers].filter(
      ([serverId, { pairing }]) => !this.#changing.has(serverId) && !kept.has(`${serverId} ${pairing.pairedAt}`),
    );
    await Promise.all([
      ...fresh.map((pairing) => this.#change(pairing, () => this.#open(pairing))),
      ...gone.map(([serverId, server]) =>
        this.#change(server.pairing, async () => {
          this.#servers.delete(serverId);
          await server[Symbol.asyncDispose]();
          forgetServer(this.#options.config, serverId);
          const { origin, username } = server.pairing;
          this.#options.say({ event: 'gone', origin, username });
        }),
      ),
    ]);
  }

  async #change(pairing: Pairing, work: () => Promise<void>): Promise<void> {
    this.#changing.add(pairing.serverId);
    const over = () => void this.#changing.delete(pairing.serverId);
    try {
      await work();
      over();
    } catch (error) {
      this.#trouble(pairing, error);
      setTimeout(over, AGAIN_MS).unref();
    }
  }

  async #open(pairing: Pairing): Promise<void> {
    const { config, openLink, say } = this.#options;
    const { serverId, origin, username } = pairing;
    const folder = makePrivateFolder(path.join(daemonFolder(config), serverId));
    const opened = await openLink(pairing, folder);
    const server = await ServerAgent.start({
      ...this.#shared,
      pairing,
      opened,
      folder,
      isMine: (ask) => this.#isFor(ask, serverId),
      complain: (what, error) => this.#trouble(pairing, error, what),
    }).catch(async (error: unknown) => {
      // The next try opens the same files.
      await opened[Symbol.asyncDispose]();
      throw error;
    });
    this.#servers.set(serverId, server);
    let said = '';
    const tell = () => {
      const state = describeState(server.state);
      if (state === said || this.#stopping) return;
      said = state;
      say({ event: 'server', origin, username, state });
    };
    server.onState(tell);
    tell();
  }

  /** An ask that names no server is for the first one. */
  #isFor({ server }: LocalAsk, serverId: string): boolean {
    if (server !== undefined) return server === serverId;
    const [first] = this.#pairings.list().toSorted((a, b) => a.pairedAt - b.pairedAt);
    return first?.serverId === serverId;
  }

  #trouble({ origin }: Pairing, error: unknown, what = 'Something went wrong'): void {
    if (this.#stopping) return;
    this.#options.say({
      event: 'trouble',
      origin,
      says: `${what}: ${error instanceof Error ? error.message : String(error)}`,
    });
  }

  /** What it says of itself on the disk changes only when there is something new. */
  #tell(): void {
    const servers = [...this.#servers.values()].map(({ pairing: { serverId, origin }, state }) => ({
      serverId,
      origin,
      state: describeState(state),
    }));
    const state = { servers, running: this.#shared.host.count };
    const said = JSON.stringify(state);
    if (said === this.#said || this.#stopping) return;
    this.#said = said;
    sayState(this.#options.config, { v: 1, pid: process.pid, since: this.#since, ...state });
  }
}

const REFUSED = {
  identity: 'refused: another server answers at its address',
  list: 'refused: the list of devices does not follow from what was known',
  unsupported: 'refused: the server takes no machines',
  incompatible: 'refused: this program or the server is too old',
} as const;

/** A few words for a person; the first one says it to programs. */
function describeState(state: LinkState): string {
  switch (state.kind) {
    case 'connecting':
      return 'connecting';
    case 'live':
      return 'live';
    case 'waiting':
      return 'waiting: the server is out of reach';
    case 'unlisted':
      return 'unlisted: approve this computer on your phone, or pair it again';
    case 'revoked':
      return 'revoked: this computer was signed out there';
    case 'refused':
      return REFUSED[state.why];
    default:
      return state satisfies never;
  }
}
