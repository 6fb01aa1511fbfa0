import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AskView, EntryId, FleetMachines, RunHandle, RunView } from '@skerry/core';
import { MemoryDisk } from '@skerry/core/testing';
import { Member, type MemberOptions } from '../harness/member.ts';
import { MortalStorage } from '../harness/mortal-storage.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { eventually } from '../harness/watch.ts';
import { Keyed, ready } from '../sealed/keyed-member.ts';
import { AgentProgram, online, pairComputer } from './agent-program.ts';

export const VICTIMS = ['daemon', 'server', 'client'] as const;
type Victim = (typeof VICTIMS)[number];

export type KillReport = {
  /** What must not be, in words; empty when all is well. */
  readonly broken: readonly string[];
  /** Commands that ran. */
  readonly executed: number;
  readonly entries: number;
};

type LogLine = { readonly id: string; readonly entry: { readonly kind: string; readonly text?: string } };

/** Between two deaths of a server whoever dials it waits longer and longer, by chance. */
const SETTLE_MS = 60_000;
/** How long a turn takes about, with its approval. */
const TURN_MS = 600;

/**
 * An agent is told to run a command again and again, and the person approves each; in the middle one of daemon, server and
 * client dies without a word and comes back. Each command leaves a line in a file, so what ran twice shows.
 */
export async function killRun(cycles: readonly Victim[], seed: number): Promise<KillReport> {
  await using scene = await KillScene.open();
  const random = seeded(seed);
  for (const [number, victim] of cycles.entries()) await scene.cycle(number, { victim, afterMs: random() * TURN_MS });
  // At last nobody dies, and all works as if nobody ever had.
  await scene.calm(cycles.length);
  const report = await scene.report();
  return { ...report, broken: report.broken.map((what) => `${what} (seed ${seed})`) };
}

class KillScene implements AsyncDisposable {
  readonly #top = mkdtempSync(path.join(tmpdir(), 'skerry-kill-'));
  readonly #config = path.join(this.#top, 'config');
  readonly #root = path.join(this.#top, 'root');
  readonly #folder = path.join(this.#root, 'boat');
  readonly #disk = new MemoryDisk();
  readonly #broken: string[] = [];
  /** Commands that the machine said it took, while it lived on. */
  readonly #sure = new Set<number>();
  #mortal = mortal();
  #server!: SpawnedServer;
  #member!: Member;
  #machines!: FleetMachines;
  #entry!: EntryId;
  #machine = 0;
  #daemon!: AgentProgram;
  #runId = '';
  #isOver = false;
  #answering: Promise<void> = Promise.resolve();

  static async open(): Promise<KillScene> {
    const scene = new KillScene();
    try {
      await scene.#start();
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  async #start(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(path.join(this.#folder, 'tick.sh'), 'echo "$1" >> ticks\n');
    this.#server = await SpawnedServer.start({ args: ['--client', 'none', '--machines', 'on'] });
    const person = await Keyed.create(this.#device);
    this.#member = person.member;
    const { origin, setupCode: code } = this.#server;
    const credentials = {
      kind: 'registerByKey',
      username: 'ada',
      displayName: 'Ada',
      code,
      password: null,
    } as const;
    const handle = await this.#member.join(origin, 'ada', { credentials });
    await ready(handle);
    this.#entry = handle.id;
    this.#machines = await this.#member.client.machines();
    const where = { entry: this.#entry, origin, config: this.#config, label: 'studio' };
    this.#machine = await pairComputer(this.#machines, where);
    this.#daemon = this.#newDaemon();
    await online(this.#machines, this.#entry, this.#machine);
    const started = { agent: 'plain', folder: this.#folder, mode: null, prompt: 'count 3' };
    this.#runId = await this.#machines.start({ entry: this.#entry, machine: this.#machine }, started);
    this.#answering = this.#answerAll();
    await this.#settled();
  }

  /** One command, and one death somewhere in between. */
  async cycle(number: number, { victim, afterMs }: { victim: Victim; afterMs: number }): Promise<void> {
    await this.#awake();
    using run = this.#run();
    let isTaken = false;
    const prompted = run.prompt(`run sh tick.sh ${number}`).then(
      () => (isTaken = true),
      () => false,
    );
    await sleep(afterMs);
    await this.#kill(victim);
    // What a dead client waits for it never hears.
    await Promise.race([prompted, sleep(victim === 'client' ? 0 : 35_000)]);
    await this.#settled();
    const text = `run sh tick.sh ${number}`;
    const isThere = this.#log().some(({ entry }) => entry.kind === 'prompt' && entry.text === text);
    if (isTaken && !isThere) this.#broken.push(`prompt ${number} was taken and is lost`);
    if (isThere && victim !== 'daemon') this.#sure.add(number);
  }

  /** One command, and nobody dies. */
  async calm(number: number): Promise<void> {
    await eventually(
      'a prompt is taken',
      async () => {
        await this.#awake();
        using run = this.#run();
        // A daemon that has just come may not have said yet that it cut the run: then it says no.
        return await run.prompt(`run sh tick.sh ${number}`).then(
          () => true,
          () => false,
        );
      },
      SETTLE_MS,
    );
    await this.#settled();
    this.#sure.add(number);
  }

  async #kill(victim: Victim): Promise<void> {
    switch (victim) {
      case 'daemon':
        await this.#daemon.kill();
        this.#daemon = this.#newDaemon();
        return;
      case 'server':
        await this.#server.kill();
        await this.#server.start();
        return;
      case 'client': {
        this.#mortal.dead = true;
        this.#member.die();
        this.#mortal = mortal();
        this.#member = await Member.start(this.#device);
        this.#machines = await this.#member.client.machines();
      }
    }
  }

  #newDaemon(): AgentProgram {
    return new AgentProgram({ config: this.#config, root: this.#root });
  }

  /** What the person's device keeps over its deaths. */
  get #device(): MemberOptions {
    return { disk: this.#disk, storage: (stored) => this.#mortal.around(stored) };
  }

  /** A new handle each time: the client may be another one. */
  #run(): RunHandle {
    return this.#machines.run(this.#entry, this.#runId);
  }

  get #view(): RunView | undefined {
    return this.#machines.view.get().runs.find(({ id }) => id === this.#runId);
  }

  /** The machine is there, and its agent can be spoken to. */
  async #awake(): Promise<void> {
    for (const end = Date.now() + SETTLE_MS; Date.now() < end; await sleep(50)) {
      if (this.#view?.machineOnline !== true) continue;
      if (this.#view.state === 'idle') return;
      using run = this.#run();
      if (this.#view.state === 'ended') await run.resume().catch(() => undefined);
    }
    throw new Error(`the run does not wake up: ${JSON.stringify(this.#view)}`);
  }

  /** Nothing is going on on the machine, and everybody knows. */
  async #settled(): Promise<void> {
    const isQuiet = (): boolean => {
      const last = this.#log().findLast(({ entry }) => ['prompt', 'turn', 'ended', 'begun'].includes(entry.kind));
      return last !== undefined && last.entry.kind !== 'prompt';
    };
    const isKnown = (): boolean => {
      const state = this.#view?.state;
      return (state === 'idle' || state === 'ended') && this.#view?.asks === 0 && this.#openAsks().length === 0;
    };
    await eventually('all is quiet', () => isQuiet() && isKnown(), SETTLE_MS).catch((error: unknown) => {
      const { asks, runs, machines } = this.#machines.view.get();
      throw new Error(JSON.stringify({ asks, runs, machines, log: this.#log().slice(-5) }), { cause: error });
    });
  }

  #openAsks(): readonly AskView[] {
    return this.#machines.view.get().asks.filter(({ run, state }) => run === this.#runId && state === 'open');
  }

  /** The person says yes to all that is asked, as soon as it can be read. */
  async #answerAll(): Promise<void> {
    for (; !this.#isOver; await sleep(30)) {
      for (const ask of this.#openAsks()) {
        if (ask.content?.kind !== 'permission' || ask.progress.kind === 'sending') continue;
        const once = ask.content.choices.find(({ kind }) => kind === 'allow_once');
        await Promise.race([
          this.#machines.answer(ask, { choice: once?.id ?? null, text: null }).catch(() => undefined),
          sleep(2_000),
        ]);
      }
    }
  }

  /** The run's log on the machine. */
  #log(): readonly LogLine[] {
    const runs = path.join(this.#config, 'runs');
    const [first] = readdirSync(runs);
    if (first === undefined) return [];
    const text = readFileSync(path.join(runs, first, 'log.jsonl'), 'utf8');
    // Its last line may be half there.
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]));
  }

  async report(): Promise<KillReport> {
    const broken = this.#broken;
    const log = this.#log();
    // What an agent tells in passing may be of no use to anybody; all else is relayed.
    const due = log.filter(({ entry }) => entry.kind !== 'update').map(({ id }) => id);
    using run = this.#run();
    const got = (): readonly string[] => run.transcript.get().entries.map(({ id }) => id);
    await eventually(
      'the whole transcript is there',
      async () => {
        const { hasOlder, loading } = run.transcript.get();
        if (hasOlder && !loading) await run.loadOlder().catch(() => undefined);
        return !hasOlder && due.every((id) => got().includes(id));
      },
      SETTLE_MS,
    ).catch(() => broken.push(`${due.filter((id) => !got().includes(id)).length} entries of the log are lost`));
    const ids = log.map(({ id }) => id);
    if (new Set(got()).size !== got().length) broken.push('an entry is there twice');
    const inOrder = ids.filter((id) => got().includes(id));
    if (JSON.stringify(inOrder) !== JSON.stringify(got()))
      broken.push('entries are not those of the log, in its order');
    const ticks = this.#ticks();
    for (const number of new Set(ticks)) {
      const many = ticks.filter((one) => one === number).length;
      if (many > 1) broken.push(`command ${number} was approved once and ran ${many} times`);
    }
    for (const number of this.#sure)
      if (!ticks.includes(number)) broken.push(`command ${number} was approved and did not run`);
    return { broken, executed: ticks.length, entries: got().length };
  }

  #ticks(): number[] {
    try {
      return readFileSync(path.join(this.#folder, 'ticks'), 'utf8').trim().split('\n').map(Number);
    } catch {
      return [];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#answering;
    // Any of them may be what failed.
    await (this.#daemon as AgentProgram | undefined)?.[Symbol.asyncDispose]();
    await (this.#member as Member | undefined)?.[Symbol.asyncDispose]();
    await (this.#server as SpawnedServer | undefined)?.[Symbol.asyncDispose]();
    rmSync(this.#top, { recursive: true, force: true });
  }
}

const mortal = (): MortalStorage => new MortalStorage(undefined, { cursorFirst: false, onDeath: () => undefined });

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
