import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import { SkerryError } from '@skerry/protocol';
import type { Output, OutputItem } from '../log/output.ts';
import type { StreamKey } from '../log/stream-key.ts';
import type { Faults } from '../testing/kill-points.ts';
import { restoreBug } from './bug.ts';
import type {
  CopierSettings,
  FromReader,
  FromWriter,
  OutputOutline,
  ToReader,
  ToWriter,
  WorkerSettings,
} from './messages.ts';
import { Pipe, startWorker } from './pipe.ts';
import type { Reads } from './read-procedures.ts';
import { workerEntry } from './worker-entry.ts';
import type { Writes } from './write-procedures.ts';

export type DatabaseOptions = {
  /** The SQLite file; it and its folder are made when missing. */
  readonly file: string;
  readonly faults: Faults;
  /** An unexpected error inside a worker. The request it belongs to fails with `internal`. */
  readonly onBug: (error: unknown) => void;
  /** A worker ended by itself. Nothing can be saved or read from then on, so the program should stop. */
  readonly onDeath: (error: unknown) => void;
};

export type CommittedListener = (output: Output) => void;

/** The database as the main thread sees it: a write worker and a read worker. The event loop never waits for the disk. */
export class Database {
  readonly #writer: Pipe;
  readonly #reader: Pipe;
  readonly #workers: { writer?: Worker; reader?: Worker } = {};
  readonly #listeners = new Set<CommittedListener>();
  readonly #options: DatabaseOptions;
  #isOpen = false;
  #closing: Promise<void> | undefined;
  readonly #closed = { writer: deferred(), reader: deferred() };

  private constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#writer = new Pipe((ops) => this.#toWriter({ type: 'run', ops: ops as never }));
    this.#reader = new Pipe((requests) => this.#toReader({ type: 'run', requests: requests as never }));
  }

  /** Opens the file, brings its schema up to date and starts both workers. @throws Error saying why it cannot be opened */
  static async open(options: DatabaseOptions): Promise<Database> {
    mkdirSync(path.dirname(options.file), { recursive: true, mode: 0o700 });
    // Made here so that only its owner may read it; SQLite gives its side files the same rights.
    closeSync(openSync(options.file, 'a', 0o600));
    const database = new Database(options);
    const settings: WorkerSettings = { file: options.file, faults: options.faults };
    try {
      database.#workers.writer = await startWorker<FromWriter>(workerEntry('writer'), settings, {
        onMessage: (message) => database.#fromWriter(message),
        onDeath: (error) => database.#died(error),
      });
      database.#workers.reader = await startWorker<FromReader>(workerEntry('reader'), settings, {
        onMessage: (message) => database.#fromReader(message),
        onDeath: (error) => database.#died(error),
      });
    } catch (error) {
      await database.#terminate();
      throw error;
    }
    database.#isOpen = true;
    return database;
  }

  /**
   * Runs a write procedure. Resolves after its commit is on the disk.
   * @throws SkerryError what the procedure refused with; `disk_full`, `unavailable` or `internal` when it could not be saved
   */
  write<N extends keyof Writes>(name: N, args: Writes[N]['args']): Promise<Writes[N]['result']> {
    return this.#writer.ask({ name, args }) as Promise<Writes[N]['result']>;
  }

  /** Runs a read procedure on the newest committed state. @throws SkerryError */
  read<N extends keyof Reads>(name: N, args: Reads[N]['args']): Promise<Reads[N]['result']> {
    return this.#reader.ask({ name, args }) as Promise<Reads[N]['result']>;
  }

  /** Calls the listener with each committed batch, in order, after its writes were answered. @returns stops it */
  onCommitted(listener: CommittedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Writes a whole copy to the file `to` (made anew) while everything goes on, in a thread of its own.
   * @throws SkerryError disk_full when it cannot be written
   */
  async backup(to: string): Promise<void> {
    if (this.#closing !== undefined) throw new SkerryError('unavailable');
    const settings: CopierSettings = { file: this.#options.file, to: path.resolve(to) };
    try {
      const copier = await startWorker(workerEntry('copier'), settings, { onMessage: () => {}, onDeath: () => {} });
      await copier.terminate();
    } catch (cause) {
      throw new SkerryError('disk_full', { message: 'The copy could not be written.', cause });
    }
  }

  /** Lets what was asked finish, then closes the file. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    await Promise.all([this.#writer.idle(), this.#reader.idle()]);
    const unavailable = new SkerryError('unavailable');
    this.#writer.stop(unavailable);
    this.#reader.stop(unavailable);
    this.#toReader({ type: 'close' });
    await this.#closed.reader.promise;
    this.#toWriter({ type: 'close' });
    await this.#closed.writer.promise;
    await this.#terminate();
  }

  #toWriter(message: ToWriter): void {
    this.#workers.writer?.postMessage(message);
  }

  #toReader(message: ToReader): void {
    this.#workers.reader?.postMessage(message);
  }

  #fromWriter(message: FromWriter): void {
    switch (message.type) {
      case 'done':
        this.#writer.answer(message.outcomes);
        if (message.output !== null) this.#tell(readOutline(message.output));
        break;
      case 'bug':
        this.#options.onBug(restoreBug(message.bug));
        break;
      case 'closed':
        this.#closed.writer.resolve();
        break;
      case 'ready':
      case 'failed':
        break;
    }
  }

  #fromReader(message: FromReader): void {
    switch (message.type) {
      case 'done':
        this.#reader.answer(message.outcomes);
        break;
      case 'bug':
        this.#options.onBug(restoreBug(message.bug));
        break;
      case 'closed':
        this.#closed.reader.resolve();
        break;
      case 'ready':
      case 'failed':
        break;
    }
  }

  #tell(output: Output): void {
    for (const listener of this.#listeners) listener(output);
  }

  #died(error: unknown): void {
    this.#closed.writer.resolve();
    this.#closed.reader.resolve();
    const unavailable = new SkerryError('unavailable');
    this.#writer.stop(unavailable);
    this.#reader.stop(unavailable);
    if (this.#isOpen && this.#closing === undefined) this.#options.onDeath(error);
  }

  async #terminate(): Promise<void> {
    await Promise.all([this.#workers.writer?.terminate(), this.#workers.reader?.terminate()]);
  }
}

function readOutline({ items, markFrom, bytes, position }: OutputOutline): Output {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    position,
    mark: buffer.subarray(markFrom),
    items: items.map((item): OutputItem =>
      item.type === 'frame'
        ? {
            type: 'frame',
            stream: item.stream as StreamKey,
            bytes: buffer.subarray(item.from, item.to),
            hidden: item.hidden && {
              accounts: item.hidden.accounts,
              bytes: buffer.subarray(item.hidden.from, item.hidden.to),
            },
          }
        : item,
    ),
  };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
