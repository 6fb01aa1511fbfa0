import type { CommandId, DownOf } from '@skerry/protocol';
import {
  AGENT_BYTES,
  AGENT_LIMITS,
  type AgentBody,
  agentCall,
  agentReply,
  type AgentReply,
} from '@skerry/protocol/agents';
import type { Clock } from '../platform.ts';
import { type Bodies, parsed } from './bodies.ts';
import type { MachineLink } from './face.ts';
import type { KeyCourier } from './key-courier.ts';
import type { PersonList } from './person-list.ts';

export type CallsDeps = {
  readonly bodies: Bodies;
  readonly list: PersonList;
  readonly courier: KeyCourier;
  readonly clock: Clock;
  readonly reply: (to: { readonly id: CommandId; readonly device: number }, body: string) => void;
  readonly signal: AbortSignal;
};

type Handler = Parameters<MachineLink['onCall']>[0];

/** A server lets each device have 32 at a time; more than this is no honest one. */
const MOST_AT_ONCE = 256;

/** Calls of the person's devices: only those of a listed one that this machine's newest key opens are handed on. M-12 to M-15. */
export class Calls {
  readonly #deps: CallsDeps;
  #handler: Handler | undefined;
  #atOnce = 0;

  constructor(deps: CallsDeps) {
    this.#deps = deps;
  }

  handle(handler: Handler): void {
    this.#handler = handler;
  }

  /** Answers what can be answered. Never rejects. */
  async take({ id, from, body }: DownOf<'rpc'>): Promise<void> {
    if (this.#atOnce >= MOST_AT_ONCE) return;
    this.#atOnce++;
    try {
      this.#deps.reply({ id, device: from }, await this.#answer({ id, from, body }));
    } catch {
      // The caller hears of a time-out, and may ask again.
    } finally {
      this.#atOnce--;
    }
  }

  /** @returns empty to whoever has no key to read more with */
  async #answer({ id, from, body }: { id: CommandId; from: number; body: string }): Promise<string> {
    const { bodies, list, courier, signal } = this.#deps;
    // It may have been listed a moment ago.
    if (list.device(from) === undefined) await list.look(signal);
    if (list.device(from) === undefined) return '';
    const place: AgentBody = { use: 'call', from, call: id };
    const plain = body === '' ? undefined : await bodies.open(body, place, true);
    if (plain === undefined) {
      await courier.resend(from);
      return '';
    }
    const reply = await this.#do(plain, from);
    const to: AgentBody = { use: 'reply', from, call: id, part: 0 };
    return bodies.seal(bodies.encode(reply, AGENT_BYTES.call), to);
  }

  async #do(plain: Uint8Array, from: number): Promise<AgentReply> {
    const read = agentCall.safeParse(parsed(plain));
    if (!read.success || this.#handler === undefined) return NO('bad_call');
    if (Math.abs(this.#deps.clock.now() - read.data.at) > AGENT_LIMITS.callAgeMs) return NO('stale');
    try {
      const reply = agentReply.parse(await this.#handler(read.data, from));
      this.#deps.bodies.encode(reply, AGENT_BYTES.call);
      return reply;
    } catch {
      return NO('bad_call');
    }
  }
}

const NO = (problem: 'bad_call' | 'stale'): AgentReply => ({ v: 1, did: 'no', problem, say: null });
