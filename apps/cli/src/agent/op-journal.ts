import { constants, renameSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { AgentReply } from '@skerry/protocol/agents';
import { replaceFile } from '../machine/secret-store.ts';

const KEPT_MS = 30 * 24 * 3_600_000;
/** Bytes beyond which what is old is dropped when it is opened. */
const LARGE = 1024 * 1024;
const NEW_LINE = 0x0a;

/** What was begun for a wish: names that are made once for it, so that doing it again finds what is there. */
export type OpPlan = { readonly local: string; readonly run: string };
export type KnownOp = { readonly plan: OpPlan; readonly reply: AgentReply | null };

type Row = {
  readonly op: string;
  readonly at: number;
  readonly plan: OpPlan;
  readonly reply: AgentReply | null;
};

/** What this machine did for one server's calls. Each is on the disk before it is done, and with its reply after. SPEC M-15. */
export class OpJournal implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #now: () => number;
  readonly #known: Map<string, Row>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle, known: Map<string, Row>, now: () => number) {
    this.#file = file;
    this.#known = known;
    this.#now = now;
  }

  /** @param now milliseconds since 1970 */
  static async open(path: string, now: () => number): Promise<OpJournal> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const whole = bytes.lastIndexOf(NEW_LINE) + 1;
    const known = new Map<string, Row>();
    for (const line of bytes.subarray(0, whole).toString('utf8').split('\n')) {
      if (line === '') continue;
      const row = JSON.parse(line) as Row;
      known.delete(row.op);
      known.set(row.op, row);
    }
    if (bytes.length > LARGE) {
      for (const [op, { at }] of known) if (at < now() - KEPT_MS) known.delete(op);
      replaceFile(path, [...known.values()].map((row) => `${JSON.stringify(row)}\n`).join(''));
    } else if (whole < bytes.length) {
      replaceFile(`${path}.whole`, bytes.subarray(0, whole).toString('utf8'));
      renameSync(`${path}.whole`, path);
    }
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600);
    return new OpJournal(file, known, now);
  }

  find(op: string): KnownOp | undefined {
    return this.#known.get(op);
  }

  /** Those that were begun and never done. */
  get begun(): readonly OpPlan[] {
    return [...this.#known.values()].flatMap(({ plan, reply }) => (reply === null ? [plan] : []));
  }

  /** Resolves when it is on the disk. */
  begin(op: string, plan: OpPlan): Promise<void> {
    return this.#write({ op, at: this.#now(), plan, reply: null });
  }

  async finish(op: string, reply: AgentReply): Promise<void> {
    const known = this.#known.get(op);
    if (known === undefined) throw new Error('an op is begun before it is done');
    await this.#write({ ...known, reply });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  #write(row: Row): Promise<void> {
    const written = this.#last.then(async () => {
      await this.#file.appendFile(`${JSON.stringify(row)}\n`);
      await this.#file.datasync();
      this.#known.set(row.op, row);
    });
    this.#last = written.catch(() => undefined);
    return written;
  }
}
