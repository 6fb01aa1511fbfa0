import { toBase64Url } from '@skerry/protocol';
import type { AgentBody } from '@skerry/protocol/agents';
import type { Subtle } from '../keys/subtle.ts';
import { LocalError } from '../errors.ts';
import { openAgentBody, sealAgentBody } from '../machines/agent-body.ts';
import type { Crypto, Random } from '../platform.ts';
import type { AgentKeyBook } from './agent-key-book.ts';

export type BodiesDeps = {
  readonly serverId: string;
  readonly account: string;
  readonly device: number;
  readonly keys: AgentKeyBook;
  readonly subtle: Subtle;
  readonly random: Random;
  readonly crypto: Crypto;
};

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Encrypted bodies of this machine: under its own key, or under that of the run they belong to. SPEC M-13. */
export class Bodies {
  readonly #deps: BodiesDeps;

  constructor(deps: BodiesDeps) {
    this.#deps = deps;
  }

  /** @throws LocalError `too_large` for more than `most` bytes */
  encode(value: unknown, most: number): Uint8Array {
    const plain = encoder.encode(JSON.stringify(value));
    if (plain.length > most) throw new LocalError('too_large', 'This does not fit what a server takes of a machine.');
    return plain;
  }

  async digest(plain: Uint8Array): Promise<string> {
    return toBase64Url(await this.#deps.crypto.sha256(plain));
  }

  /** @throws what the store throws when a new key is due */
  async seal(plain: Uint8Array, body: AgentBody): Promise<string> {
    const { keys, subtle, random } = this.#deps;
    const key = await keys.current(runOf(body));
    return sealAgentBody(plain, this.#place(body), { key, subtle, random });
  }

  /** @param onlyNewest nothing that somebody may have written who left */
  async open(sealed: string, body: AgentBody, onlyNewest = false): Promise<Uint8Array | undefined> {
    const { keys, subtle } = this.#deps;
    // One that is due is made first.
    if (onlyNewest) await keys.current(runOf(body));
    const all = keys.all(runOf(body));
    return openAgentBody(sealed, this.#place(body), { keys: onlyNewest ? all.slice(0, 1) : all, subtle });
  }

  #place(body: AgentBody): Parameters<typeof sealAgentBody>[1] {
    const { serverId, account, device: machine } = this.#deps;
    return { serverId, account, machine, body };
  }
}

/** @returns undefined for what is no JSON */
export function parsed(plain: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(plain)) as unknown;
  } catch {
    return undefined;
  }
}

function runOf(body: AgentBody): string | null {
  return 'run' in body ? body.run : null;
}
