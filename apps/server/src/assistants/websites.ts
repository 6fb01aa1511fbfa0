import type { FetchLine, Website } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Clock } from '../rate-limits.ts';
import type { Step, WebsiteReader } from './website-reader.ts';
import type { WebsiteOf, WebsiteSource } from './website-rows.ts';

const DAY_MS = 24 * 60 * 60_000;
const ROUND_MS = 60_000;
const AT_ONCE = 20;

export type WebsitesDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly clock: Clock;
  readonly reader: WebsiteReader;
  readonly every: (ms: number, task: () => void) => () => void;
  /** Milliseconds between two pages, so that a round is no flood. */
  readonly gapMs: number;
  readonly onFault: (error: unknown) => void;
  readonly onChanged: () => void;
};

/** Keeps what websites say: read when they are added, daily after that, and when somebody asks. */
export class Websites implements AsyncDisposable {
  readonly #deps: WebsitesDeps;
  readonly #stop = new AbortController();
  readonly #unschedule: () => void;
  /** What is being read, by website: whoever asks meanwhile gets the same. */
  readonly #running = new Map<string, Promise<Website | null>>();
  #round: Promise<void> | undefined;

  constructor(deps: WebsitesDeps) {
    this.#deps = deps;
    this.#unschedule = deps.every(ROUND_MS, () => this.refresh());
  }

  /** Reads what is due, one after another. */
  refresh(): void {
    this.#round ??= this.#refresh();
  }

  isFetching(websiteId: string): boolean {
    return this.#running.has(websiteId);
  }

  /** Reads one now. @returns null when it was removed meanwhile @throws SkerryError not_found */
  async fetch(of: WebsiteOf, onStep: (step: Step) => void): Promise<Website | null> {
    const source = await this.#deps.db.read('assistants.websiteSource', of);
    return this.#fetch(source, onStep);
  }

  /** The same, telling of each step as it comes. */
  async *fetchLines(of: WebsiteOf, signal: AbortSignal): AsyncGenerator<FetchLine> {
    const steps: Step[] = [];
    let wake = (): void => undefined;
    let result: { website: Website | null } | { error: unknown } | undefined;
    const done = this.fetch(of, (step) => {
      // Of bytes only the newest count matters.
      if (steps.at(-1)?.step === step.step) steps.pop();
      steps.push(step);
      wake();
    }).then(
      (website) => ((result = { website }), wake()),
      (error: unknown) => ((result = { error }), wake()),
    );
    for (;;) {
      const step = steps.shift();
      if (step !== undefined) yield step;
      else if (result !== undefined || signal.aborted) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    await done;
    if (result === undefined) return;
    if ('error' in result) throw result.error;
    if (result.website !== null) yield { t: 'end', website: result.website };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unschedule();
    this.#stop.abort();
    await this.#round;
    await Promise.allSettled(this.#running.values());
  }

  #fetch(source: WebsiteSource, onStep: (step: Step) => void): Promise<Website | null> {
    const running = this.#running.get(source.websiteId);
    if (running !== undefined) return running;
    const fetching = this.#readAndKeep(source, onStep).finally(() => this.#running.delete(source.websiteId));
    this.#running.set(source.websiteId, fetching);
    return fetching;
  }

  async #readAndKeep(source: WebsiteSource, onStep: (step: Step) => void): Promise<Website | null> {
    const { db, clock, reader, onChanged } = this.#deps;
    const outcome = await reader.read(source, onStep, this.#stop.signal);
    const { account, serverId, websiteId } = source;
    // Spread over an hour, so that what was added together does not stay together.
    const dueAt = clock.now() + DAY_MS + Math.floor(Math.random() * 60 * 60_000);
    const kept = await db.write('assistants.keepWebsite', {
      of: { account, serverId, websiteId },
      outcome,
      now: clock.now(),
      dueAt: this.#stop.signal.aborted ? clock.now() : dueAt,
    });
    onChanged();
    return kept;
  }

  async #refresh(): Promise<void> {
    const { db, clock, gapMs, onFault } = this.#deps;
    try {
      const due = await db.read('assistants.dueWebsites', { now: clock.now(), most: AT_ONCE });
      for (const source of due) {
        if (this.#stop.signal.aborted) return;
        await this.#fetch(source, () => undefined);
        await pause(gapMs, this.#stop.signal);
      }
    } catch (error) {
      onFault(error);
    } finally {
      this.#round = undefined;
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
}
