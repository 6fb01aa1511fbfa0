import { Worker } from 'node:worker_threads';
import { SkerryError, type ErrorBody } from '@skerry/protocol';

export type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ErrorBody };
type Waiting = {
  readonly request: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: SkerryError) => void;
};

/** Groups sent and not yet answered. Two, so that the worker has the next one at hand when it finishes one. */
const GROUPS_OUT = 2;

/**
 * A queue of requests to one worker. What is asked while the worker is busy leaves as one message, so the load on both
 * threads grows with the number of groups and not with the number of requests.
 */
export class Pipe {
  readonly #send: (requests: readonly unknown[]) => void;
  /** Not yet sent. */
  #queued: Waiting[] = [];
  /** Sent, the oldest first; answers come in this order. */
  #sent: Waiting[] = [];
  #sentFrom = 0;
  /** Sizes of the groups that are out. */
  readonly #groups: number[] = [];
  #idle: (() => void)[] = [];
  #stopped: SkerryError | undefined;

  constructor(send: (requests: readonly unknown[]) => void) {
    this.#send = send;
  }

  ask(request: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== undefined) return reject(this.#stopped);
      this.#queued.push({ request, resolve, reject });
      this.#flush();
    });
  }

  /** Settles the oldest requests, in order. */
  answer(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const waiting = this.#sent[this.#sentFrom++];
      if (waiting === undefined) continue;
      if (answer.ok) waiting.resolve(answer.value);
      else waiting.reject(SkerryError.fromBody(answer.error));
    }
    this.#countDown(answers.length);
    if (this.#sentFrom > 1_024 && this.#sentFrom * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#sentFrom);
      this.#sentFrom = 0;
    }
    this.#flush();
    if (!this.#isBusy()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when everything asked so far is answered. */
  idle(): Promise<void> {
    return this.#isBusy() ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  /** Fails everything unanswered, and everything asked from now on. */
  stop(error: SkerryError): void {
    this.#stopped = error;
    const all = [...this.#sent.slice(this.#sentFrom), ...this.#queued];
    this.#sent = [];
    this.#sentFrom = 0;
    this.#queued = [];
    for (const waiting of all) waiting.reject(error);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #isBusy(): boolean {
    return this.#queued.length > 0 || this.#sentFrom < this.#sent.length;
  }

  #flush(): void {
    if (this.#queued.length === 0 || this.#groups.length >= GROUPS_OUT) return;
    const group = this.#queued;
    this.#queued = [];
    this.#groups.push(group.length);
    this.#sent.push(...group);
    this.#send(group.map((waiting) => waiting.request));
  }

  /** The worker may answer several groups at once. */
  #countDown(answered: number): void {
    for (let rest = answered; rest > 0;) {
      const size = this.#groups[0];
      if (size === undefined) return;
      if (size > rest) {
        this.#groups[0] = size - rest;
        return;
      }
      this.#groups.shift();
      rest -= size;
    }
  }
}

export type WorkerHandlers<From> = { onMessage(message: From): void; onDeath(error: unknown): void };

/** Starts a worker and waits until it says `ready`. @throws Error with the worker's reason when it cannot start */
export async function startWorker<From extends { type: string }>(
  entry: URL,
  workerData: unknown,
  handlers: WorkerHandlers<From>,
): Promise<Worker> {
  const worker = new Worker(entry, { workerData });
  await new Promise<void>((resolve, reject) => {
    worker.on('error', (error) => {
      reject(error);
      handlers.onDeath(error);
    });
    worker.on('exit', () => {
      reject(new Error('the database worker ended'));
      handlers.onDeath(undefined);
    });
    worker.on('message', (message: From | { type: 'ready' } | { type: 'failed'; reason: string }) => {
      if (message.type === 'ready') resolve();
      else if (message.type === 'failed') reject(new Error((message as { reason: string }).reason));
      else handlers.onMessage(message as From);
    });
  });
  return worker;
}
