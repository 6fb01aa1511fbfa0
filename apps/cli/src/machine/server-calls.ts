import { randomBytes } from 'node:crypto';
import { nodeCrypto, type Pin, verifyProof } from '@skerry/core/node';
import {
  type Address,
  type Answer,
  type Body,
  parseAddress,
  parseLink,
  refusalOf,
  ROUTES,
  type RouteName,
  toBase64Url,
} from '@skerry/protocol';
import { ConfigError, StartError } from '@skerry/server/command-line';

const CALL_MS = 15_000;
const MOST_BYTES = 16 * 1024 * 1024;

type Call<N extends RouteName> = { readonly body?: Body<N>; readonly token?: string; readonly signal?: AbortSignal };

/** One server as a machine meets it over HTTP. */
export class ServerCalls {
  readonly address: Address;

  constructor(address: Address) {
    this.address = address;
  }

  /**
   * Lets the server show that it holds its key, and that it is the pinned one where there is a pin. SPEC P-13.
   * @throws StartError when it is another one, or out of reach
   */
  async prove(pin: Pin | null): Promise<Pin> {
    const asked = { nonce: toBase64Url(randomBytes(32)), origin: this.address.origin };
    const proof = await this.call('proof', { body: asked });
    const verdict = await verifyProof(nodeCrypto, asked, { proof, pin });
    if (verdict.ok) return verdict.pin;
    throw new StartError(
      verdict.problem === 'otherKey'
        ? `Another server answers at ${this.address.host}, or its key was replaced without a word. Nothing was sent to it.`
        : `The server at ${this.address.host} could not prove that it holds its key.`,
    );
  }

  /** @throws SkerryError for a refusal, StartError when the server is out of reach or speaks another language */
  async call<N extends RouteName>(name: N, { body, token, signal }: Call<N> = {}): Promise<Answer<N>> {
    const { method, path, answer } = ROUTES[name];
    const { response, told } = await this.#fetch(`${this.address.origin}${path}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(CALL_MS), ...(signal === undefined ? [] : [signal])]),
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw refusalOf(told, response.status);
    const parsed = answer.safeParse(told);
    if (!parsed.success) throw new StartError(`What answers at ${this.address.host} is not a Skerry server.`);
    return parsed.data as Answer<N>;
  }

  async #fetch(url: string, options: RequestInit): Promise<{ response: Response; told: unknown }> {
    try {
      const response = await fetch(url, options);
      return { response, told: await jsonOf(response) };
    } catch (cause) {
      if (cause instanceof StartError) throw cause;
      throw new StartError(`${this.address.host} is out of reach.`, cause);
    }
  }
}

/**
 * A server's address as a person gives it: an address, or a link to the server.
 * @throws ConfigError
 */
export function readServer(given: string): Address {
  const link = parseLink(given);
  if (!link.ok && link.problem === 'foreign_pairing')
    throw new ConfigError(
      'This is the pairing code of another program. Pairing by it would hand over your master secret, so Skerry does not take it.',
    );
  const read = link.ok ? { ok: true as const, address: link.link.address } : parseAddress(given);
  if (!read.ok)
    throw new ConfigError(`--server does not take "${given}"; it takes an address such as https://chat.example.org.`);
  if (!read.address.encrypted && !read.address.loopback)
    throw new ConfigError(
      `--server takes https beyond this machine: anyone on the way to ${read.address.host} could read along.`,
    );
  return read.address;
}

async function jsonOf(response: Response): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body !== null)
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > MOST_BYTES) throw new StartError('The server says more than there is to say.');
      parts.push(part);
    }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    return null;
  }
}
