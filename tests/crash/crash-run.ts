import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import type { ChannelId, CommandId, CommandResult } from '@skerry/protocol';
import { PlainClient } from '../harness/plain-client.ts';
import { call, newId, signUp } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';

export const KILL_POINTS = ['accepted', 'before-commit', 'committed', 'answered', 'published'] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

export type CrashOptions = {
  /** The kill point of each cycle. */
  cycles: readonly KillPoint[];
  clients: number;
  /** A cycle counts only when at least so many sends were answered in it. */
  answersPerCycle: number;
  /** A guarantee to switch off, to see that it is noticed. */
  breaks?: 'answer-before-commit' | 'no-dedupe';
};

export type CrashReport = {
  cycles: { point: KillPoint; answered: number }[];
  /** Kills that came before enough was answered; judged like all others. */
  early: number;
  answered: number;
  resumes: number;
  resets: number;
  /** Broken promises, in words. Empty is what the test asks for. */
  broken: string[];
};

/** Commands each client keeps outstanding. */
const IN_FLIGHT = 4;
const ATTEMPTS = 8;
/** How often a point is passed before the kill; made larger while too little was answered by then. */
const PASSES: Record<KillPoint, number> = {
  accepted: 120,
  'before-commit': 20,
  committed: 20,
  answered: 90,
  published: 20,
};

/**
 * Clients send without a pause while the server is killed at chosen places and started again. Then everything that was
 * answered, everything that was asked and everything that was told is compared with what is there.
 */
export async function crashRun(options: CrashOptions): Promise<CrashReport> {
  const report: CrashReport = { cycles: [], early: 0, answered: 0, resumes: 0, resets: 0, broken: [] };
  await using server = await SpawnedServer.start({ name: 'Crash', args: ['--client', 'none'] });
  const crowd = await Crowd.gather(server, options.clients, report);
  try {
    await server.kill();
    const passes = { ...PASSES };
    for (const point of options.cycles) await oneCycle({ server, crowd, point, passes, report, options });
    await server.start();
    await crowd.judge();
  } finally {
    await crowd[Symbol.asyncDispose]();
  }
  await server.stop();
  judgeDatabase(server.data, crowd, report);
  return report;
}

type Cycle = {
  server: SpawnedServer;
  crowd: Crowd;
  point: KillPoint;
  passes: Record<KillPoint, number>;
  report: CrashReport;
  options: CrashOptions;
};

async function oneCycle({ server, crowd, point, passes, report, options }: Cycle): Promise<void> {
  const enough = options.answersPerCycle;
  const broken = options.breaks === undefined ? {} : { SKERRY_BREAK: options.breaks };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = crowd.answered;
    const pass = Math.ceil(passes[point] * (0.75 + Math.random() / 2));
    try {
      await server.start({ SKERRY_KILL_AT: `${point}:${pass}`, ...broken });
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('SIGKILL')) throw error;
    }
    const died = await Promise.race([server.exited.then(() => true), sleep(30_000, false)]);
    if (!died)
      throw new Error(`${point} was not passed ${pass} times while ${crowd.answered - before} sends were answered`);
    const answered = crowd.answered - before;
    if (answered >= enough) {
      report.cycles.push({ point, answered });
      return;
    }
    report.early += 1;
    passes[point] *= 2;
  }
  throw new Error(`${point} could not be reached with ${enough} answered sends`);
}

class Crowd implements AsyncDisposable {
  readonly #clients: readonly PlainClient[];
  readonly #channel: ChannelId;
  readonly #report: CrashReport;
  readonly #senders: Promise<void>[];
  /** The text of every command that was ever handed over. */
  readonly asked = new Map<CommandId, string>();
  #stopping = false;

  private constructor(clients: readonly PlainClient[], channel: ChannelId, report: CrashReport) {
    this.#clients = clients;
    this.#channel = channel;
    this.#report = report;
    this.#senders = clients.flatMap((client, who) =>
      Array.from({ length: IN_FLIGHT }, (_, lane) => this.#sendOn(client, `${who}.${lane}`)),
    );
  }

  static async gather(server: SpawnedServer, count: number, report: CrashReport): Promise<Crowd> {
    const sessions = [await signUp(server.origin, 'owner', server.setupCode)];
    for (let i = 1; i < count; i++) sessions.push(await signUp(server.origin, `person${i}`));
    const token = sessions[0]?.accessToken ?? '';
    const channel = (await call(server.origin, 'snapshot', { token })).channels[0]?.channel.id;
    if (channel === undefined) throw new Error('a new server has a first channel');
    return new Crowd(
      sessions.map((session) => new PlainClient(server.origin, session)),
      channel,
      report,
    );
  }

  get answered(): number {
    return this.#clients.reduce((sum, client) => sum + client.answered.size, 0);
  }

  /** Every answer anybody got. */
  *answers(): Iterable<[CommandId, CommandResult]> {
    for (const client of this.#clients) yield* client.answered;
  }

  /** Stops sending, lets everybody finish and compares each with somebody who comes new. */
  async judge(): Promise<void> {
    const { broken } = this.#report;
    this.#stopping = true;
    if (!(await within(30_000, () => this.#clients.every((client) => client.live && client.unanswered === 0))))
      broken.push(`${this.#clients.reduce((sum, client) => sum + client.unanswered, 0)} commands were never answered`);
    else await Promise.all(this.#senders);
    this.#report.answered = this.answered;
    for (const [who, client] of this.#clients.entries()) {
      const fresh = JSON.stringify((await client.fresh()).digest());
      if (!(await within(10_000, () => JSON.stringify(client.mirror.digest()) === fresh)))
        broken.push(`client ${who} differs from a fresh one`);
      for (const violation of client.mirror.violations.slice(0, 3)) broken.push(`client ${who} was told: ${violation}`);
      this.#report.resumes += client.resumes;
      this.#report.resets += client.resets;
      const shown = new Set<string>(client.mirror.messagesOf(this.#channel).map((message) => message.id));
      for (const id of this.asked.keys()) if (!shown.has(id)) broken.push(`client ${who} does not show ${id}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
  }

  async #sendOn(client: PlainClient, lane: string): Promise<void> {
    for (let i = 0; !this.#stopping; i++) {
      const id = newId();
      const text = `${lane} says ${i}`;
      this.asked.set(id, text);
      try {
        await client.do({ kind: 'message.send', channel: this.#channel, text, replyTo: null }, id);
      } catch (error) {
        this.#report.broken.push(`${id} was refused: ${String(error)}`);
        return;
      }
    }
  }
}

/** Reads the file itself, past everything that could have an opinion. */
function judgeDatabase(data: string, crowd: Crowd, report: CrashReport): void {
  const database = new Database(path.join(data, 'skerry.db'), { readonly: true });
  try {
    const rows = database.prepare('SELECT id, n, text FROM messages').all() as {
      id: CommandId;
      n: number;
      text: string;
    }[];
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const [id, { n }] of crowd.answers()) {
      const row = byId.get(id);
      if (row === undefined) report.broken.push(`${id} was answered and is lost`);
      else if (row.n !== n) report.broken.push(`${id} was answered with place ${n} and stands at ${row.n}`);
    }
    const seen = new Set<string>();
    for (const { text } of rows) {
      if (seen.has(text)) report.broken.push(`"${text}" is there twice`);
      seen.add(text);
    }
    for (const [id, text] of crowd.asked)
      if (byId.get(id)?.text !== text) report.broken.push(`${id} is not what was asked`);
    const events = database.prepare('SELECT seq FROM events ORDER BY seq').all() as { seq: number }[];
    events.forEach(({ seq }, i) => {
      if (i > 0 && seq !== (events[i - 1]?.seq ?? 0) + 1) report.broken.push(`the log jumps to ${seq}`);
    });
    const check = database.prepare('PRAGMA integrity_check').get() as { integrity_check: string };
    if (check.integrity_check !== 'ok') report.broken.push(`the file is damaged: ${check.integrity_check}`);
  } finally {
    database.close();
  }
}

async function within(ms: number, condition: () => boolean): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}
