import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform, Transport } from '@skerry/core';
import {
  type Answer,
  type ChannelId,
  type Command,
  type CommandId,
  LIMITS,
  PROTOCOL,
  SOCKET_PATH,
  toBase64Url,
  type Up,
  uuidv7,
} from '@skerry/protocol';

export type ResidentOptions = {
  readonly platform: Pick<Platform, 'http' | 'openTransport'>;
  readonly origin: string;
  /** A fresh one-time code, or `undefined` while the server is stopped. */
  readonly code: () => string | undefined;
  readonly signal: AbortSignal;
};

const DEVICE = 'Demo';
const RETRY_MS = 3_000;
const PING_MS = 20_000;

/** One of the demo's people: signed in for as long as their server runs, and back when it is. */
export class Resident {
  readonly #options: ResidentOptions;
  #live: { readonly transport: Transport; readonly token: string } | undefined;

  constructor(options: ResidentOptions) {
    this.#options = options;
  }

  get isHere(): boolean {
    return this.#live !== undefined;
  }

  /** Comes back whenever the server does. Resolves when the signal aborts. */
  async live(): Promise<void> {
    const { signal, code } = this.#options;
    while (!signal.aborted) {
      const fresh = code();
      // A server that stops in the middle of this is no fault; it is what the demo shows.
      if (fresh !== undefined) await this.#visit(fresh).catch(() => undefined);
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  typing(channel: ChannelId): void {
    this.#send({ t: 'typing', channel });
  }

  say(channel: ChannelId, text: string): void {
    this.#do({ kind: 'message.send', channel, text, replyTo: null });
  }

  async snapshot(): Promise<Answer<'snapshot'> | undefined> {
    if (this.#live === undefined) return undefined;
    const { platform, origin, signal } = this.#options;
    const headers = { authorization: `Bearer ${this.#live.token}` };
    const answer = await platform.http.request({
      method: 'GET',
      url: `${origin}/api/snapshot`,
      headers,
      body: null,
      timeoutMs: 5_000,
      maxBytes: LIMITS.frameDownBytes * 16,
      signal,
    });
    return answer.status === 200 ? (JSON.parse(answer.text) as Answer<'snapshot'>) : undefined;
  }

  /** From the first frame to the end of the socket. */
  async #visit(code: string): Promise<void> {
    const { platform, origin, signal } = this.#options;
    const token = await this.#signIn(code);
    const url = `${origin.replace(/^http/, 'ws')}${SOCKET_PATH}`;
    let ping: NodeJS.Timeout | undefined;
    let leave: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      const transport = platform.openTransport(
        url,
        { maxBytes: LIMITS.frameDownBytes },
        {
          opened: () =>
            send(transport, { t: 'hello', v: PROTOCOL, device: DEVICE, nonce: toBase64Url(randomBytes(16)), origin }),
          frame: (text) => {
            if (text.startsWith('{"t":"proof"')) send(transport, { t: 'auth', token, resume: null });
            else if (text.startsWith('{"t":"welcome"')) {
              this.#live = { transport, token };
              ping = setInterval(() => send(transport, { t: 'ping', n: 0 }), PING_MS);
            }
          },
          ended: () => resolve(),
        },
      );
      leave = () => transport.close(1000, '');
    });
    signal.addEventListener('abort', leave, { once: true });
    await ended;
    signal.removeEventListener('abort', leave);
    clearInterval(ping);
    this.#live = undefined;
  }

  async #signIn(code: string): Promise<string> {
    const { platform, origin, signal } = this.#options;
    const body = JSON.stringify({ code, device: DEVICE });
    const headers = { 'content-type': 'application/json' };
    const answer = await platform.http.request({
      method: 'POST',
      url: `${origin}/api/auth/exchange`,
      headers,
      body,
      timeoutMs: 5_000,
      maxBytes: LIMITS.frameDownBytes,
      signal,
    });
    if (answer.status !== 200) throw new Error(`the server answered ${answer.status}`);
    return (JSON.parse(answer.text) as Answer<'exchange'>).accessToken;
  }

  #do(command: Command): void {
    this.#send({ t: 'cmd', id: uuidv7<CommandId>(Date.now(), randomBytes(10)), command });
  }

  #send(frame: Up): void {
    if (this.#live !== undefined) send(this.#live.transport, frame);
  }
}

function send(transport: Transport, frame: Up): void {
  transport.send(JSON.stringify(frame));
}
