import {
  type AccountId,
  type ChannelId,
  type Command,
  type CommandId,
  LIMITS,
  type MessageId,
  SkerryError,
  uuidv7,
} from '@skerry/protocol';
import type { Clock, Random } from '../platform.ts';
import type { AttachmentView } from '../sealed/face.ts';
import { type StateStore, StoreFull, type Write } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import type { CommandAnswer, Link } from '../sync/entry-sync.ts';
import { unreachable } from '../unreachable.ts';
import { Value } from '../value.ts';
import { Flights } from './flights.ts';
import { afterRefusal, isText, laneOf, messageOf, type QueueRow, readQueueRow, supersedes } from './queue-row.ts';

export type Queued = QueueRow & {
  readonly isSending: boolean;
  /** The server may have it, whatever came back. */
  readonly isAttempted?: boolean;
  /** Files that go with it, in an encrypted conversation. */
  readonly attachments?: readonly AttachmentView[];
};

export type SendQueueDeps = {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProblem: (what: 'set_aside' | 'full') => void;
  /** Asks the server for a message that it confirmed and did not show; what is there is shown by that. */
  readonly ask: (message: MessageId) => Promise<'there' | 'gone' | 'unknown'>;
};

/** The server confirmed a message and does not have it. */
const NOT_KEPT = { code: 'not_kept', message: '' };

type Linked = { readonly link: Link; readonly account: AccountId; readonly inFlight: number };

const MAX_ROWS = 10_000;
const BUSY_MS = 1_000;

/**
 * Everything a person did that the server has not confirmed. A command is written to strict storage before its first
 * attempt and leaves it when its effect is stored, so at any crash it is on one of the two sides; sent again it carries
 * the same id and bytes, and the server does it once. I2
 *
 * One lane per channel, one command of it on its way at a time, so their order survives every cut (I13). What is refused
 * for good is parked or dropped and lets the rest pass. C-2
 */
export class SendQueue implements AsyncDisposable {
  readonly #deps: SendQueueDeps;
  readonly #rows = new Value<readonly QueueRow[]>([]);
  readonly #view = new Value<readonly Queued[]>([]);
  readonly #flights: Flights;
  #link: Linked | undefined;
  #isDispatching = false;
  /** Messages whose event was passed without them; and those that are being asked for. */
  readonly #unseen = new Set<string>();
  readonly #asked = new Set<string>();
  /** Everything up to this seq is stored. */
  #settled = 0;
  #nextOrder = 1;
  #writes: Promise<unknown> = Promise.resolve();
  #cancelTimer: () => void = () => undefined;
  #closed = false;

  constructor(deps: SendQueueDeps) {
    this.#deps = deps;
    this.#flights = new Flights(deps.random);
  }

  /** In their order. */
  get rows(): Subscribable<readonly Queued[]> {
    return this.#view;
  }

  /** Reads what a former run left. Rows it does not understand stay where they are. */
  async load(): Promise<void> {
    const stored = await this.#deps.state.range('queue', {});
    const rows = stored.map(readQueueRow);
    if (rows.includes(undefined)) this.#deps.onProblem('set_aside');
    const read = rows.filter((row) => row !== undefined);
    for (const { id } of read) this.#flights.maybeAttempted(id);
    this.#nextOrder =
      1 + stored.reduce((max, { key }) => (typeof key === 'number' ? Math.max(max, key) : max), this.#nextOrder - 1);
    this.#rows.set(inOrder([...read, ...this.#rows.get()]));
    this.#changed();
    this.#dispatch();
  }

  /**
   * Stores a command and sends it as soon as possible. Resolves when it is stored.
   * @returns its id, for a send that of the message
   * @throws SkerryError `limit_reached` with 10,000 waiting; StoreFull, StoreBroken
   */
  async add(
    command: Command,
    by: { account: AccountId; channelOfMessage?: ChannelId | undefined },
  ): Promise<CommandId> {
    if (this.#rows.get().length >= MAX_ROWS)
      throw new SkerryError('limit_reached', { message: 'Too much is waiting to be sent.' });
    const now = this.#deps.clock.now();
    const id = uuidv7(now, this.#deps.random.bytes(10));
    const ofPending =
      'message' in command ? this.#rows.get().find((row) => row.id === (command.message as string)) : undefined;
    const lane = ofPending?.lane ?? laneOf(command, by.channelOfMessage);
    const row: QueueRow = {
      order: this.#nextOrder++,
      id,
      account: by.account,
      lane,
      command,
      writtenAt: now,
      parked: null,
    };
    const outdated = this.#rows
      .get()
      .filter((old) => old.parked === null && !this.#flights.isOnItsWay(old.id) && supersedes(command, old.command));
    await this.#write([toWrite(row), ...outdated.map(toDelete)], () => {
      // One of them may have left while this was written; then both are done, in their order.
      const still = outdated.filter((old) => !this.#flights.isOnItsWay(old.id));
      this.#remove(still);
      this.#rows.update((rows) => inOrder([...rows, row]));
    });
    return id;
  }

  /**
   * Takes a send or an edit back, and what was queued about the same message. A send goes from here at once, also while
   * it is on its way; if the server may have got it, a delete follows it.
   * @returns its text; undefined when it is gone, or an edit on its way
   */
  async takeBack(id: string): Promise<string | undefined> {
    const row = this.#rows.get().find((one) => one.id === id);
    if (row === undefined) return undefined;
    if (row.command.kind !== 'message.send' && row.command.kind !== 'message.edit') return undefined;
    if (row.command.kind === 'message.edit' && this.#flights.isOnItsWay(row.id)) return undefined;
    const { command } = row;
    const isSend = command.kind === 'message.send';
    const related = isSend
      ? this.#rows.get().filter((one) => one !== row && messageOf(one) === row.id && !this.#flights.isOnItsWay(one.id))
      : [];
    const undo = isSend && row.parked === null && this.#flights.isAttempted(row.id) ? this.#undoOf(row) : undefined;
    // At once, so that it is not sent while the storage is written.
    this.#remove([row, ...related]);
    try {
      await this.#write([...[row, ...related].map(toDelete), ...(undo === undefined ? [] : [toWrite(undo)])], () => {
        if (undo !== undefined) this.#rows.update((rows) => inOrder([...rows, undo]));
      });
    } catch (error) {
      this.#rows.update((rows) => inOrder([...rows, row, ...related]));
      this.#changed();
      throw error;
    }
    return command.text;
  }

  /** Lets a parked one try again, in its old place. */
  async retry(id: string): Promise<void> {
    const row = this.#rows.get().find((one) => one.id === id);
    if (row?.parked == null) return;
    const next = { ...row, parked: null };
    await this.#write([toWrite(next)], () => this.#replace(row, next));
  }

  /** A socket is there. Only what `account` wrote is sent over it. */
  linked(link: Link, options: { account: AccountId; inFlight: number }): void {
    this.#link = { link, account: options.account, inFlight: Math.min(LIMITS.inFlight, Math.max(1, options.inFlight)) };
    this.#flights.allLanded('signedOut', 'sending');
    for (const row of this.#rows
      .get()
      .filter(({ account, parked }) => account !== options.account && parked === null)) {
      if (!isText(row.command)) this.#done([row]);
      else this.#park(row, { code: 'forbidden', message: 'This was written as another account.' });
    }
    this.#dispatch();
  }

  /** The socket is gone: what was on its way is sent again over the next one. */
  unlinked(): void {
    this.#link = undefined;
    this.#flights.allLanded('sending');
    this.#changed();
  }

  /** The server's log may be another one than before: what it confirmed is sent again, so that it surely has it. */
  forgetAnswers(): void {
    this.#flights.allLanded('answered');
    this.#dispatch();
  }

  answered(id: CommandId, answer: CommandAnswer): void {
    const row = this.#rows.get().find((one) => one.id === id);
    if (row === undefined) return this.#dispatch();
    if (answer.ok) {
      // What the client has passed already, the server has for sure: it says so now.
      const now = this.#deps.clock.now();
      if (answer.result.seq > this.#settled || this.#unseen.has(id))
        this.#flights.confirmed(id, answer.result.seq, now);
      else this.#done([row]);
      if (this.#unseen.has(id) && answer.result.seq <= this.#settled) this.#ask(row);
      this.#changed();
      return this.#dispatch();
    }
    const what = afterRefusal(row.command, answer.error);
    switch (what) {
      case 'again':
        this.#flights.refusedForNow(id, answer.error, this.#deps.clock.now());
        break;
      case 'whenSignedIn':
        this.#flights.signedOut(id);
        break;
      case 'park':
        this.#park(row, { code: answer.error.code, message: answer.error.message });
        break;
      case 'drop':
        this.#done([row]);
        break;
      default:
        unreachable(what);
    }
    this.#dispatch();
  }

  /** Everything up to `seq` is stored, and these messages are: what made them is done. */
  settle(seq: number, made: ReadonlySet<string>): void {
    this.#settled = seq;
    const isPassed = ({ id }: QueueRow): boolean => this.#flights.isPassed(id, seq);
    const isSend = (row: QueueRow): boolean => row.command.kind === 'message.send';
    const rows = this.#rows.get();
    const done = rows.filter((row) => (isSend(row) ? made.has(row.id) : isPassed(row)));
    // Passed without its message: a snapshot came in between, or the server went back to a backup. Only asking tells.
    const unseen = rows.filter((row) => isSend(row) && !made.has(row.id) && isPassed(row));
    for (const { id } of unseen) {
      if (this.#asked.has(id)) continue;
      this.#unseen.add(id);
      this.#flights.landed(id);
    }
    if (done.length > 0) this.#done(done);
    if (unseen.length > 0) this.#dispatch();
  }

  /** Resolves when everything that was to be written is. */
  async flush(): Promise<void> {
    await this.#writes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    this.#link = undefined;
    await this.#writes;
  }

  #dispatch(): void {
    // An answer may come while a command is handed over.
    if (this.#closed || this.#isDispatching) return;
    this.#isDispatching = true;
    try {
      while (this.#sendNext());
    } finally {
      this.#isDispatching = false;
    }
    this.#changed();
  }

  /** Sends the first command that may go now. @returns false when there is none; then a timer waits for the next one */
  #sendNext(): boolean {
    this.#cancelTimer();
    const now = this.#deps.clock.now();
    const link = this.#link;
    if (link === undefined) return false;
    const busy = new Set<string>();
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const row of this.#rows.get()) {
      // Confirmed ones are over for the server, so the next of the lane may go.
      const dueAt = row.command.kind === 'message.send' ? this.#flights.dueAt(row.id) : Number.POSITIVE_INFINITY;
      if (dueAt <= now) this.#ask(row);
      else wakeAt = Math.min(wakeAt, dueAt);
      if (row.parked !== null || this.#flights.isConfirmed(row.id) || busy.has(row.lane)) continue;
      busy.add(row.lane);
      if (row.account !== link.account) continue;
      const notBefore = this.#flights.notBefore(row.id);
      if (notBefore > now) wakeAt = Math.min(wakeAt, notBefore);
      else if (this.#hand(row, link, now)) return true;
      // The socket is busy with commands that are not queued here; whose end is not told.
      else wakeAt = Math.min(wakeAt, now + BUSY_MS);
    }
    if (wakeAt < Number.POSITIVE_INFINITY)
      this.#cancelTimer = this.#deps.clock.after(wakeAt - now, () => this.#dispatch());
    return false;
  }

  #hand(row: QueueRow, { link, inFlight }: Linked, now: number): boolean {
    // One that is asked for again is among them already.
    const others = this.#flights.onTheirWay - (this.#flights.isOnItsWay(row.id) ? 1 : 0);
    return others < inFlight && this.#flights.start(row.id, now, () => link.command(row.id, row.command));
  }

  #park(row: QueueRow, parked: { code: string; message: string }): void {
    const next = { ...row, parked };
    this.#flights.landed(row.id);
    this.#replace(row, next);
    this.#changed();
    this.#writeBehind([toWrite(next)]);
  }

  #done(rows: readonly QueueRow[]): void {
    this.#remove(rows);
    this.#changed();
    // If this write is lost, the row is sent once more after a restart, and the server answers as it did before.
    this.#writeBehind(rows.map(toDelete));
    this.#dispatch();
  }

  /** A server that confirms and does not show is asked for the message itself, which settles it. */
  #ask(row: QueueRow): void {
    if (this.#asked.has(row.id)) return;
    this.#asked.add(row.id);
    void this.#deps.ask(row.id as string as MessageId).then((outcome) => {
      this.#asked.delete(row.id);
      const now = this.#rows.get().find(({ id }) => id === row.id);
      if (this.#closed || now === undefined || now.parked !== null) return;
      if (outcome === 'there') this.#done([now]);
      else if (outcome === 'gone') this.#park(now, NOT_KEPT);
      else this.#flights.waitOn(row.id, this.#deps.clock.now());
      this.#dispatch();
    });
  }

  #undoOf(row: QueueRow): QueueRow {
    const now = this.#deps.clock.now();
    const command: Command = { kind: 'message.delete', message: row.id as string as MessageId };
    return { ...row, order: this.#nextOrder++, id: uuidv7(now, this.#deps.random.bytes(10)), command, writtenAt: now };
  }

  #remove(rows: readonly QueueRow[]): void {
    const ids = new Set(rows.map(({ id }) => id));
    for (const id of ids) {
      this.#flights.forget(id);
      this.#unseen.delete(id);
    }
    this.#rows.update((all) => all.filter(({ id }) => !ids.has(id)));
  }

  #replace(old: QueueRow, next: QueueRow): void {
    this.#rows.update((rows) => rows.map((row) => (row.id === old.id ? next : row)));
  }

  /** Write, then tell: what the person sees as queued is stored. */
  #write(writes: readonly Write[], then: () => void): Promise<void> {
    const done = this.#writes.then(async () => {
      try {
        await this.#deps.state.commit(writes);
      } catch (error) {
        if (error instanceof StoreFull) this.#deps.onProblem('full');
        throw error;
      }
      then();
      this.#changed();
      this.#dispatch();
    });
    this.#writes = done.catch(() => undefined);
    return done;
  }

  #writeBehind(writes: readonly Write[]): void {
    this.#write(writes, () => undefined).catch(() => undefined);
  }

  #changed(): void {
    const old = new Map(this.#view.get().map((row) => [row.id, row] as const));
    const rows = this.#rows.get().map((row): Queued => {
      const isSending = this.#flights.isOnItsWay(row.id);
      const isAttempted = this.#flights.isAttempted(row.id);
      const before = old.get(row.id);
      const isSame =
        before?.isSending === isSending && before.isAttempted === isAttempted && before.parked === row.parked;
      return isSame ? before : { ...row, isSending, isAttempted };
    });
    const isSame = rows.length === old.size && rows.every((row, index) => row === this.#view.get()[index]);
    if (!isSame) this.#view.set(rows);
  }
}

function inOrder(rows: readonly QueueRow[]): readonly QueueRow[] {
  return [...rows].sort((a, b) => a.order - b.order);
}

function toWrite({ order, ...row }: QueueRow): Write {
  return { table: 'queue', key: order, value: row };
}

function toDelete({ order }: QueueRow): Write {
  return { table: 'queue', key: order, delete: true };
}
