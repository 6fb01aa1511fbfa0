import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import type { CommandId, CommandResult } from '@skerry/protocol';
import { PlainClient } from '../harness/plain-client.ts';
import { call, signUp } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { CoreSender, PlainSender, SealedSender, within, type Sender } from './senders.ts';

export const KILL_POINTS = ['accepted', 'before-commit', 'committed', 'answered', 'published'] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

export type CrashOptions = {
  /** The kill point of each cycle. */
  cycles: readonly KillPoint[];
  clients: number;
  /** How many of them are the real client; the others are the plainest there can be. */
  cores: number;
  /** Pairs besides who write to each other encrypted. */
  pairs: number;
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
  /** What was said encrypted, as the database has it. */
  sealed: number;
  resumes: number;
  resets: number;
  /** Broken promises, in words. Empty is what the test asks for. */
  broken: string[];
};

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
  const report: CrashReport = { cycles: [], early: 0, answered: 0, sealed: 0, resumes: 0, resets: 0, broken: [] };
  await using server = await SpawnedServer.start({ name: 'Crash', args: ['--client', 'none'] });
  const crowd = await Crowd.gather(server, options, report);
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
      crowd.serverIsBack();
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
  readonly #people: readonly Sender[];
  readonly #report: CrashReport;
  readonly #senders: Promise<void>[];
  /** The text of every command that was ever handed over. */
  readonly asked = new Map<CommandId, string>();
  /** Those of them that everybody can read. */
  readonly #open = new Set<CommandId>();
  #stopping = false;

  private constructor(people: readonly Sender[], report: CrashReport) {
    this.#people = people;
    this.#report = report;
    this.#senders = people.flatMap((person, who) =>
      Array.from({ length: person.lanes }, (_, lane) => this.#sendOn(person, `${who}.${lane}`)),
    );
  }

  static async gather(
    server: SpawnedServer,
    { clients, cores, pairs }: CrashOptions,
    report: CrashReport,
  ): Promise<Crowd> {
    const owner = await signUp(server.origin, 'owner', server.setupCode);
    const channel = (await call(server.origin, 'snapshot', { token: owner.accessToken })).channels[0]?.channel.id;
    if (channel === undefined) throw new Error('a new server has a first channel');
    const people: Sender[] = [];
    for (let i = 0; i < clients; i++) {
      const name = `person${i}`;
      people.push(
        i < cores
          ? await CoreSender.join(server.origin, name, channel)
          : new PlainSender(new PlainClient(server.origin, await signUp(server.origin, name)), channel),
      );
    }
    for (let i = 0; i < pairs; i++) people.push(...(await SealedSender.pair(server, [`left${i}`, `right${i}`])));
    return new Crowd(people, report);
  }

  get answered(): number {
    return this.#people.reduce((sum, person) => sum + person.answered.size, 0);
  }

  /** Every answer anybody got. */
  *answers(): Iterable<[CommandId, CommandResult]> {
    for (const person of this.#people) yield* person.answered;
  }

  /** The server is back: nobody waits for a backoff that grew through many deaths. */
  serverIsBack(): void {
    for (const person of this.#people) person.tryNow();
  }

  /** Stops sending, lets everybody finish and compares each with somebody who comes new. */
  async judge(): Promise<void> {
    const { broken } = this.#report;
    this.#stopping = true;
    const settled = await within(30_000, () => {
      this.serverIsBack();
      return this.#people.every((person) => person.isSettled());
    });
    if (settled) await Promise.all(this.#senders);
    else
      broken.push(
        `clients ${this.#people.flatMap((person, who) => (person.isSettled() ? [] : [who])).join()} never got all answers`,
      );
    this.#report.answered = this.answered;
    for (const [who, person] of this.#people.entries()) {
      for (const complaint of await person.complaints([...this.#open])) broken.push(`client ${who} ${complaint}`);
      this.#report.resumes += person.resumes;
      this.#report.resets += person.resets;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    for (const person of this.#people) await person[Symbol.asyncDispose]();
  }

  async #sendOn(person: Sender, lane: string): Promise<void> {
    for (let i = 0; !this.#stopping; i++) {
      try {
        await person.send(`${lane} says ${i}`, (id, text) => {
          this.asked.set(id, text);
          if (person.says === 'openly') this.#open.add(id);
        });
      } catch (error) {
        this.#report.broken.push(`${lane} says ${i} was refused: ${String(error)}`);
        return;
      }
    }
  }
}

/** Reads the file itself, past everything that could have an opinion. */
function judgeDatabase(data: string, crowd: Crowd, report: CrashReport): void {
  const database = new Database(path.join(data, 'skerry.db'), { readonly: true });
  try {
    const rows = database.prepare(ROWS_SQL).all() as { id: CommandId; n: number; text: string }[];
    report.sealed = (database.prepare('SELECT count(*) AS many FROM sealed').get() as { many: number }).many;
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
    judgeQueues(database, report);
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

/** What was said openly, and of what was said encrypted the one copy that waits for the one device of the other person. */
const ROWS_SQL = `SELECT id, n, text FROM messages
  UNION ALL SELECT x.id, x.n, q.body FROM sealed x LEFT JOIN queue q ON q.message_id = x.id`;

/** Nothing is missing from a queue, and nothing is in it twice. E-8. */
function judgeQueues(database: InstanceType<typeof Database>, report: CrashReport): void {
  const queues = database
    .prepare(
      `SELECT d.queue_head AS head, count(q.n) AS many, coalesce(max(q.n), 0) AS last, count(DISTINCT q.message_id) AS messages
       FROM devices d LEFT JOIN queue q ON q.account_id = d.account_id AND q.device = d.device GROUP BY d.account_id, d.device`,
    )
    .all() as { head: number; many: number; last: number; messages: number }[];
  for (const { head, many, last, messages } of queues)
    if (many !== head || last !== head || messages !== head)
      report.broken.push(`a queue up to ${head} has ${many} items of ${messages} messages, the last one ${last}`);
}
