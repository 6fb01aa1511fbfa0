import { type Command, type CommandId, type CommandResult, LIMITS, SkerryError, uuidv7 } from '@skerry/protocol';
import { abortReason, eitherSignal } from '../abort.ts';
import type { KeysApi } from '../keys/keys-api.ts';
import type { Requests } from '../connection/requests.ts';
import { LocalError } from '../errors.ts';
import type { Clock, Random } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { waitFor } from '../value.ts';
import type { LinkState } from './face.ts';

export type CommandsDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly requests: Requests;
  readonly api: KeysApi;
  readonly state: Subscribable<LinkState>;
  /** Ends with the link. */
  readonly signal: AbortSignal;
  /** The server does not find this machine on its list. */
  readonly strange: () => void;
};

const FIRST_PAUSE_MS = 200;
const MOST_PAUSE_MS = 15_000;
/** A frame holds this command with its shell. */
const FRAME_CHARS = LIMITS.frameUpBytes - 1_024;

/** Sends commands until they are answered, always under the same id with the same bytes: so each is done once. */
export class Commands {
  readonly #deps: CommandsDeps;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
  }

  newId(): CommandId {
    const { clock, random } = this.#deps;
    return uuidv7<CommandId>(clock.now(), random.bytes(10));
  }

  /**
   * @param options.signal gives up waiting; the command may have been done
   * @throws SkerryError what the server refuses for good · LocalError `unavailable` when the link is over
   */
  async run(command: Command, options: { id?: string; signal?: AbortSignal | undefined } = {}): Promise<CommandResult> {
    const id = (options.id ?? this.newId()) as CommandId;
    // Ids, digests and ciphertexts are ASCII, so characters are bytes.
    const isLarge = JSON.stringify(command).length > FRAME_CHARS;
    return this.until((signal) => this.#send({ id, command, isLarge }, signal), options.signal);
  }

  /** Asks until there is an answer. @throws as {@link run} */
  async until<T>(ask: (signal: AbortSignal) => Promise<T>, given?: AbortSignal): Promise<T> {
    const { clock, random, signal: own } = this.#deps;
    const signal = given === undefined ? own : eitherSignal(given, own);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(MOST_PAUSE_MS, pause * 2)) {
      await this.#usable(signal);
      try {
        return await ask(signal);
      } catch (error) {
        this.#throwIfOver(signal);
        if (!mayPass(error)) throw error;
        if (error.code === 'no_device') this.#deps.strange();
        const wait = Math.max(error.retryAfterMs ?? 0, pause * (0.5 + random.fraction() / 2));
        await clock.sleep(wait, signal).catch(() => this.#throwIfOver(signal));
      }
    }
  }

  async #send(
    { id, command, isLarge }: { id: CommandId; command: Command; isLarge: boolean },
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const { requests, api } = this.#deps;
    if (!isLarge) return requests.run(id, command, signal);
    return api.call('command', { body: { id, command }, signal });
  }

  /** Waits for the server. @throws LocalError `unavailable` when there is nothing to wait for */
  async #usable(signal: AbortSignal): Promise<void> {
    await waitFor(this.#deps.state, ({ kind }) => kind === 'live' || isOver(kind), signal).catch(() =>
      this.#throwIfOver(signal),
    );
    if (isOver(this.#deps.state.get().kind)) throw OVER();
  }

  #throwIfOver(signal: AbortSignal): void {
    if (this.#deps.signal.aborted) throw OVER();
    if (signal.aborted) throw abortReason(signal);
  }
}

/** Nothing more can be done over this link, or not until somebody mends something. */
function isOver(kind: LinkState['kind']): boolean {
  return kind === 'revoked' || kind === 'refused';
}

const OVER = (): LocalError => new LocalError('unavailable', 'This computer is not linked to this server any more.');

/** The network, a busy server, a sign-in that is being renewed, a list that is on its way. */
function mayPass(error: unknown): error is SkerryError {
  return (
    error instanceof SkerryError && (error.retry === 'later' || error.retry === 'auth' || error.code === 'no_device')
  );
}
