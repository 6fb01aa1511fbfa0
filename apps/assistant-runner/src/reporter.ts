import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ASSISTANT_LIMITS, SkerryError } from '@skerry/protocol';
import { type Api, isPassing } from './api.ts';
import { Backoff } from './backoff.ts';
import type { Journal } from './journal.ts';
import { type Log, whereOf } from './log.ts';

const EVERY_MS = 1_000;
const BATCH_BYTES = 1024 * 1024;

/** Tells the server what the journal holds, until it has taken it; the same ids each time, so nothing counts twice. */
export class Reporter {
  readonly #api: Api;
  readonly #journal: Journal;
  readonly #log: Log;

  constructor(parts: { api: Api; journal: Journal; log: Log }) {
    this.#api = parts.api;
    this.#journal = parts.journal;
    this.#log = parts.log;
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        await this.flush(signal);
        backoff.reset();
        await sleep(EVERY_MS, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#log('warn', { event: 'report_failed', ...codeOf(error) });
        await backoff.wait(signal).catch(() => undefined);
      }
    }
  }

  /** Reports all there is now. @throws what the server says, after which the rest is still there */
  async flush(signal: AbortSignal): Promise<void> {
    this.#journal.count(Date.now(), randomUUID);
    for (let size: number = ASSISTANT_LIMITS.actionsPerReport; ;) {
      const batch = this.#batch(size);
      if (batch.length === 0) return;
      try {
        await this.#api.report(batch, signal);
        this.#journal.told(batch.map(({ id }) => id));
      } catch (error) {
        if (isPassing(error) || !(error instanceof SkerryError)) throw error;
        // One of them is refused for good: find it, and do not let it hold up the others.
        if (batch.length > 1) {
          size = 1;
          continue;
        }
        this.#log('error', { event: 'report_refused', code: error.code });
        this.#journal.told(batch.map(({ id }) => id));
      }
    }
  }

  #batch(size: number) {
    const batch = [];
    let bytes = 0;
    for (const report of this.#journal.reports.slice(0, size)) {
      bytes += Buffer.byteLength(JSON.stringify(report));
      if (batch.length > 0 && bytes > BATCH_BYTES) break;
      batch.push(report);
    }
    return batch;
  }
}

function codeOf(error: unknown): { code: string } | { error: string } {
  return error instanceof SkerryError ? { code: error.code } : { error: whereOf(error) };
}
