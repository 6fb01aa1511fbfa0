import path from 'node:path';
import type { AskEnd, MachineLink } from '@skerry/core/machine';
import { SkerryError } from '@skerry/protocol';
import { AGENT_LIMITS, type RunMeta } from '@skerry/protocol/agents';
import type { Ask, Line } from '../runs/run-entry.ts';
import { RUN_LOG } from '../runs/run-store.ts';
import { gitBranch } from './git-branch.ts';
import { LogFollower } from './log-follower.ts';
import { type RelayCursor, type RelayMark, readCursor, writeCursor } from './relay-mark.ts';
import { NO_SUMMARY, type RunSummary, summarized } from './run-summary.ts';
import { wireEntries, type WireEntry } from './wire-entry.ts';
import { choiceOf, permissionContent } from './wire-subject.ts';

/** What became of an ask far away, for whoever has the run. */
export type Decision = {
  /** The choice as the agent named it; null is a no. */
  readonly choice: string | null;
  /** The device whose decision it is; undefined when nobody decided. */
  readonly by?: number;
  /** What the person says with it. */
  readonly words?: string;
  /** Why it is a no although nobody said so. */
  readonly why?: string;
};

/** Takes decisions to a run. Resolves when what was decided is on the disk. */
export type RunHand = (ask: Ask, decision: Decision) => Promise<void>;

export type RunRelayOptions = {
  /** The run's own folder. */
  readonly folder: string;
  readonly mark: RelayMark;
  readonly link: Pick<MachineLink, 'createRun' | 'setRun' | 'append' | 'openAsk' | 'cancelAsk' | 'taken'>;
  readonly hand: RunHand;
  /** How long a permission waits, in milliseconds. */
  readonly patienceMs: number;
  readonly now: () => number;
  /** The server refused for good; nothing more of this run goes there. */
  readonly refused: (error: unknown) => void;
};

class Deferred {
  isResolved = false;
  resolve: () => void = () => undefined;
  readonly promise = new Promise<void>((resolve) => {
    this.resolve = () => {
      this.isResolved = true;
      resolve();
    };
  });
}

type Queued = { readonly n: number; readonly entries: readonly WireEntry[] };

const MOST_ENTRIES = 64;
/** Of JSON, so that a batch fits a frame once it is encrypted. */
const MOST_BYTES = 40 * 1024;
const SOON_MS = 2_000;

/**
 * Takes one run's log to its server, each entry once and in order, however often this process or the connection dies, and
 * the run's questions with it. The log on the disk is all it goes by; it does not matter who writes that.
 */
export class RunRelay implements AsyncDisposable {
  readonly #options: RunRelayOptions;
  readonly #follower: LogFollower;
  readonly #stopped = new AbortController();
  readonly #queue: Queued[] = [];
  readonly #asks = new Map<string, Ask>();
  /** Asks that ended, and whose answer that was. */
  readonly #ended = new Map<string, number | null>();
  /** Asks that the server would not take. */
  readonly #unasked = new Set<string>();
  #summary: RunSummary = NO_SUMMARY;
  #cursor: RelayCursor;
  /** As it was when the last turn ended, which may have changed it. */
  #branch: { readonly name: string | null } | null = null;
  readonly #created = new Deferred();
  #again = false;
  #working: Promise<void> | undefined;
  #broken = false;

  constructor(options: RunRelayOptions) {
    this.#options = options;
    this.#follower = new LogFollower(path.join(options.folder, RUN_LOG));
    this.#cursor = readCursor(options.folder);
  }

  get summary(): RunSummary {
    return this.#summary;
  }

  /** Whether the run is over and its server has all of it. */
  get isDone(): boolean {
    return this.#cursor.done !== null && this.#cursor.done === this.#follower.bytes && this.#queue.length === 0;
  }

  /** Resolves when the server knows the run. */
  get created(): Promise<void> {
    return this.#created.promise;
  }

  /** Something may have been written. Resolves when all that was is on the server, or nothing more can be. */
  poke(): Promise<void> {
    this.#again = true;
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
    return this.#working;
  }

  /** How an ask of this run ended far away; what comes for one that is decided changes nothing. */
  async hear(end: AskEnd): Promise<void> {
    await this.#read();
    const { ask } = this.#summary.open.get(end.ask) ?? {};
    if (ask === undefined) return;
    await this.#options.hand(ask, this.#decision(ask, end));
    void this.poke();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#working;
  }

  #decision(ask: Ask, end: AskEnd): Decision {
    switch (end.kind) {
      case 'answered': {
        const { by } = end;
        const { choice: wire, text } = end.answer;
        const choice = wire === null ? undefined : choiceOf(ask, wire);
        const words = text === null || text.trim() === '' ? {} : { words: text };
        if (wire !== null && choice === undefined)
          return { choice: null, by, why: 'The answer names no choice of this question.' };
        const allows = choice?.kind === 'allow_once' || choice?.kind === 'allow_always';
        if (allows && this.#content(ask).cut)
          return {
            choice: null,
            by,
            why: 'This was too long to be seen whole from afar, so it could only be refused.',
          };
        return { choice: choice?.optionId ?? null, by, ...words };
      }
      case 'expired':
        return { choice: null, why: 'Nobody answered in time.' };
      case 'cancelled':
        return { choice: null, why: 'The question was taken back on the server.' };
      case 'unverified':
        return { choice: null, why: 'The server shows an answer that no device of the person gave.' };
      default:
        return end satisfies never;
    }
  }

  #content(ask: Ask) {
    const content = permissionContent(ask, { folder: this.#summary.folder, seed: this.#options.mark.seed });
    if (content.kind !== 'permission') throw new Error('a permission is a permission');
    return content;
  }

  async #work(): Promise<void> {
    try {
      while (this.#again && !this.#broken && !this.#stopped.signal.aborted) {
        this.#again = false;
        await this.#step();
      }
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#broken = true;
      this.#options.refused(error);
    }
  }

  /** A little of everything, so that no question waits behind a long log. */
  async #step(): Promise<void> {
    await this.#read();
    const { link, mark } = this.#options;
    const { signal } = this.#stopped;
    const meta = await this.#meta();
    if (!this.#created.isResolved) {
      await link.createRun(mark.run, meta, signal);
      this.#created.resolve();
    }
    await this.#openAsks(signal);
    await this.#closeAsks(signal);
    if (await this.#sendSome(signal)) this.#again = true;
    await this.#tellState(meta, signal);
    const isOver = this.#summary.state === 'ended' || this.#summary.state === 'failed';
    if (isOver && this.#queue.length === 0 && this.#cursor.open.length === 0 && !this.#again)
      this.#save({ done: this.#follower.bytes });
  }

  #reading: Promise<void> = Promise.resolve();

  /** One at a time: the follower has one place. */
  #read(): Promise<void> {
    const read = this.#reading.then(async () => {
      for (const line of await this.#follower.next()) this.#take(line);
    });
    this.#reading = read.catch(() => undefined);
    return read;
  }

  #take(line: Line): void {
    const { entry } = line;
    this.#summary = summarized(this.#summary, line);
    if (entry.kind === 'asked') this.#asks.set(entry.ask.id, entry.ask);
    if (entry.kind === 'answered') this.#ended.set(entry.ask, entry.by ?? null);
    if (entry.kind === 'begun' || entry.kind === 'turn') this.#branch = null;
    if (line.n <= this.#cursor.sent) return;
    this.#queue.push({ n: line.n, entries: wireEntries(line, (ask) => this.#asks.get(ask)) });
  }

  async #openAsks(signal: AbortSignal): Promise<void> {
    const { link, mark, patienceMs, now, hand } = this.#options;
    for (const [id, { ask, at }] of this.#summary.open) {
      const expiresAt = at + patienceMs;
      if (expiresAt < now() + SOON_MS) {
        // The server says it first, when it can be reached.
        if (expiresAt < now() - SOON_MS) await hand(ask, { choice: null, why: 'Nobody answered in time.' });
        continue;
      }
      if (this.#cursor.open.includes(id) || this.#unasked.has(id)) continue;
      this.#save({ open: [...this.#cursor.open, id] });
      try {
        await link.openAsk({ id, run: mark.run, kind: 'permission', content: this.#content(ask), expiresAt }, signal);
      } catch (error) {
        if (!(error instanceof SkerryError)) throw error;
        if (error.code === 'ask_closed') continue;
        this.#unasked.add(id);
        this.#save({ open: this.#cursor.open.filter((one) => one !== id) });
      }
    }
  }

  /** What was decided here first is no longer asked there; what was decided there is known to be acted on. */
  async #closeAsks(signal: AbortSignal): Promise<void> {
    const { link } = this.#options;
    for (const id of this.#cursor.open) {
      if (this.#summary.open.has(id)) continue;
      try {
        if (this.#ended.get(id) == null) await link.cancelAsk(id, signal);
        else await link.taken(id, signal);
      } catch (error) {
        // It is over there in another way.
        if (!(error instanceof SkerryError)) throw error;
      }
      this.#save({ open: this.#cursor.open.filter((one) => one !== id) });
    }
  }

  /** @returns whether there is more */
  async #sendSome(signal: AbortSignal): Promise<boolean> {
    const batch: WireEntry[] = [];
    let bytes = 0;
    let sent = this.#cursor.sent;
    let taken = 0;
    for (const { n, entries } of this.#queue) {
      const size = entries.reduce((sum, { line }) => sum + Buffer.byteLength(JSON.stringify(line)), 0);
      if (batch.length > 0 && (batch.length + entries.length > MOST_ENTRIES || bytes + size > MOST_BYTES)) break;
      batch.push(...entries);
      bytes += size;
      sent = n;
      taken++;
    }
    for (const part of parts(batch)) await this.#options.link.append(this.#options.mark.run, part, signal);
    this.#queue.splice(0, taken);
    if (sent !== this.#cursor.sent) this.#save({ sent });
    return this.#queue.length > 0;
  }

  async #tellState(meta: RunMeta, signal: AbortSignal): Promise<void> {
    const { state } = this.#summary;
    const said = JSON.stringify(meta);
    const change = {
      ...(state === this.#cursor.state ? {} : { state }),
      ...(said === this.#cursor.meta ? {} : { meta }),
    };
    if (Object.keys(change).length === 0) return;
    await this.#options.link.setRun(this.#options.mark.run, change, signal);
    this.#save({ state, meta: said });
  }

  async #meta(): Promise<RunMeta> {
    const { title, folder, mode, modes } = this.#summary;
    this.#branch ??= folder === '' ? null : { name: await gitBranch(folder) };
    return {
      v: 1,
      kind: 'agent',
      title: title === '' ? path.basename(folder).slice(0, AGENT_LIMITS.title) : title,
      folder,
      agent: this.#options.mark.agent,
      branch: this.#branch?.name ?? null,
      mode,
      modes: [...modes],
    };
  }

  #save(change: Partial<RelayCursor>): void {
    this.#cursor = { ...this.#cursor, done: null, ...change };
    writeCursor(this.#options.folder, this.#cursor);
  }
}

/** One line of the log may be more than a batch. */
function* parts(entries: readonly WireEntry[]): Generator<readonly WireEntry[]> {
  let part: WireEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(JSON.stringify(entry.line));
    if (part.length === MOST_ENTRIES || (part.length > 0 && bytes + size > MOST_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
