import { type CommandId, MACHINE_TIMES, SkerryError, uuidv7 } from '@skerry/protocol';
import {
  AGENT_BYTES,
  AGENT_LIMITS,
  type AgentCall,
  agentReply,
  type AgentReply,
  type AgentWish,
} from '@skerry/protocol/agents';
import { abortReason } from '../abort.ts';
import { LocalError } from '../errors.ts';
import type { Keys } from '../keys/ports.ts';
import { waitFor } from '../value.ts';
import { openAgentBody, sealAgentBody } from './agent-body.ts';
import type { MachineDeps } from './deps.ts';
import { AgentRefusal } from './face.ts';

/** Until a call is handed over, and how much longer than the server this device waits for the answer to it. */
const ACK_MS = 10_000;
const LATE_MS = 5_000;
/** Keys that were asked for come in an envelope. */
const KEYS_MS = 8_000;
/**
 * What would be there twice if it were done twice. Anything else, wished again, is wished of what goes on by then: a stop
 * whose answer was lost would make the next one do nothing.
 */
const ADDS: ReadonlySet<AgentWish['do']> = new Set(['start', 'prompt']);
/** Wishes that got no answer are remembered as one and the same for as long as a machine takes them. */
const MOST_OPS = 64;

type Waiting = {
  readonly machine: number;
  readonly part: (body: string) => void;
  readonly fail: (error: Error) => void;
  readonly acked: () => void;
};
type Wish = { readonly op: string; readonly at: number };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Calls of this device to machines of its own person over one server's socket, encrypted with the machine's key. What got no
 * answer and is wished once more has the same `op`: the machine does it once. M-12, M-15
 */
export class Calls {
  readonly #deps: MachineDeps;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ops = new Map<string, Wish>();

  constructor(deps: MachineDeps) {
    this.#deps = deps;
    const end = deps.wire.listen((frame) => {
      if (frame === undefined) {
        const gone = new LocalError(
          'unavailable',
          'The connection to this server was lost before the machine answered.',
        );
        for (const one of [...this.#waiting.values()]) one.fail(gone);
      } else if (frame.t === 'rpc_ack') this.#waiting.get(frame.id)?.acked();
      else if (frame.t === 'rpc_answer') {
        const waiting = this.#waiting.get(frame.id);
        if (waiting?.machine === frame.from) waiting.part(frame.body);
      } else if (frame.t === 'fail' && frame.id !== null)
        this.#waiting.get(frame.id)?.fail(SkerryError.fromBody(frame.error));
    });
    deps.signal.addEventListener('abort', end);
  }

  /** @throws AgentRefusal, SkerryError `machine_offline`, `timed_out`, `no_device`; LocalError `unavailable` */
  async call(machine: number, wish: AgentWish, signal: AbortSignal): Promise<AgentReply> {
    const name = JSON.stringify([machine, wish]);
    const now = this.#deps.platform.clock.now();
    const before = ADDS.has(wish.do) ? this.#ops.get(name) : undefined;
    const isSame = before !== undefined && now - before.at < AGENT_LIMITS.callAgeMs;
    const op = isSame ? before.op : uuidv7(now, this.#deps.platform.random.bytes(10));
    this.#remember(name, { op, at: isSame ? before.at : now });
    const reply = await this.#said(machine, { op, wish }, signal);
    this.#ops.delete(name);
    if (reply.did === 'no') throw new AgentRefusal(reply.problem, reply.say);
    return reply;
  }

  /** The machine sends them in an envelope, once a minute at most. Whether it heard of this shows by their coming. */
  askForKeys(machine: number): void {
    void this.#send({ machine, id: this.#deps.newId(), body: '' }, this.#deps.signal).catch(() => undefined);
  }

  /** With the keys that are here, and with newer ones once where those are not the machine's any more. */
  async #said(machine: number, asked: Pick<AgentCall, 'op' | 'wish'>, signal: AbortSignal): Promise<AgentReply> {
    const { agentKeys } = this.#deps;
    for (let tries = 1; ; tries++) {
      const version = agentKeys.get()?.changed.get();
      const reply = await this.#once(machine, asked, signal);
      const isUnread = reply === undefined || (reply.did === 'no' && reply.problem === 'bad_call');
      if (!isUnread || (tries > 1 && reply !== undefined)) return reply;
      if (tries > 1) throw new LocalError('unavailable', "The machine's answer can't be read on this device yet.");
      this.askForKeys(machine);
      const haveCome = await this.#newer(version, signal);
      if (!haveCome && reply !== undefined) return reply;
      if (!haveCome) throw new LocalError('unavailable', "The machine's keys have not come to this device yet.");
    }
  }

  /** @returns undefined for an answer that can't be read */
  async #once(
    machine: number,
    { op, wish }: Pick<AgentCall, 'op' | 'wish'>,
    signal: AbortSignal,
  ): Promise<AgentReply | undefined> {
    const { platform, subtle, newId } = this.#deps;
    const keys = this.#needKeys();
    const own = await this.#keysOf(machine);
    const newest = own[0];
    if (newest === undefined) return undefined;
    const id = newId();
    const from = keys.self.device;
    // By this device's own clock: one that the server had a say in could be put forward, and the call held back until then.
    const call: AgentCall = { v: 1, op, at: platform.clock.now(), wish };
    const plain = encoder.encode(JSON.stringify(call));
    if (plain.length > AGENT_BYTES.call) throw new LocalError('too_large', 'This is too long to send to a machine.');
    const place = { serverId: keys.serverId, account: keys.self.name, machine };
    const body = await sealAgentBody(
      plain,
      { ...place, body: { use: 'call', from, call: id } },
      { key: newest, subtle, random: platform.random },
    );
    const answer = await this.#send({ machine, id, body }, signal);
    const opened = await openAgentBody(
      answer,
      { ...place, body: { use: 'reply', from, call: id, part: 0 } },
      { keys: await this.#keysOf(machine), subtle },
    );
    if (opened === undefined) return undefined;
    try {
      const read = agentReply.safeParse(JSON.parse(decoder.decode(opened)));
      if (read.success) return read.data;
    } catch {
      // Said below.
    }
    throw new LocalError('unavailable', 'The machine answered something that makes no sense.');
  }

  /** @returns the body of the first part */
  #send({ machine, id, body }: { machine: number; id: CommandId; body: string }, signal: AbortSignal): Promise<string> {
    const { clock } = this.#deps.platform;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      const end = (): void => {
        this.#waiting.delete(id);
        cancel();
        signal.removeEventListener('abort', abort);
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      const abort = (): void => fail(abortReason(signal));
      let cancel = clock.after(ACK_MS, () =>
        fail(new LocalError('unavailable', 'The server did not say whether it handed this to the machine.')),
      );
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.set(id, {
        machine,
        fail,
        part: (answer) => {
          end();
          resolve(answer);
        },
        acked: () => {
          cancel();
          cancel = clock.after(MACHINE_TIMES.rpcMs + LATE_MS, () => fail(new SkerryError('timed_out')));
        },
      });
      if (!this.#deps.wire.call(id, machine, body))
        fail(new LocalError('unavailable', 'This server is not connected.'));
    });
  }

  async #newer(version: number | undefined, signal: AbortSignal): Promise<boolean> {
    const { agentKeys, platform } = this.#deps;
    const known = agentKeys.get();
    if (known === undefined) return false;
    const controller = new AbortController();
    const abort = (): void => controller.abort(new Error('late'));
    const cancel = platform.clock.after(KEYS_MS, abort);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await waitFor(known.changed, (now) => now !== version, controller.signal);
      return true;
    } catch {
      return false;
    } finally {
      cancel();
      signal.removeEventListener('abort', abort);
    }
  }

  #keysOf(machine: number): Promise<readonly Uint8Array[]> {
    return this.#deps.agentKeys.get()?.of(machine, null) ?? Promise.resolve([]);
  }

  #needKeys(): Keys {
    const keys = this.#deps.keys.get();
    if (keys === undefined) throw new LocalError('no_device', 'Your keys are not open on this device.');
    return keys;
  }

  #remember(name: string, wish: Wish): void {
    this.#ops.delete(name);
    this.#ops.set(name, wish);
    if (this.#ops.size > MOST_OPS) this.#ops.delete(String(this.#ops.keys().next().value));
  }
}
