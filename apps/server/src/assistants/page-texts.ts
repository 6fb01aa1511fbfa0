import { Worker } from 'node:worker_threads';
import { workerEntry } from '../db/worker-entry.ts';
import { hurriedText, type PageText } from './page-text.ts';

export type PageLimits = {
  /** Milliseconds a page may take, with the start of its thread. */
  readonly pageMs: number;
  /** MiB of memory it may take. */
  readonly memoryMb: number;
};
const PAGE_LIMITS: PageLimits = { pageMs: 5_000, memoryMb: 192 };

/**
 * Finds the text of pages, each in a thread of its own that ends with it: a page made to be slow or to fill the memory
 * costs nobody else anything. One at a time, so that many of them take no more than one core.
 */
export class PageTexts {
  readonly #limits: PageLimits;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: PageLimits = PAGE_LIMITS) {
    this.#limits = limits;
  }

  /** @returns its article; all its text when that takes too much @throws the signal's reason */
  async read(html: string, signal: AbortSignal): Promise<PageText> {
    const before = this.#last;
    const read = before.then(() => this.#read(html, signal));
    this.#last = read.catch(() => undefined);
    return read;
  }

  async #read(html: string, signal: AbortSignal): Promise<PageText> {
    signal.throwIfAborted();
    const { pageMs, memoryMb } = this.#limits;
    const worker = new Worker(workerEntry('../assistants/page-worker'), {
      workerData: html,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 32 },
      // What a parser has to say about a page is not for the server's log.
      stdout: true,
      stderr: true,
      env: {},
      execArgv: [],
    });
    let stop = (): void => undefined;
    const timer = setTimeout(() => stop(), pageMs);
    try {
      const article = await new Promise<PageText | null>((resolve) => {
        stop = () => resolve(null);
        signal.addEventListener('abort', stop, { once: true });
        worker.once('message', resolve);
        worker.once('error', stop);
        worker.once('exit', stop);
      });
      signal.throwIfAborted();
      return article ?? hurriedText(html);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      await worker.terminate();
    }
  }
}
