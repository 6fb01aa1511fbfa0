import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  SkerryError,
  snapshot,
  uuidv7,
  type AccountId,
  type ChannelId,
  type Command,
  type CommandId,
  type CommandResult,
  type Event,
  type Position,
  type Role,
  type SessionId,
  type Snapshot,
} from '@skerry/protocol';
import { Batches, type Op } from '../db/batch.ts';
import { openDriver, type SqliteDriver } from '../db/driver.ts';
import { migrate } from '../db/migrate.ts';
import { Statements } from '../db/statements.ts';
import { writeProcedures } from '../db/write-procedures.ts';
import { createDefaultChannel, joinDefaultChannels } from '../log/membership.ts';
import type { Output } from '../log/output.ts';
import { readConnection, type Connection } from '../log/replay.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { readSnapshot } from '../snapshot/reads.ts';
import { readFrames, type Frame } from './read-frames.ts';
import { NO_FAULTS } from './kill-points.ts';

export type Person = { readonly account: AccountId; readonly session: SessionId };

/** The real log and the real procedures over a file of their own, in the calling thread. */
export class LogFixture implements Disposable {
  readonly folder: string;
  readonly driver: SqliteDriver;
  readonly db: Statements;
  readonly batches: Batches;
  readonly general: ChannelId;
  /** What the batches told, in order. */
  readonly outputs: Output[] = [];
  readonly bugs: unknown[] = [];
  now = 1_700_000_000_000;
  #people = 0;

  private constructor(folder: string, driver: SqliteDriver) {
    this.folder = folder;
    this.driver = driver;
    this.db = new Statements(driver);
    this.general = this.newId<ChannelId>();
    this.batches = new Batches({
      driver,
      procedures: { ...writeProcedures(NO_FAULTS), 'fixture.do': (tx: Tx, act: (tx: Tx) => unknown) => act(tx) },
      faults: NO_FAULTS,
      now: () => this.now,
      newTag: () => randomBytes(8).toString('hex'),
      onBug: (bug) => this.bugs.push(bug),
      onEarlyAnswer: () => {},
    });
  }

  static async open(): Promise<LogFixture> {
    const folder = mkdtempSync(path.join(tmpdir(), 'skerry-log-'));
    const file = path.join(folder, 'skerry.db');
    const driver = await openDriver(file, 'write');
    migrate(driver, file);
    const fixture = new LogFixture(folder, driver);
    fixture.do((tx) => {
      const { n } = tx.append(SERVER_STREAM, 'server', '');
      tx.db.run(
        "INSERT INTO server (id, server_id, name, description, registration, created_at, rev) VALUES (1, ?, 'Harbour', '', 'open', ?, ?)",
        randomUUID(),
        tx.now,
        n,
      );
      createDefaultChannel(tx, { id: fixture.general, name: 'general' });
    });
    return fixture;
  }

  newId<Id extends string = CommandId>(): Id {
    return uuidv7<Id>(this.now, randomBytes(10));
  }

  /** Runs something as one write of its own. */
  do<Result>(act: (tx: Tx) => Result): Result {
    return this.#outcome(this.#run([{ name: 'fixture.do', args: act }])[0]) as Result;
  }

  person(role: Role = 'member'): Person {
    const person = { account: this.newId<AccountId>(), session: this.newId<SessionId>() };
    const name = `person${++this.#people}`;
    this.do((tx) => {
      const { n } = tx.append(SERVER_STREAM, 'account', person.account);
      tx.db.run(
        'INSERT INTO accounts (id, username, display_name, role, created_at, rev) VALUES (?, ?, ?, ?, ?, ?)',
        person.account,
        name,
        name,
        role,
        tx.now,
        n,
      );
      tx.db.run(
        "INSERT INTO sessions (id, account_id, device, created_at, last_seen_at) VALUES (?, ?, 'test', ?, ?)",
        person.session,
        person.account,
        tx.now,
        tx.now,
      );
      joinDefaultChannels(tx, person.account);
    });
    return person;
  }

  /** One command as one batch. @throws SkerryError */
  run(person: Person, command: Command, id = this.newId()): CommandResult {
    return this.#outcome(this.#run([this.op(person, command, id)])[0]) as CommandResult;
  }

  /** The code a command is refused with, or `ok`. */
  codeOf(person: Person, command: Command, id = this.newId()): string {
    const [outcome] = this.#run([this.op(person, command, id)]);
    return outcome === undefined || outcome.ok ? 'ok' : outcome.error.code;
  }

  /** Several commands as one batch; each gives a result or a code. */
  batch(commands: readonly (readonly [Person, Command, CommandId?])[]): (CommandResult | string)[] {
    return this.#run(commands.map(([person, command, id]) => this.op(person, command, id ?? this.newId()))).map(
      (outcome) => (outcome.ok ? (outcome.value as CommandResult) : outcome.error.code),
    );
  }

  op(person: Person, command: Command, id: CommandId): Op {
    return { name: 'command.run', args: { ...person, id, json: JSON.stringify(command) } };
  }

  snapshot(person: Person): Snapshot {
    return snapshot.parse(readJson(readSnapshot(this.db, person)));
  }

  connect(person: Person, resume: Position | null): Connection {
    return readConnection(this.db, { ...person, resume });
  }

  /** The events a connection replays, flat. */
  replayed(person: Person, resume: Position | null): (Event & { stream: string })[] {
    const { frames } = this.connect(person, resume);
    return frames === null ? [] : eventsOf(readFrames(frames));
  }

  get serverId(): string {
    return this.db.value<string>('SELECT server_id FROM server') ?? '';
  }

  get position(): Position {
    return this.db.get<Position>('SELECT seq, tag FROM log') ?? { seq: 0, tag: '' };
  }

  [Symbol.dispose](): void {
    this.driver.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(ops: readonly Op[]) {
    const { outcomes, output } = this.batches.run(ops);
    if (output !== null) this.outputs.push(output);
    return outcomes;
  }

  #outcome(outcome: ReturnType<Batches['run']>['outcomes'][number] | undefined): unknown {
    if (outcome === undefined) throw new Error('no outcome');
    if (!outcome.ok) throw SkerryError.fromBody(outcome.error);
    return outcome.value;
  }
}

export const readJson = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

export function eventsOf(frames: readonly Frame[]): (Event & { stream: string })[] {
  return frames.flatMap((frame) =>
    frame.t === 'events' ? frame.events.map((event) => ({ stream: frame.stream, ...event })) : [],
  );
}
