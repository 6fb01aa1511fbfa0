import { type CommandId, type Link, MACHINE_ROUTES, machinesItem, SkerryError, uuidv7 } from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import { LocalError } from '../errors.ts';
import type { Subtle } from '../keys/subtle.ts';
import type { Platform } from '../platform.ts';
import type { AgentKeys } from '../sealed/agent-keys.ts';
import type { ServerContext } from '../servers/context.ts';
import type { Subscribable } from '../subscribable.ts';
import { constant, derived, followed, Value } from '../value.ts';
import type { EntryId, ServerView } from '../views.ts';
import { answerAsk, type Attempt } from './answer.ts';
import { Calls } from './calls.ts';
import type { MachineDeps } from './deps.ts';
import type { AnswerProgress, FleetMachines, MachinesPart, Pairing, RunHandle, RunView } from './face.ts';
import { type Heard, NOTHING, withItem, withSnapshot } from './heard.ts';
import { ServerPairing } from './pairing.ts';
import { Reader } from './reader.ts';
import { ServerRun } from './server-run.ts';
import { partView, runView, type ServerPart } from './views.ts';

export type { ServerPart } from './views.ts';

/** What a server's machines are made of: of exactly that server. */
export type MachineParts = {
  readonly context: ServerContext;
  readonly platform: Platform;
  readonly view: Subscribable<ServerView>;
};
type Standing = 'unsupported' | 'unknown' | 'heard';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** How often a machine whose key has not come is asked for it. */
const ASK_KEYS_MS = 60_000;

/** What is shown of a server before anything of it is known. */
export function NO_PART({ entryId, label }: { entryId: EntryId; label: string }): ServerPart {
  const part: MachinesPart = { entryId, label, state: 'loading', off: null };
  return { part, machines: [], runs: [], asks: [], closed: [], notices: [] };
}

/**
 * Machines, runs and asks of one account on one server. It is told by that server alone, reads with that account's keys
 * alone, and whatever it sends goes there alone. S2.25 to S2.28
 */
export class ServerMachines {
  readonly #deps: MachineDeps;
  readonly #context: ServerContext;
  readonly #reader: Reader;
  readonly #calls: Calls;
  readonly #label: () => string;
  readonly #view: Value<ServerPart>;
  readonly #runs = new Set<ServerRun>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #progress = new Map<string, AnswerProgress>();
  readonly #askedKeys = new Map<number, number>();
  #heard: Heard = NOTHING;
  #heads = new Map<string, number>();
  #standing: Standing = 'unknown';
  #isFresh = false;
  #isScheduled = false;
  #loading = 0;
  #endEntry: () => void = () => undefined;

  constructor({ context, platform, view }: MachineParts) {
    const { clock, random, crypto, subtle } = platform;
    const { signal } = context;
    this.#context = context;
    this.#label = () => view.get().label;
    const none = constant<AgentKeys | undefined>(undefined);
    this.#deps = {
      entryId: context.id,
      entry: context.entry,
      api: context.api.with(MACHINE_ROUTES),
      wire: context.machines,
      platform: { clock, random, crypto },
      // Where there is none there are no keys, and nothing gets as far as using it.
      subtle: subtle as Subtle,
      keys: context.keys.ring,
      agentKeys: followed(context.keys.conversations.core, (core) =>
        core === undefined ? none : constant(core.agentKeys),
      ),
      live: derived(
        [followed(context.kept, ({ live }) => live), context.keys.state],
        (live, keys) => live && keys.kind === 'ready',
      ),
      skew: () => context.kept.get().skew.get() ?? 0,
      run: (id, command, caller) => context.requests.run(id, command, caller),
      newId: () => uuidv7<CommandId>(clock.now(), random.bytes(10)),
      signal,
    };
    this.#reader = new Reader(this.#deps, () => this.#changed());
    this.#calls = new Calls(this.#deps);
    this.#view = new Value(NO_PART({ entryId: context.id, label: this.#label() }));
    const changed = (): void => this.#changed();
    const liveChanged = (): void => {
      this.#isFresh = false;
      if (this.#deps.live.get()) void this.#load();
      this.#changed();
    };
    const ends = [
      this.#deps.live.subscribe(liveChanged),
      this.#deps.wire.online.subscribe(changed),
      this.#deps.wire.listen((frame) => {
        if (frame?.t === 'run_heads') this.#grown(frame.heads);
      }),
      view.subscribe(changed),
      context.keys.devices.subscribe(changed),
      context.keys.state.subscribe(changed),
      context.connection.state.subscribe(changed),
      context.kept.subscribe(() => this.#opened()),
    ];
    signal.addEventListener('abort', () => {
      ends.forEach((end) => end());
      this.#endEntry();
    });
    this.#opened();
  }

  get view(): Subscribable<ServerPart> {
    return this.#view;
  }

  run(run: string): RunHandle {
    const made = new ServerRun(
      { ...this.#deps, calls: this.#calls, reader: this.#reader },
      {
        id: run,
        row: () => this.#heard.runs.get(run),
        head: () => this.#head(run),
        view: () => this.#runView(run),
        changes: this.#view,
        found: (row) => this.#take({ kind: 'run', run: row }),
        over: () => this.#runs.delete(made),
      },
    );
    this.#runs.add(made);
    return made;
  }

  async folders(machine: number, path: string | null, signal?: AbortSignal): ReturnType<FleetMachines['folders']> {
    const reply = await this.#calls.call(machine, { do: 'folders', path }, this.#within(signal));
    if (reply.did !== 'listed') throw new LocalError('unavailable', 'The machine answered something else.');
    return reply;
  }

  async start(machine: number, what: Parameters<FleetMachines['start']>[1], signal?: AbortSignal): Promise<string> {
    const reply = await this.#calls.call(machine, { do: 'start', ...what }, this.#within(signal));
    if (reply.did !== 'started') throw new LocalError('unavailable', 'The machine answered something else.');
    return reply.run;
  }

  async answer(id: string, decision: Parameters<FleetMachines['answer']>[1]): Promise<void> {
    await answerAsk(this.#deps, {
      ask: await this.#ask(id),
      decision,
      reader: this.#reader,
      attempts: this.#attempts,
      progress: (progress) => {
        if (progress.kind === 'none') this.#progress.delete(id);
        else this.#progress.set(id, progress);
        this.#changed();
      },
      look: async () => {
        await this.#ask(id, true).catch(() => undefined);
        return this.#heard.asks.get(id);
      },
    });
  }

  async rename(machine: number, label: string): Promise<void> {
    await this.#command({ kind: 'machine.rename', machine, label });
  }

  async remove(machine: number): Promise<void> {
    const keys = this.#needKeys();
    const { signal } = this.#deps;
    await keys.refresh([keys.self.name], signal);
    if (keys.machines().some(({ device }) => device === machine)) return keys.unlistMachine(machine, signal);
    await this.#command({ kind: 'machine.remove', machine });
  }

  async erase(run: string): Promise<void> {
    await this.#command({ kind: 'run.erase', run });
  }

  async olderRuns(before: number, signal?: AbortSignal): ReturnType<FleetMachines['olderRuns']> {
    const query = { before: Math.max(0, Math.floor(before + this.#deps.skew())), limit: 50 };
    const { runs, more } = await this.#deps.api.call('runs', { query, signal: this.#within(signal) });
    const views: RunView[] = [];
    for (const run of runs) {
      await this.#reader.readMeta(run);
      views.push(runView(this.#scene(), run));
    }
    return { runs: views, more };
  }

  pair(link: Link): Pairing {
    return new ServerPairing(
      {
        ...this.#deps,
        state: this.#context.connection.state,
        keysState: this.#context.keys.state,
        told: this.#view,
        pairing: (key) => this.#heard.pairings.get(key),
      },
      link,
    );
  }

  /** What is stored of the entry was opened, maybe anew: what was told before is of no more use. */
  #opened(): void {
    this.#endEntry();
    this.#heard = NOTHING;
    this.#heads = new Map();
    this.#standing = 'unknown';
    this.#isFresh = false;
    this.#reader.forget();
    this.#endEntry = this.#context.kept.get().machines.read((items) => {
      for (const item of items) {
        const read = machinesItem.safeParse(item);
        if (read.success) this.#take(read.data);
      }
    });
    if (this.#deps.live.get()) void this.#load();
    this.#changed();
  }

  #take(item: Parameters<typeof withItem>[1]): void {
    this.#heard = withItem(this.#heard, item);
    this.#changed();
  }

  #grown(heads: readonly (readonly [string, number])[]): void {
    for (const [run, head] of heads)
      if (this.#heads.has(run) || this.#heads.size < 4_096)
        this.#heads.set(run, Math.max(head, this.#heads.get(run) ?? 0));
    this.#changed();
  }

  #head(run: string): number {
    return Math.max(this.#heard.runs.get(run)?.head ?? 0, this.#heads.get(run) ?? 0);
  }

  /** The whole state, each time the server is live again: whatever was missed is in it. */
  async #load(): Promise<void> {
    const { api, live, signal, platform } = this.#deps;
    const turn = ++this.#loading;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(MAX_RETRY_MS, wait * 2)) {
      const isOld = (): boolean => turn !== this.#loading || !live.get() || signal.aborted;
      try {
        const snapshot = await api.call('machines', { signal });
        if (isOld()) return;
        this.#heard = withSnapshot(this.#heard, snapshot);
        this.#standing = 'heard';
        this.#isFresh = true;
        return this.#changed();
      } catch (error) {
        if (isOld()) return;
        // Without the capability no such address exists.
        if (error instanceof SkerryError && error.code === 'not_found') {
          this.#standing = 'unsupported';
          return this.#changed();
        }
        try {
          await platform.clock.sleep(wait, signal);
        } catch {
          return;
        }
        if (isOld()) return;
      }
    }
  }

  /** One that is not in the view any more, or not yet, is asked for. @throws SkerryError */
  async #ask(id: string, anew = false): Promise<Heard['asks'] extends ReadonlyMap<string, infer Ask> ? Ask : never> {
    const known = this.#heard.asks.get(id);
    if (known !== undefined && !anew) return known;
    const { api, signal } = this.#deps;
    const ask = await api.call('ask', { params: { askId: id }, signal });
    if (ask.id !== id) throw new LocalError('unavailable', 'The server answered for another ask.');
    this.#take({ kind: 'ask', ask });
    return this.#heard.asks.get(id) ?? ask;
  }

  async #command(command: Parameters<MachineDeps['run']>[1]): Promise<void> {
    const { run, newId, signal } = this.#deps;
    await run(newId(), command, signal);
  }

  #needKeys(): NonNullable<ReturnType<MachineDeps['keys']['get']>> {
    const keys = this.#deps.keys.get();
    if (keys === undefined) throw new LocalError('no_device', 'Your keys are not open on this device.');
    return keys;
  }

  #within(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#deps.signal : eitherSignal(signal, this.#deps.signal);
  }

  /** Many things of one moment are shown at once. */
  #changed(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void Promise.resolve().then(() => {
      this.#isScheduled = false;
      if (this.#deps.signal.aborted) return;
      this.#view.set(partView(this.#scene(), this.#heard));
      this.#askForKeys();
      for (const run of this.#runs) run.look();
    });
  }

  #runView(run: string): RunView | undefined {
    const row = this.#heard.runs.get(run);
    return row && runView(this.#scene(), row);
  }

  /** A machine that is here, and that nothing of can be read: its keys never came, or did not come whole. M-14 */
  #askForKeys(): void {
    const { wire, platform, live } = this.#deps;
    if (!live.get()) return;
    const now = platform.clock.now();
    for (const { device, standing } of this.#view.get().machines) {
      if (standing !== 'locked' || !wire.online.get().has(device)) continue;
      if (now - (this.#askedKeys.get(device) ?? Number.NEGATIVE_INFINITY) < ASK_KEYS_MS) continue;
      this.#askedKeys.set(device, now);
      this.#calls.askForKeys(device);
    }
  }

  #scene(): Parameters<typeof partView>[0] {
    const { entryId, wire, keys, live, skew } = this.#deps;
    const ring = keys.get();
    return {
      entryId,
      label: this.#label(),
      part: this.#part(),
      isLive: live.get(),
      online: wire.online.get(),
      skew: skew(),
      listed: new Set(ring?.machines().map(({ device }) => device)),
      self: ring === undefined || this.#context.keys.state.get().kind !== 'ready' ? null : ring.self.device,
      devices: this.#context.keys.devices.get(),
      reader: this.#reader,
      head: (run) => this.#head(run),
      asks: this.#heard.asks,
      machine: (device) => this.#heard.machines.get(device),
      progress: (ask) => this.#progress.get(ask) ?? { kind: 'none' },
    };
  }

  #part(): MachinesPart {
    const of = { entryId: this.#deps.entryId, label: this.#label() };
    if (this.#standing === 'unsupported') return { ...of, state: 'off', off: 'unsupported' };
    const keys = this.#context.keys.state.get().kind;
    if (keys !== 'ready' && keys !== 'starting') return { ...of, state: 'off', off: 'no_keys' };
    if (this.#isFresh && this.#deps.live.get()) return { ...of, state: 'fresh', off: null };
    const { kind } = this.#context.connection.state.get();
    const isComing = kind === 'connecting' || kind === 'authenticating' || kind === 'syncing' || kind === 'live';
    return { ...of, state: this.#standing === 'unknown' && isComing ? 'loading' : 'stale', off: null };
  }
}
