import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateFolder } from '../machine/config-folder.ts';
import type { AskContent, Closing, LocalAsk } from './local-ask.ts';

const LOOK_MS = 200;
const KEPT_MS = 30 * 24 * 3_600_000;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Part = 'ask' | 'closed' | 'taken';

/**
 * What agents of this machine ask, one file each, so that any number of processes may ask, wait and answer. A file appears
 * whole or not at all, and the first to write how an ask ended is the one that counts.
 */
export class AskBook {
  readonly #folder: string;
  readonly #now: () => number;

  /**
   * @param now milliseconds since 1970
   * @throws StartError when the folder cannot be had to oneself
   */
  constructor(folder: string, now: () => number) {
    this.#folder = makePrivateFolder(folder);
    this.#now = now;
  }

  /**
   * Asks. What is asked again word for word is the same ask as long as nobody got its answer, so that a caller who was
   * cut off finds it again.
   */
  async ask(content: AskContent, expiresAt: number): Promise<LocalAsk> {
    const known = await this.#all();
    for (const { ask, closing, taken } of known) {
      if (closing !== undefined && closing.at < this.#now() - KEPT_MS) await this.#forget(ask.id);
      else if (isSame(ask, content) && !taken && (closing === undefined || closing.state === 'answered')) return ask;
    }
    const ask: LocalAsk = { ...content, id: randomUUID(), openedAt: this.#now(), expiresAt };
    await this.#create(ask.id, 'ask', ask);
    return ask;
  }

  /** @returns undefined when there is no such ask */
  async find(id: string): Promise<LocalAsk | undefined> {
    return ID.test(id) ? this.#read<LocalAsk>(id, 'ask') : undefined;
  }

  /** Those that nobody answered, the oldest first. */
  async open(): Promise<readonly LocalAsk[]> {
    const asks = await this.#all();
    return asks.filter(({ closing }) => closing === undefined).map(({ ask }) => ask);
  }

  /** The names of those that have no answer yet, without reading any. */
  async openIds(): Promise<readonly string[]> {
    const files = new Set(await readdir(this.#folder));
    return [...files].flatMap((file) => {
      const id = file.endsWith('.ask') ? file.slice(0, -'.ask'.length) : '';
      return ID.test(id) && !files.has(`${id}.closed`) ? [id] : [];
    });
  }

  /** How an ask ended; undefined while it is open. */
  ending(ask: LocalAsk): Promise<Closing | undefined> {
    return this.#closing(ask);
  }

  /** @returns how the ask ended, which is somebody else's doing when they came first */
  async close(
    ask: LocalAsk,
    closing: Omit<Closing, 'at'>,
  ): Promise<{ readonly won: boolean; readonly closing: Closing }> {
    const expired = await this.#closing(ask);
    if (expired !== undefined) return { won: false, closing: expired };
    const own: Closing = { ...closing, at: this.#now() };
    if (await this.#create(ask.id, 'closed', own)) return { won: true, closing: own };
    return { won: false, closing: (await this.#closing(ask)) ?? own };
  }

  /**
   * Waits for the end of an ask.
   * @returns undefined when the signal came first; the ask stays
   */
  async wait(ask: LocalAsk, signal: AbortSignal): Promise<Closing | undefined> {
    while (!signal.aborted) {
      const closing = await this.#closing(ask);
      if (closing !== undefined) return closing;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    return this.#closing(ask);
  }

  /** The agent has been told how the ask ended. */
  async take(ask: LocalAsk): Promise<void> {
    await this.#create(ask.id, 'taken', {});
  }

  /** An ask whose time has come ends by whoever looks at it first. */
  async #closing(ask: LocalAsk): Promise<Closing | undefined> {
    const closing = await this.#read<Closing>(ask.id, 'closed');
    if (closing !== undefined || ask.expiresAt > this.#now()) return closing;
    await this.#create(ask.id, 'closed', { state: 'expired', choice: null, text: null, at: ask.expiresAt });
    return this.#read<Closing>(ask.id, 'closed');
  }

  async #all(): Promise<readonly { ask: LocalAsk; closing: Closing | undefined; taken: boolean }[]> {
    const files = await readdir(this.#folder);
    const ids = files.flatMap((file) => (file.endsWith('.ask') ? [file.slice(0, -'.ask'.length)] : []));
    const asks = await Promise.all(
      ids
        .filter((id) => ID.test(id))
        .map(async (id) => {
          const ask = await this.#read<LocalAsk>(id, 'ask');
          if (ask === undefined) return [];
          return [{ ask, closing: await this.#closing(ask), taken: files.includes(`${id}.taken`) }];
        }),
    );
    return asks.flat().sort((a, b) => a.ask.openedAt - b.ask.openedAt);
  }

  async #read<T>(id: string, part: Part): Promise<T | undefined> {
    try {
      return JSON.parse(await readFile(this.#path(id, part), 'utf8')) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** @returns false when the file was there already; then it is as it was */
  async #create(id: string, part: Part, value: object): Promise<boolean> {
    const draft = path.join(this.#folder, `${randomUUID()}.draft`);
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(value));
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      await link(draft, this.#path(id, part));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await unlink(draft);
    }
  }

  async #forget(id: string): Promise<void> {
    for (const part of ['ask', 'taken', 'closed'] as const) await unlink(this.#path(id, part)).catch(() => undefined);
  }

  #path(id: string, part: Part): string {
    return path.join(this.#folder, `${id}.${part}`);
  }
}

function isSame(a: AskContent, b: AskContent): boolean {
  return (
    (['kind', 'text', 'folder', 'agent', 'server'] as const).every((field) => a[field] === b[field]) &&
    sameList(a.choices, b.choices)
  );
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
