import type { ChannelId, Down, SignedIn } from '@skerry/protocol';
import { PROTOCOL } from '@skerry/protocol';
import { WebSocket } from 'ws';
import { newId } from '../shared/people.ts';

/** The server's own message path, with as little as possible at both ends: two people on sockets, messages in the clear. */
export class Talker implements Disposable {
  readonly #socket: WebSocket;
  /** Told of each message of others and of oneself. */
  onMessage: (text: string) => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(origin: string, who: SignedIn): Promise<Talker> {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/socket`, { perMessageDeflate: false });
    const talker = new Talker(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () =>
        socket.send(JSON.stringify({ t: 'hello', v: PROTOCOL, device: 'bench', nonce: 'n'.repeat(22), origin })),
      );
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString('utf8')) as Down;
        if (frame.t === 'proof') socket.send(JSON.stringify({ t: 'auth', token: who.accessToken, resume: null }));
        else if (frame.t === 'presence') resolve();
        else if (frame.t === 'fail') reject(new Error(frame.error.code));
        else if (frame.t === 'events')
          for (const event of frame.events) if (event.kind === 'message') talker.onMessage(event.message.text);
      });
    });
    return talker;
  }

  say(channel: ChannelId, text: string): void {
    const command = { kind: 'message.send', channel, text, replyTo: null };
    this.#socket.send(JSON.stringify({ t: 'cmd', id: newId(), command }));
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}
