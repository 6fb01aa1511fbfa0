import type { CommandId, DownOf, Up } from '@skerry/protocol';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';

/** What a socket says of machines. */
export type MachineFrame = DownOf<'machines' | 'run_heads' | 'rpc' | 'rpc_ack' | 'rpc_answer' | 'fail'>;

/** Far more than an account has. */
const MOST = 1_000;
const NOBODY: ReadonlySet<number> = new Set();

/** Told of each frame, and of the end of the socket by `undefined`. Must not throw. */
type Listener = (frame: MachineFrame | undefined) => void;

/** One server's socket as machines use it. Whoever shows them is loaded later and listens here. SPEC M-12. */
export class MachineWire {
  readonly #online = new Value(NOBODY);
  readonly #listeners = new Set<Listener>();
  #send: ((frame: Up) => void) | undefined;

  /** Numbers of the machines that are connected; empty without a socket. */
  get online(): Subscribable<ReadonlySet<number>> {
    return this.#online;
  }

  linked(send: (frame: Up) => void): void {
    this.#send = send;
  }

  unlinked(): void {
    this.#send = undefined;
    this.#online.set(NOBODY);
    this.#tell(undefined);
  }

  heard(frame: MachineFrame): void {
    if (frame.t === 'machines') {
      const online = new Set(frame.full ? [] : this.#online.get());
      for (const [device, isHere] of frame.machines) {
        if (!isHere) online.delete(device);
        else if (online.size < MOST) online.add(device);
      }
      this.#online.set(online);
    }
    this.#tell(frame);
  }

  /** @returns false without a socket */
  call(id: CommandId, to: number, body: string): boolean {
    this.#send?.({ t: 'rpc', id, to, body });
    return this.#send !== undefined;
  }

  /** A machine's only part of its answer; without a socket nobody waits for it any more. */
  answer(id: CommandId, to: number, body: string): void {
    this.#send?.({ t: 'rpc_answer', id, to, body, more: false });
  }

  /** @returns the end of listening */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(frame: MachineFrame | undefined): void {
    for (const listener of [...this.#listeners]) listener(frame);
  }
}
