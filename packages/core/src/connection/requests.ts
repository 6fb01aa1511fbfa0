import { type Command, type CommandId, type CommandResult, SkerryError, LIMITS } from '@skerry/protocol';
import { abortReason } from '../abort.ts';
import { LocalError, ReachError } from '../errors.ts';
import type { Clock } from '../platform.ts';
import type { CommandAnswer } from '../sync/entry-sync.ts';

/** The open socket, as far as commands need it. */
export type CommandSocket = { readonly send: (id: CommandId, command: Command) => void; readonly inFlight: number };

type Request = {
  readonly id: CommandId;
  readonly command: Command;
  readonly settle: (answer: CommandAnswer) => void;
};

/** The person waits no longer than this for something that is not queued. */
const TIMEOUT_MS = 15_000;
/** So that a burst of these never takes the places of the send queue. */
const REQUESTS_AT_ONCE = 4;

/**
 * Which command awaits which answer on one server's socket. Requests outlive a socket: what was not answered goes out
 * again on the next one under the same id, so it happens once. The send queue looks after its own.
 */
export class Requests {
  readonly #clock: Clock;
  readonly #waiting = new Map<CommandId, Request>();
  readonly #sent = new Set<CommandId>();
  readonly #queued = new Set<CommandId>();
  #socket: CommandSocket | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws SkerryError the server's refusal, or `unavailable` when not connected or no answer came in time */
  run(id: CommandId, command: Command, signal: AbortSignal): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      if (this.#socket === undefined) return reject(new LocalError('unavailable', 'This server is not connected.'));
      const settle = (answer: CommandAnswer): void => {
        this.#forget(id);
        cancel();
        signal.removeEventListener('abort', abort);
        if (answer.ok) resolve(answer.result);
        else reject(SkerryError.fromBody(answer.error));
      };
      const give = (error: unknown): void => {
        this.#forget(id);
        cancel();
        signal.removeEventListener('abort', abort);
        reject(error instanceof Error ? error : new Error('aborted'));
      };
      const abort = (): void => give(abortReason(signal));
      const cancel = this.#clock.after(TIMEOUT_MS, () => give(new ReachError({ kind: 'timeout' })));
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.set(id, { id, command, settle });
      this.#flush();
    });
  }

  /** A command of the send queue. False when there is no place for it now. */
  sendQueued(id: CommandId, command: Command): boolean {
    if (this.#socket === undefined || !this.#hasPlace()) return false;
    if (this.#queued.has(id)) return true;
    this.#queued.add(id);
    this.#socket.send(id, command);
    return true;
  }

  linked(socket: CommandSocket): void {
    this.#socket = socket;
    this.#flush();
  }

  unlinked(): void {
    this.#socket = undefined;
    this.#sent.clear();
    this.#queued.clear();
  }

  /** @returns whether the answer is for the send queue; answers nobody waits for are dropped */
  answered(id: CommandId, answer: CommandAnswer): boolean {
    const request = this.#waiting.get(id);
    if (request !== undefined) request.settle(answer);
    const queued = this.#queued.delete(id);
    this.#flush();
    return queued;
  }

  #hasPlace(): boolean {
    const most = Math.max(1, Math.min(LIMITS.inFlight, this.#socket?.inFlight ?? 0));
    return this.#sent.size + this.#queued.size < most;
  }

  #flush(): void {
    for (const { id, command } of this.#waiting.values()) {
      if (this.#socket === undefined || this.#sent.size >= REQUESTS_AT_ONCE || !this.#hasPlace()) return;
      if (this.#sent.has(id)) continue;
      this.#sent.add(id);
      this.#socket.send(id, command);
    }
  }

  #forget(id: CommandId): void {
    this.#waiting.delete(id);
    this.#sent.delete(id);
  }
}
