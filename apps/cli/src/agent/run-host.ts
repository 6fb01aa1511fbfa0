import path from 'node:path';
import { Run } from '../runs/run.ts';
import { openRun } from '../runs/run-store.ts';
import { CallRefusal } from './call-refusal.ts';
import type { RunHand } from './run-relay.ts';

/** Agents that run at once. */
const MOST_RUNNING = 8;

export type HostOptions = {
  /** Folder of all runs of this machine. */
  readonly runs: string;
  readonly now: () => number;
};

/** The agents that this process has started. */
export class RunHost implements AsyncDisposable {
  readonly #options: HostOptions;
  readonly #running = new Map<string, Run>();
  readonly #starting = new Map<string, Promise<Run>>();
  /** Their agents are gone, and their logs about to be closed. */
  readonly #over = new Set<string>();
  readonly #listeners = new Set<(local: string) => void>();
  #stopping = false;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#running.size + this.#starting.size;
  }

  /** Tells of every run that has something new in its log. */
  onLine(listener: (local: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** One whose agent is there. */
  find(local: string): Run | undefined {
    return this.#over.has(local) ? undefined : this.#running.get(local);
  }

  /** Whether this process writes the run's log. */
  has(local: string): boolean {
    return this.#running.has(local) || this.#starting.has(local);
  }

  /**
   * Starts an agent, or takes up a run of before. The same run is started once, however often this is called.
   * @param fresh what a new run is made of; null for one of before
   * @throws CallRefusal `too_many_runs`; StartError when the agent does not start
   */
  start(local: string, fresh: { readonly argv: readonly string[]; readonly folder: string } | null): Promise<Run> {
    const known = this.#running.get(local);
    if (known !== undefined && !this.#over.has(local)) return Promise.resolve(known);
    const starting = this.#starting.get(local);
    if (starting !== undefined) return starting;
    if (this.count >= MOST_RUNNING || this.#stopping) return Promise.reject(new CallRefusal('too_many_runs'));
    const made = this.#start(local, fresh).finally(() => this.#starting.delete(local));
    this.#starting.set(local, made);
    return made;
  }

  /** Ends the agent. @returns false when none is running */
  async end(local: string): Promise<boolean> {
    const run = this.#running.get(local);
    if (run === undefined || this.#over.has(local)) return false;
    await this.#letGo(local, run);
    return true;
  }

  /** Takes decisions to a run of this process. */
  hand(local: string): RunHand {
    return async (ask, { choice, by, words, why }) => {
      const run = this.find(local);
      if (run === undefined) return;
      const outcome = choice === null ? await run.decline(ask.id, by) : await run.answer(ask.id, choice, by);
      if (outcome !== undefined && outcome !== 'taken') return;
      if (why !== undefined) await run.refuse('take an answer', why);
      // What a person says with a no is the next thing the agent hears.
      if (words !== undefined) await run.say(words, { op: ask.id, ...(by === undefined ? {} : { by }) });
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.#running.values()].map((run) => run[Symbol.asyncDispose]()));
  }

  async #start(local: string, fresh: { argv: readonly string[]; folder: string } | null): Promise<Run> {
    const { runs, now } = this.#options;
    const show = () => this.#tell(local);
    const before = this.#running.get(local);
    if (before !== undefined) await this.#letGo(local, before);
    const run = await Run.start({
      runs,
      now,
      show,
      ...(fresh === null
        ? { resume: local, agent: null, folder: null }
        : { resume: null, id: local, agent: fresh.argv, folder: fresh.folder }),
    });
    this.#running.set(local, run);
    // One that ended by itself is let go of, so that it can be taken up again.
    void run.ended.then(() => this.#letGo(local, run));
    return run;
  }

  async #letGo(local: string, run: Run): Promise<void> {
    if (this.#running.get(local) === run) this.#over.add(local);
    await run[Symbol.asyncDispose]();
    if (this.#running.get(local) === run) {
      this.#running.delete(local);
      this.#over.delete(local);
    }
    this.#tell(local);
  }

  #tell(local: string): void {
    for (const listener of this.#listeners) listener(local);
  }
}

/**
 * Writes down that a run of a process that died was cut off.
 * @returns false when another process has it
 */
export async function closeCut(runs: string, local: string, now: () => number): Promise<boolean> {
  try {
    const opened = await openRun({ runs, resume: local, now, waitMs: 0 });
    await opened[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}

/** Writes down that an agent did not start, once its server was told that it would. */
export async function closeFailed(
  { runs, now }: HostOptions,
  { local, why }: { local: string; why: string },
): Promise<void> {
  const opened = await openRun({ runs, resume: local, now });
  try {
    await opened.log.append({ kind: 'refused', what: `start in ${path.basename(local)}`, why });
    await opened.log.append({ kind: 'ended', why: 'agent_ended' });
  } finally {
    await opened[Symbol.asyncDispose]();
  }
}
