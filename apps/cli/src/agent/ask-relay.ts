import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { AskEnd, MachineLink } from '@skerry/core/machine';
import { SkerryError } from '@skerry/protocol';
import { AGENT_LIMITS, type RunMeta } from '@skerry/protocol/agents';
import type { AskBook } from '../asks/ask-book.ts';
import type { Closing, LocalAsk } from '../asks/local-ask.ts';
import { replaceFile } from '../machine/secret-store.ts';
import { Cutter, named } from './cutter.ts';
import { gitBranch } from './git-branch.ts';
import { newSeed, readJson } from './relay-mark.ts';
import { derivedId } from './wire-entry.ts';
import { questionContent } from './wire-subject.ts';

export type AskRelayOptions = {
  /** Where it remembers what it did; one server's alone. */
  readonly file: string;
  readonly link: Pick<MachineLink, 'createRun' | 'setRun' | 'append' | 'openAsk' | 'cancelAsk' | 'taken'>;
  readonly book: AskBook;
  /** Whether this server's person is asked. */
  readonly isMine: (ask: LocalAsk) => boolean;
  readonly now: () => number;
  /** The server refuses; it is tried again later. */
  readonly refused: (error: unknown) => void;
};

/** A run that has asks and nothing else: one for each project folder and agent. */
type AskRun = {
  readonly run: string;
  readonly folder: string;
  readonly agent: string;
  readonly usedAt: number;
};

type Kept = {
  readonly v: 1;
  readonly seed: string;
  readonly runs: readonly AskRun[];
  /** Asks that were opened on the server and are not known to be over there. */
  readonly open: Readonly<Record<string, { readonly run: string }>>;
};

const KEPT_MS = 7 * 24 * 3_600_000;
/** What ends sooner is over before anybody sees it. */
const SOON_MS = 1_500;
/** After a refusal. */
const AGAIN_MS = 60_000;

/** Takes what agents ask by `skerry mcp` to one server, and what the person answers there back into the book. */
export class AskRelay implements AsyncDisposable {
  readonly #options: AskRelayOptions;
  readonly #stopped = new AbortController();
  readonly #others = new Set<string>();
  readonly #created = new Set<string>();
  #kept: Kept;
  #notBefore = 0;
  #working: Promise<void> | undefined;

  constructor(options: AskRelayOptions) {
    this.#options = options;
    this.#kept = readJson<Kept>(options.file) ?? { v: 1, seed: newSeed(), runs: [], open: {} };
  }

  /** Looks for what is new. Nothing happens while the look before is still at work. */
  look(): void {
    if (this.#options.now() < this.#notBefore) return;
    this.#working ??= this.#work()
      .catch((error: unknown) => {
        if (this.#stopped.signal.aborted) return;
        // The book keeps what there is.
        this.#notBefore = this.#options.now() + AGAIN_MS;
        this.#options.refused(error);
      })
      .finally(() => (this.#working = undefined));
  }

  /** How an ask ended far away. The first to write it into the book is the one that counts. */
  async hear(end: AskEnd): Promise<void> {
    const ask = await this.#options.book.find(end.ask);
    if (ask === undefined || !Object.hasOwn(this.#kept.open, end.ask)) return;
    switch (end.kind) {
      case 'answered': {
        const { choice, text } = end.answer;
        const isKnown = choice !== null && ask.choices.includes(choice);
        const said = isKnown || choice === null ? text : [choice, text].filter((part) => part !== null).join('\n');
        const isEmpty = !isKnown && (said === null || said.trim() === '');
        await this.#options.book.close(ask, {
          state: isEmpty ? 'cancelled' : 'answered',
          choice: isKnown ? choice : null,
          text: isEmpty ? null : said,
          by: end.by,
        });
        break;
      }
      case 'cancelled':
      case 'expired':
        await this.#options.book.close(ask, { state: end.kind, choice: null, text: null });
        break;
      case 'unverified':
        // Nobody has decided; it can still be answered here.
        return;
      default:
        end satisfies never;
    }
    this.look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { book } = this.#options;
    await this.#close();
    for (const id of await book.openIds()) {
      if (this.#others.has(id) || Object.hasOwn(this.#kept.open, id)) continue;
      const ask = await book.find(id);
      if (ask === undefined) continue;
      if (this.#options.isMine(ask)) await this.#open(ask);
      else this.#others.add(id);
    }
    await this.#endOld();
  }

  async #open(ask: LocalAsk): Promise<void> {
    const { link, now } = this.#options;
    if (ask.expiresAt < now() + SOON_MS) return;
    const { signal } = this.#stopped;
    const { run } = await this.#runFor(ask, signal);
    // Known before it is there, so that it is taken back even when this process dies now.
    this.#save({ open: { ...this.#kept.open, [ask.id]: { run } } });
    try {
      const content = questionContent(ask, this.#kept.seed);
      await link.openAsk({ id: ask.id, run, kind: ask.kind, content, expiresAt: ask.expiresAt }, signal);
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
      if (error.code !== 'ask_closed') this.#others.add(ask.id);
    }
  }

  /** Whatever is over in the book is over on the server. */
  async #close(): Promise<void> {
    const { book, link } = this.#options;
    const { signal } = this.#stopped;
    for (const [id, { run }] of Object.entries(this.#kept.open)) {
      const ask = await book.find(id);
      const closing = ask === undefined ? LOST : await book.ending(ask);
      if (closing === undefined) continue;
      await this.#settle(async () => {
        if (closing.by !== undefined) await link.taken(id, signal);
        // When its time is over the server says so itself.
        else if (closing.state !== 'expired') await link.cancelAsk(id, signal);
      });
      // Whoever answered too late sees here what counts.
      await this.#settle(async () => {
        const { at, choice, text, by = null } = closing;
        const said = choice ?? (text === null ? null : named(text, AGENT_LIMITS.choice));
        const entry = { kind: 'answered' as const, ask: id, choice: said, by };
        await link.append(run, [{ id: derivedId(id, 1), line: { v: 1, at, cut: false, entry } }], signal);
      });
      this.#save({ open: Object.fromEntries(Object.entries(this.#kept.open).filter(([one]) => one !== id)) });
    }
  }

  /** What the server refuses for good is over there in some other way. */
  async #settle(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
    }
  }

  async #runFor({ folder, agent }: LocalAsk, signal: AbortSignal): Promise<AskRun> {
    const { link, now } = this.#options;
    const known = this.#kept.runs.find((one) => one.folder === folder && one.agent === agent);
    const used: AskRun = { run: known?.run ?? randomUUID(), folder, agent, usedAt: now() };
    this.#save({ runs: [...this.#kept.runs.filter((one) => one !== known), used] });
    if (this.#created.has(used.run)) return used;
    const meta: RunMeta = {
      v: 1,
      kind: 'asks',
      title: named(path.basename(folder), AGENT_LIMITS.title),
      folder: new Cutter().path(folder),
      agent: named(agent),
      branch: await gitBranch(folder),
      mode: null,
      modes: [],
    };
    await link.createRun(used.run, meta, signal);
    await link.setRun(used.run, { state: 'idle' }, signal);
    this.#created.add(used.run);
    return used;
  }

  async #endOld(): Promise<void> {
    const { link, now } = this.#options;
    for (const old of this.#kept.runs) {
      const isUsed = Object.values(this.#kept.open).some(({ run }) => run === old.run);
      if (isUsed || old.usedAt > now() - KEPT_MS) continue;
      await this.#settle(() => link.setRun(old.run, { state: 'ended' }, this.#stopped.signal));
      this.#save({ runs: this.#kept.runs.filter((one) => one !== old) });
    }
  }

  #save(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    replaceFile(this.#options.file, `${JSON.stringify(this.#kept)}\n`);
  }
}

/** Its file is gone. */
const LOST: Closing = { state: 'cancelled', choice: null, text: null, at: 0 };
