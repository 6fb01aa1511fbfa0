import { statSync } from 'node:fs';
import path from 'node:path';
import type { AskEnd, LinkState } from '@skerry/core/machine';
import type { AgentCall, AgentReply } from '@skerry/protocol/agents';
import type { AskBook } from '../asks/ask-book.ts';
import type { LocalAsk } from '../asks/local-ask.ts';
import { makePrivateFolder } from '../machine/config-folder.ts';
import type { Pairing } from '../machine/pairings.ts';
import { replaceFile } from '../machine/secret-store.ts';
import { postAnswer } from '../runs/run-mailbox.ts';
import { RUN_LOG, runIds } from '../runs/run-store.ts';
import { AgentCalls } from './agent-calls.ts';
import type { KnownAgent } from './agent-list.ts';
import { AskRelay } from './ask-relay.ts';
import type { FolderPicker } from './folder-picker.ts';
import { OpJournal } from './op-journal.ts';
import type { OpenedLink } from './open-link.ts';
import { markRun, readCursor, readJson, readMark } from './relay-mark.ts';
import { closeCut, type RunHost } from './run-host.ts';
import { type RunHand, RunRelay } from './run-relay.ts';

/** What all servers of one daemon share. */
export type Shared = {
  /** Folder of all runs of this machine. */
  readonly runs: string;
  readonly host: RunHost;
  readonly book: AskBook;
  readonly picker: FolderPicker;
  readonly agents: readonly KnownAgent[];
  readonly patienceMs: number;
  readonly startMs: number;
  readonly now: () => number;
};

export type ServerAgentOptions = Shared & {
  readonly pairing: Pairing;
  readonly opened: OpenedLink;
  /** This server's own folder. */
  readonly folder: string;
  readonly isMine: (ask: LocalAsk) => boolean;
  /** Told when a run is no longer relayed. */
  readonly complain: (what: string, error: unknown) => void;
};

const MOST_RECENT = 20;

/** One server's part of the daemon: its link, its calls, its runs and its asks. It knows of no other server. */
export class ServerAgent implements AsyncDisposable {
  readonly #options: ServerAgentOptions;
  readonly #journal: OpJournal;
  readonly #calls: AgentCalls;
  readonly #asks: AskRelay;
  /** By the run's name on this machine. */
  readonly #relays = new Map<string, RunRelay>();
  /** By the run's name on the server. */
  readonly #locals = new Map<string, string>();
  /** This server's, by their names here. */
  readonly #mine = new Set<string>();
  /** Runs of other servers. */
  readonly #others = new Set<string>();
  /** Bytes of the logs of runs that are over and all there. */
  readonly #done = new Map<string, number>();
  readonly #ready: Promise<void>;
  readonly #unlisten: () => void;
  #recent: readonly string[];
  #stopping = false;

  private constructor(options: ServerAgentOptions, journal: OpJournal) {
    this.#options = options;
    this.#journal = journal;
    this.#recent = readJson<readonly string[]>(this.#recentFile) ?? [];
    const { book, isMine, now, folder, complain } = options;
    const { link } = options.opened;
    const refused = (error: unknown) => complain('What agents ask here does not get there', error);
    this.#asks = new AskRelay({ file: path.join(folder, 'asks.json'), link, book, isMine, now, refused });
    this.#calls = new AgentCalls({
      ...options,
      journal,
      relay: ({ local, run, agent }) => {
        markRun(path.join(options.runs, local), { serverId: options.pairing.serverId, agent, run });
        this.#relay(local);
        return this.#relays.get(local)?.created ?? Promise.resolve();
      },
      localOf: (run) => this.#locals.get(run),
      lastFolder: () => this.#recent[0] ?? null,
      used: (where) => this.#used(where),
    });
    this.#unlisten = options.host.onLine((local) => this.#poke(local));
    this.#ready = this.scan(true);
    link.onCall((call, from) => this.#call(call, from));
    link.onAskEnd((end) => this.#askEnd(end));
  }

  /** Takes up what was going on when the daemon before ended. */
  static async start(options: ServerAgentOptions): Promise<ServerAgent> {
    makePrivateFolder(options.folder);
    const journal = await OpJournal.open(path.join(options.folder, 'ops.jsonl'), options.now);
    const agent = new ServerAgent(options, journal);
    await agent.#ready;
    agent.#describe();
    return agent;
  }

  get pairing(): Pairing {
    return this.#options.pairing;
  }

  get state(): LinkState {
    return this.#options.opened.link.state.get();
  }

  onState(listener: () => void): () => void {
    return this.#options.opened.link.state.subscribe(listener);
  }

  /** Looks for what other processes wrote. */
  look(): void {
    for (const [local, relay] of this.#relays) {
      if (!this.#options.host.has(local)) void relay.poke();
      if (relay.isDone) this.#drop(local, relay);
    }
    this.#asks.look();
  }

  /**
   * Looks for runs of this server that are not relayed yet, or go on after they were over.
   * @param first whether this daemon scans for the first time: runs that no process has any more are then closed as cut off
   */
  async scan(first = false): Promise<void> {
    const { runs, pairing, host, now } = this.#options;
    for (const local of runIds(runs)) {
      if (this.#relays.has(local) || this.#others.has(local)) continue;
      const size = sizeOf(path.join(runs, local, RUN_LOG));
      if (size === this.#done.get(local)) continue;
      const mark = readMark(path.join(runs, local));
      if (mark === undefined) continue;
      if (mark.serverId !== pairing.serverId) {
        this.#others.add(local);
        continue;
      }
      this.#know(mark.run, local);
      if (readCursor(path.join(runs, local)).done === size) {
        this.#done.set(local, size);
        continue;
      }
      if (first && !host.has(local)) await closeCut(runs, local, now);
      this.#relay(local);
    }
    // Times go by also where nothing is written.
    for (const relay of this.#relays.values()) void relay.poke();
  }

  /** Other processes that had runs may have died. */
  async sweep(): Promise<void> {
    const { runs, host, now } = this.#options;
    for (const local of this.#relays.keys()) if (!host.has(local)) await closeCut(runs, local, now);
  }

  async #call(call: AgentCall, from: number): Promise<AgentReply> {
    await this.#ready;
    return this.#calls.handle(call, from);
  }

  async #askEnd(end: AskEnd): Promise<void> {
    await this.#ready;
    const local = this.#locals.get(end.run);
    if (local === undefined) await this.#asks.hear(end);
    else await this.#relays.get(local)?.hear(end);
  }

  /** Gives what there is a little time to go out. */
  async flush(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    const all = Promise.all([...this.#relays.values()].map((relay) => relay.poke()));
    await Promise.race([all, enough]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#unlisten();
    await Promise.all([
      this.#asks[Symbol.asyncDispose](),
      ...[...this.#relays.values()].map((relay) => relay[Symbol.asyncDispose]()),
    ]);
    await this.#options.opened[Symbol.asyncDispose]();
    await this.#journal[Symbol.asyncDispose]();
  }

  #relay(local: string): void {
    if (this.#relays.has(local) || this.#stopping) return;
    const { runs, opened, patienceMs, now, complain } = this.#options;
    const { link } = opened;
    const folder = path.join(runs, local);
    const mark = readMark(folder);
    if (mark === undefined) return;
    this.#know(mark.run, local);
    const refused = (error: unknown) => complain(`The run ${local} is not relayed any more`, error);
    const relay = new RunRelay({ folder, mark, link, hand: this.#hand(local), patienceMs, now, refused });
    this.#relays.set(local, relay);
    void relay.poke();
  }

  #know(run: string, local: string): void {
    this.#locals.set(run, local);
    this.#mine.add(local);
  }

  #poke(local: string): void {
    const relay = this.#relays.get(local);
    if (relay !== undefined) void relay.poke();
    // One that was over goes on.
    else if (this.#mine.has(local)) this.#relay(local);
  }

  #drop(local: string, relay: RunRelay): void {
    if (this.#options.host.has(local)) return;
    this.#relays.delete(local);
    this.#done.set(local, sizeOf(path.join(this.#options.runs, local, RUN_LOG)));
    void relay[Symbol.asyncDispose]();
  }

  /** To an agent of this process, or into the mailbox of another one that has the run. */
  #hand(local: string): RunHand {
    const { host, runs } = this.#options;
    return async (ask, decision) => {
      if (host.has(local)) return host.hand(local)(ask, decision);
      const { choice, by, why = null } = decision;
      // At a terminal somebody may still decide what nobody decided from afar.
      if (by !== undefined) postAnswer(path.join(runs, local), ask.id, { choice, by, why });
    };
  }

  get #recentFile(): string {
    return path.join(this.#options.folder, 'recent.json');
  }

  #used(folder: string): void {
    if (this.#recent[0] === folder) return;
    this.#recent = [folder, ...this.#recent.filter((one) => one !== folder)].slice(0, MOST_RECENT);
    replaceFile(this.#recentFile, JSON.stringify(this.#recent));
    this.#describe();
  }

  #describe(): void {
    const { opened, picker, agents, complain } = this.#options;
    const named = agents.map(({ name }) => ({ id: name, name }));
    opened.link
      .describe({ v: 1, root: picker.root, agents: named, recent: [...this.#recent] })
      .catch((error: unknown) => complain('The server does not know what can be started here', error));
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
