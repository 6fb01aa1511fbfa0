import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { AGENT_LIMITS, type AgentCall, type AgentReply } from '@skerry/protocol/agents';
import { StartError } from '@skerry/server/command-line';
import type { Run } from '../runs/run.ts';
import { readRunLog } from '../runs/run-log.ts';
import type { Line } from '../runs/run-entry.ts';
import { newRunId, RUN_LOG } from '../runs/run-store.ts';
import type { KnownAgent } from './agent-list.ts';
import { CallRefusal } from './call-refusal.ts';
import type { FolderPicker } from './folder-picker.ts';
import type { OpJournal, OpPlan } from './op-journal.ts';
import { closeFailed, type RunHost } from './run-host.ts';

export type CallOptions = {
  readonly journal: OpJournal;
  readonly host: RunHost;
  readonly picker: FolderPicker;
  readonly agents: readonly KnownAgent[];
  readonly runs: string;
  readonly now: () => number;
  /** How long an agent may take to start before the caller is told that it is on its way, in milliseconds. */
  readonly startMs: number;
  /** Begins to relay a run, once. Resolves when its server knows it. */
  readonly relay: (of: OpPlan & { readonly agent: string }) => Promise<void>;
  /** The run that this server knows by a name. */
  readonly localOf: (run: string) => string | undefined;
  readonly lastFolder: () => string | null;
  readonly used: (folder: string) => void;
};

type Wish<D extends AgentCall['wish']['do']> = Extract<AgentCall['wish'], { do: D }>;

/** What changes something. */
type Deed = Exclude<AgentCall['wish'], { do: 'folders' }>;

const DONE: AgentReply = { v: 1, did: 'yes' };

/** Does what the devices of one server's person want of this machine, each wish once. SPEC M-15. */
export class AgentCalls {
  readonly #options: CallOptions;
  readonly #doing = new Map<string, Promise<AgentReply>>();

  constructor(options: CallOptions) {
    this.#options = options;
  }

  /** @param from the person's device that calls */
  async handle({ op, at, wish }: AgentCall, from: number): Promise<AgentReply> {
    const { journal, now } = this.#options;
    const known = journal.find(op);
    if (known?.reply != null) return known.reply;
    const doing = this.#doing.get(op);
    if (doing !== undefined) return doing;
    if (Math.abs(now() - at) > AGENT_LIMITS.callAgeMs) return new CallRefusal('stale').reply;
    // It changes nothing, so it need not be remembered.
    if (wish.do === 'folders') return this.#replied(() => this.#folders(wish));
    const made = this.#once({ op, wish }, from).finally(() => this.#doing.delete(op));
    this.#doing.set(op, made);
    return made;
  }

  async #once({ op, wish }: { op: string; wish: Deed }, from: number): Promise<AgentReply> {
    const { journal } = this.#options;
    const before = journal.find(op);
    const plan = before?.plan ?? { local: newRunId(), run: randomUUID() };
    if (before === undefined) await journal.begin(op, plan);
    const reply = await this.#replied(() => this.#perform(wish, { op, plan, from }));
    await journal.finish(op, reply);
    return reply;
  }

  async #replied(work: () => Promise<AgentReply>): Promise<AgentReply> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CallRefusal) return error.reply;
      if (error instanceof StartError) return new CallRefusal('agent_failed', error.message).reply;
      throw error;
    }
  }

  #perform(wish: Deed, by: { op: string; plan: OpPlan; from: number }): Promise<AgentReply> {
    switch (wish.do) {
      case 'start':
        return this.#start(wish, by);
      case 'prompt':
        return this.#prompt(wish, by);
      case 'cancel':
        return this.#cancel(wish);
      case 'mode':
        return this.#mode(wish);
      case 'end':
        return this.#end(wish);
      case 'resume':
        return this.#resume(wish);
      default:
        return wish satisfies never;
    }
  }

  async #folders({ path: asked }: Wish<'folders'>): Promise<AgentReply> {
    const { picker, lastFolder } = this.#options;
    if (asked !== null) return picker.list(asked);
    const last = lastFolder();
    // Where one last was may be gone by now.
    return (last === null ? undefined : await picker.list(last).catch(() => undefined)) ?? picker.list(picker.root);
  }

  async #start(
    wish: Wish<'start'>,
    { op, plan, from }: { op: string; plan: OpPlan; from: number },
  ): Promise<AgentReply> {
    const { host, picker, agents, relay, startMs, used } = this.#options;
    const agent = agents.find(({ name }) => name === wish.agent);
    if (agent === undefined) throw new CallRefusal('no_such_agent');
    const folder = await picker.resolve(wish.folder);
    const started: AgentReply = { v: 1, did: 'started', run: plan.run };
    const mark = () => relay({ ...plan, agent: agent.name });
    const said = await this.#logOf(plan.local);
    const wasStarted = said.some(({ entry }) => entry.kind === 'begun');
    if (wasStarted && (wish.prompt === null || saidOp(said, op))) {
      await soonOr(mark(), startMs);
      return started;
    }
    const starting = host.start(plan.local, wasStarted ? null : { argv: agent.argv, folder });
    const work = starting.then(async (run) => {
      const known = mark();
      used(folder);
      await this.#begin(run, { wish, op, from });
      // Whoever gets the reply looks for it there.
      await known;
    });
    if ((await soonOr(work, startMs)) === 'done') return started;
    // It takes its time; from here on its log tells how it went.
    void mark();
    void work.catch((error: unknown) => this.#failed(plan.local, error));
    return started;
  }

  async #begin(
    run: Run,
    { wish, op, from }: { wish: Pick<Wish<'start'>, 'mode' | 'prompt'>; op: string; from: number },
  ): Promise<void> {
    if (wish.mode !== null && !(await run.setMode(wish.mode)))
      await run.refuse(`switch to the mode ${wish.mode}`, 'The agent has no such mode.');
    if (wish.prompt !== null && wish.prompt.trim() !== '') await run.say(wish.prompt, { by: from, op });
  }

  async #failed(local: string, error: unknown): Promise<void> {
    const { runs, now, host } = this.#options;
    if (host.has(local)) return;
    const why = error instanceof Error ? error.message : String(error);
    await closeFailed({ runs, now }, { local, why }).catch(() => undefined);
  }

  async #prompt({ run: id, text }: Wish<'prompt'>, { op, from }: { op: string; from: number }): Promise<AgentReply> {
    if (text.trim() === '') throw new CallRefusal('bad_call', 'There is nothing to say.');
    const local = this.#local(id);
    if (saidOp(await this.#logOf(local), op)) return DONE;
    await (await this.#running(local)).say(text, { by: from, op });
    return DONE;
  }

  async #cancel({ run }: Wish<'cancel'>): Promise<AgentReply> {
    await (await this.#running(this.#local(run))).cancel();
    return DONE;
  }

  async #mode({ run, mode }: Wish<'mode'>): Promise<AgentReply> {
    if (!(await (await this.#running(this.#local(run))).setMode(mode))) throw new CallRefusal('no_such_mode');
    return DONE;
  }

  async #end({ run }: Wish<'end'>): Promise<AgentReply> {
    const local = this.#local(run);
    await this.#running(local);
    await this.#options.host.end(local);
    return DONE;
  }

  async #resume({ run }: Wish<'resume'>): Promise<AgentReply> {
    const { host, startMs } = this.#options;
    const local = this.#local(run);
    if (host.find(local) !== undefined) return DONE;
    const begun = (await this.#logOf(local)).findLast(({ entry }) => entry.kind === 'begun')?.entry;
    // The folder may lie elsewhere by now.
    if (begun?.kind === 'begun') await this.#options.picker.resolve(begun.folder);
    const work = host.start(local, null);
    if ((await soonOr(work, startMs)) === 'late') void work.catch((error: unknown) => this.#failed(local, error));
    return DONE;
  }

  #local(run: string): string {
    const local = this.#options.localOf(run);
    if (local === undefined) throw new CallRefusal('no_such_run');
    return local;
  }

  async #running(local: string): Promise<Run> {
    const run = this.#options.host.find(local);
    if (run !== undefined) return run;
    const isOver = (await this.#logOf(local)).at(-1)?.entry.kind === 'ended';
    throw new CallRefusal('not_running', isOver ? null : 'It is open in a terminal of this computer.');
  }

  async #logOf(local: string): Promise<readonly Line[]> {
    return readRunLog(path.join(this.#options.runs, local, RUN_LOG)).catch(() => []);
  }
}

const saidOp = (lines: readonly Line[], op: string): boolean =>
  lines.some(({ entry }) => entry.kind === 'prompt' && entry.op === op);

/** What fails in time throws. */
async function soonOr(work: Promise<unknown>, ms: number): Promise<'done' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), ms)));
  try {
    return await Promise.race([work.then(() => 'done' as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
