import {
  type AccountId,
  type Ask,
  type AskAnswer,
  askKind,
  encodeAskAnswer,
  MACHINE_TIMES,
  SkerryError,
} from '@skerry/protocol';
import { AGENT_BYTES, type AnswerContent, answerContent } from '@skerry/protocol/agents';
import * as z from 'zod/mini';
import { unlessAborted } from '../abort.ts';
import { LocalError } from '../errors.ts';
import type { ListCheck } from '../keys/list-chain.ts';
import type { Clock } from '../platform.ts';
import { type Bodies, parsed } from './bodies.ts';
import type { Commands } from './commands.ts';
import type { AnswerFault, AskEnd, NewAsk } from './face.ts';
import type { PersonList } from './person-list.ts';
import type { Records } from './records.ts';

export type AsksDeps = {
  readonly serverId: string;
  readonly account: AccountId;
  readonly device: number;
  readonly records: Records;
  readonly bodies: Bodies;
  readonly commands: Commands;
  readonly list: PersonList;
  readonly verify: ListCheck['verify'];
  readonly clock: Clock;
  /** How far the server's clock is ahead. */
  readonly skew: () => number;
  /** @throws SkerryError `not_found` */
  readonly fetch: (ask: string, signal: AbortSignal) => Promise<Ask>;
  readonly signal: AbortSignal;
  readonly run: (task: Promise<unknown>) => void;
};

const end = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered'), answer: answerContent, by: z.number(), at: z.number() }),
  z.object({ kind: z.literal('cancelled') }),
  z.object({ kind: z.literal('expired') }),
  z.object({ kind: z.literal('unverified'), why: z.enum(['signer', 'signature', 'decision', 'late']) }),
]);
type End = z.infer<typeof end>;

const stored = z.object({
  run: z.string(),
  kind: askKind,
  digest: z.string(),
  /** By this computer's clock. */
  expiresAt: z.number(),
  /** As the server was told, by its own clock. */
  endsAt: z.number(),
  /** Encrypted, as it was first sent. */
  body: z.string(),
  /** The server has it. */
  isThere: z.boolean(),
  /** How it ended; whoever asked may not know it yet. */
  end: z.nullable(end),
});
type Row = z.infer<typeof stored>;
/** What is left of one that is over: an id is used once. */
const over = z.object({ overAt: z.number() });

/** By itself this machine takes it for over a little later than the server, which should have the word. */
const GRACE_MS = 2_000;
const LATEST_LOOK_MS = 3_600_000;
const KEEP_OVER_MS = 60 * 24 * 3_600_000;
const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 60_000;
const NOT_SENT: readonly string[] = ['bad_request', 'limit_reached', 'not_found', 'forbidden', 'too_large'];

/**
 * What agents ask. An ask is kept before it leaves, with the bytes it leaves in; how it ended is judged once, kept, and told
 * until it is taken. A server can hold an answer back or say that an ask is closed: it can't answer. SPEC M-10, M-11, T18, T19.
 */
export class Asks {
  readonly #deps: AsksDeps;
  readonly #open = new Map<string, Row>();
  readonly #sending = new Map<string, Promise<void>>();
  readonly #telling = new Set<string>();
  #handler: ((end: AskEnd) => Promise<void>) | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => undefined;

  constructor(deps: AsksDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const { records, clock } = this.#deps;
    const either = z.union([stored, over]);
    const now = clock.now();
    const old: string[] = [];
    for (const [key, row] of await records.all('machine_asks', either)) {
      if ('run' in row) this.#open.set(String(key), row);
      else if (now - row.overAt > KEEP_OVER_MS) old.push(String(key));
    }
    await records.commit(old.map((id) => records.drop('machine_asks', id)));
    this.#plan();
  }

  /** Also tells what ended before there was anybody to tell. */
  handle(handler: (end: AskEnd) => Promise<void>): void {
    this.#handler = handler;
    for (const id of this.#open.keys()) this.#tell(id);
  }

  async open(ask: NewAsk, signal?: AbortSignal): Promise<void> {
    const row = await this.#alone(() => this.#rowFor(ask));
    if (row.end !== null) throw closed();
    await this.#sent(ask.id, row, signal);
  }

  async cancel(id: string, signal?: AbortSignal): Promise<'cancelled' | 'closed'> {
    const row = this.#open.get(id);
    if (row === undefined || row.end !== null) return 'closed';
    try {
      // It may be on its way: only what is there can be cancelled.
      if (!row.isThere) await this.#sent(id, row, signal);
      await this.#deps.commands.run({ kind: 'ask.cancel', ask: id }, { signal });
    } catch (error) {
      if (!(error instanceof SkerryError) || error.code === 'unavailable') throw error;
      if (error.code === 'ask_closed') {
        this.#lookAt(id);
        return 'closed';
      }
    }
    await this.#alone(() => this.#finish(id, { kind: 'cancelled' }));
    return this.#open.get(id)?.end?.kind === 'cancelled' || this.#open.get(id) === undefined ? 'cancelled' : 'closed';
  }

  async taken(id: string, signal?: AbortSignal): Promise<void> {
    await this.#deps.commands.run({ kind: 'ask.taken', ask: id }, { signal }).catch((error: unknown) => {
      // The run was erased meanwhile: there is nobody left to tell.
      if (!(error instanceof SkerryError) || error.code !== 'not_found') throw error;
    });
  }

  /** What the server says of an ask. Of those that are not open here nothing is heard. Never rejects. */
  heard(ask: Ask): void {
    if (!this.#open.has(ask.id)) return;
    this.#deps.run(this.#alone(() => this.#judge(ask)).catch(() => undefined));
  }

  /** The server is there again: what became of those that are open. @throws SkerryError when it can't be asked */
  async catchUp(asks: readonly Ask[], signal: AbortSignal): Promise<void> {
    for (const [id, { end: known, isThere }] of [...this.#open]) {
      if (known !== null) continue;
      const told = asks.find((one) => one.id === id) ?? (await this.#fetched(id, signal));
      if (told !== undefined) await this.#alone(() => this.#judge(told));
      // A server that was put back to an earlier day has lost it: it gets the same ask again.
      else if (isThere) this.#lost(id);
    }
  }

  dispose(): void {
    this.#cancel();
  }

  async #rowFor({ id, run, kind, content, expiresAt }: NewAsk): Promise<Row> {
    const { records, bodies, clock, skew } = this.#deps;
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    if ((await records.get('machine_asks', id, over)) !== undefined) throw closed();
    const wait = expiresAt - clock.now();
    if (wait < MACHINE_TIMES.askLeastMs || wait > MACHINE_TIMES.askMostMs)
      throw new LocalError('bad_request', 'An ask waits from a second to thirty days.');
    const plain = bodies.encode(content, AGENT_BYTES.ask);
    const body = await bodies.seal(plain, { use: 'ask', run, ask: id });
    const digest = await bodies.digest(plain);
    const endsAt = expiresAt + Math.round(skew());
    const row: Row = { run, kind, digest, expiresAt, endsAt, body, isThere: false, end: null };
    await this.#write(id, row);
    this.#plan();
    return row;
  }

  /** Several may wait for the same sending, which none of them calls off for the others. */
  #sent(id: string, row: Row, signal: AbortSignal = this.#deps.signal): Promise<void> {
    const sending = this.#sending.get(id) ?? this.#send(id, row).finally(() => this.#sending.delete(id));
    this.#sending.set(id, sending);
    return unlessAborted(sending, signal);
  }

  async #send(id: string, { run, kind, digest, endsAt, body }: Row): Promise<void> {
    const { commands } = this.#deps;
    try {
      await commands.run({ kind: 'ask.open', run, ask: kind, digest, expiresAt: endsAt, body }, { id });
    } catch (error) {
      if (!(error instanceof SkerryError) || !NOT_SENT.includes(error.code)) throw error;
      await this.#alone(() => this.#refused(id, error));
    }
    await this.#alone(async () => {
      const row = this.#open.get(id);
      if (row !== undefined && row.end === null && !row.isThere) await this.#write(id, { ...row, isThere: true });
    });
  }

  /** The server never had it. @throws SkerryError */
  async #refused(id: string, error: SkerryError): Promise<void> {
    const { records, clock } = this.#deps;
    const row = this.#open.get(id);
    if (row === undefined || row.end !== null) throw closed();
    if (error.code === 'bad_request' && clock.now() > row.expiresAt - MACHINE_TIMES.askLeastMs) {
      await this.#finish(id, { kind: 'expired' });
      throw closed();
    }
    // Nothing of it was kept there, so the same id may be tried again.
    await records.commit([records.drop('machine_asks', id)]);
    this.#open.delete(id);
    throw error;
  }

  async #fetched(id: string, signal: AbortSignal): Promise<Ask | undefined> {
    try {
      return await this.#deps.fetch(id, signal);
    } catch (error) {
      if (error instanceof SkerryError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  #lost(id: string): void {
    const row = this.#open.get(id);
    if (row === undefined) return;
    const again = this.#sent(id, row).catch(async (error: unknown) => {
      if (error instanceof SkerryError && error.code !== 'unavailable' && this.#open.get(id)?.end === null)
        await this.#alone(() => this.#finish(id, { kind: 'cancelled' }));
      else if (error instanceof SkerryError && NOT_SENT.includes(error.code))
        await this.#alone(() => this.#tellGone(id, row));
    });
    this.#deps.run(again.catch(() => undefined));
  }

  #lookAt(id: string): void {
    const { signal, run } = this.#deps;
    run(
      this.#fetched(id, signal)
        .then((ask) => ask && this.#alone(() => this.#judge(ask)))
        .catch(() => undefined),
    );
  }

  async #judge(ask: Ask): Promise<void> {
    const { id, state, answer } = ask;
    const row = this.#open.get(id);
    if (row === undefined || row.end !== null) return;
    switch (state) {
      case 'open':
        return row.isThere ? undefined : this.#write(id, { ...row, isThere: true });
      case 'cancelled':
      case 'expired':
        return this.#finish(id, { kind: state });
      case 'answered': {
        const judged = await this.#judged(id, row, answer);
        return judged === undefined ? undefined : this.#finish(id, judged);
      }
    }
  }

  /** @returns undefined while nothing can be judged: no list is believed now */
  async #judged(id: string, row: Row, answer: AskAnswer | null): Promise<End | undefined> {
    const { list, clock, signal } = this.#deps;
    const seenAt = clock.now();
    if (answer === null) return FAULT('decision');
    // It may have been listed a moment ago.
    if (list.device(answer.device) === undefined) await list.look(signal);
    if (list.standing.get().kind !== 'listed') return undefined;
    const content = await this.#verified(id, row, answer);
    if (typeof content === 'string') return FAULT(content);
    if (seenAt >= row.expiresAt) return FAULT('late');
    return { kind: 'answered', answer: content, by: answer.device, at: answer.at };
  }

  async #verified(id: string, row: Row, answer: AskAnswer): Promise<AnswerContent | AnswerFault> {
    const { list, bodies, verify, serverId, account, device: machine } = this.#deps;
    const { device, decision, body, signature } = answer;
    const signer = list.device(device);
    if (signer === undefined) return 'signer';
    const { run, digest, endsAt: expiresAt } = row;
    const said = { serverId, account, machine, run, ask: id, digest, decision, expiresAt, device };
    if (!(await verify({ bytes: encodeAskAnswer(said), signature, publicKey: signer.signKey }))) return 'signature';
    const plain = await bodies.open(body, { use: 'answer', run, ask: id });
    if (plain === undefined || (await bodies.digest(plain)) !== decision) return 'decision';
    const read = answerContent.safeParse(parsed(plain));
    return read.success ? read.data : 'decision';
  }

  /** From here on it has ended this way, whatever the server says. */
  async #finish(id: string, how: End): Promise<void> {
    const row = this.#open.get(id);
    if (row === undefined || row.end !== null) return;
    await this.#write(id, { ...row, body: '', end: how });
    this.#tell(id);
  }

  /** It is not known any more. */
  async #tellGone(id: string, row: Row): Promise<void> {
    if (this.#open.has(id)) return;
    await this.#write(id, { ...row, body: '', end: { kind: 'cancelled' } });
    this.#tell(id);
  }

  #tell(id: string): void {
    const row = this.#open.get(id);
    const handler = this.#handler;
    if (row?.end == null || handler === undefined || this.#telling.has(id)) return;
    this.#telling.add(id);
    this.#deps.run(this.#tellUntilTaken({ ask: id, run: row.run, ...row.end }, handler));
  }

  async #tellUntilTaken(told: AskEnd, handler: (end: AskEnd) => Promise<void>): Promise<void> {
    const { clock, signal, records } = this.#deps;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(MOST_PAUSE_MS, pause * 2)) {
      try {
        await handler(told);
        await records.commit([records.put('machine_asks', told.ask, { overAt: clock.now() })]);
        this.#open.delete(told.ask);
        break;
      } catch {
        await clock.sleep(pause, signal).catch(() => undefined);
      }
    }
    this.#telling.delete(told.ask);
  }

  async #write(id: string, row: Row): Promise<void> {
    const { records } = this.#deps;
    await records.commit([records.put('machine_asks', id, row)]);
    this.#open.set(id, row);
  }

  /** Nobody waits for ever for a server that is gone. */
  #plan(): void {
    this.#cancel();
    const { clock, signal } = this.#deps;
    if (signal.aborted) return;
    const ends = [...this.#open.values()].filter((row) => row.end === null).map(({ expiresAt }) => expiresAt);
    if (ends.length === 0) return;
    const wait = Math.max(0, Math.min(...ends) + GRACE_MS - clock.now());
    this.#cancel = clock.after(Math.min(wait, LATEST_LOOK_MS), () => {
      const due = [...this.#open].filter(([, row]) => row.end === null && row.expiresAt + GRACE_MS <= clock.now());
      const expire = async (): Promise<void> => {
        for (const [id] of due) await this.#finish(id, { kind: 'expired' });
      };
      this.#deps.run(
        this.#alone(expire)
          .catch(() => undefined)
          .then(() => this.#plan()),
      );
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

const FAULT = (why: AnswerFault): End => ({ kind: 'unverified', why });

const closed = (): LocalError => new LocalError('ask_closed', 'This ask is over already.');
