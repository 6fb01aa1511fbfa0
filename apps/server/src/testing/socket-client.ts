import { randomBytes } from 'node:crypto';
import {
  down,
  uuidv7,
  type Command,
  type CommandId,
  type CommandResult,
  type Down,
  type DownOf,
  type Event,
  type Position,
  type Up,
} from '@skerry/protocol';
import { WebSocket } from 'ws';

export type Heard = Event & { readonly stream: string };

/** A client that keeps every frame it gets, each checked against the protocol. */
export class SocketClient implements Disposable {
  readonly socket: WebSocket;
  readonly frames: Down[] = [];
  /** Resolves with the code and reason when the socket is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #wake: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.frames.push(down.parse(JSON.parse((data as Buffer).toString('utf8'))));
      for (const wake of this.#wake.splice(0)) wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        for (const wake of this.#wake.splice(0)) wake();
      }),
    );
  }

  static open(url: string, headers: Record<string, string> = {}): Promise<SocketClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false, headers });
    const client = new SocketClient(socket);
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(client));
      socket.on('error', reject);
    });
  }

  send(frame: Up): void {
    this.socket.send(JSON.stringify(frame));
  }

  async hello(): Promise<DownOf<'proof'>> {
    this.send({ t: 'hello', v: { min: 1, max: 1 }, device: 'test', nonce: 'n'.repeat(22), origin: 'http://127.0.0.1' });
    return this.next('proof');
  }

  /** Hello, proof, auth; resolves with the welcome once the full presence came, which ends the opening. */
  async signIn(token: string, resume: Position | null = null): Promise<DownOf<'welcome'>> {
    await this.hello();
    this.send({ t: 'auth', token, resume });
    const welcome = await this.next('welcome');
    await this.next('presence');
    return welcome;
  }

  /** @throws the code it was refused with, as an Error's message */
  async run(command: Command, id: CommandId = uuidv7(Date.now(), randomBytes(10))): Promise<CommandResult> {
    this.send({ t: 'cmd', id, command });
    const answer = await this.until((frame) => (frame.t === 'ok' || frame.t === 'fail') && frame.id === id);
    if (answer.t === 'ok') return answer.result;
    throw new Error(answer.t === 'fail' ? answer.error.code : 'no answer');
  }

  next<T extends Down['t']>(kind: T): Promise<DownOf<T>> {
    return this.until((frame) => frame.t === kind) as Promise<DownOf<T>>;
  }

  /** The first frame, of those that came or will come, for which it holds. @throws Error when the socket closes before */
  async until(holds: (frame: Down) => boolean, ms = 5_000): Promise<Down> {
    const end = Date.now() + ms;
    for (;;) {
      const found = this.frames.find(holds);
      if (found !== undefined) return found;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the socket was closed');
      if (Date.now() > end) throw new Error('the frame did not come');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#wake.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }

  /** A mark that reaches this seq came. */
  marked(seq: number): Promise<Down> {
    return this.until((frame) => frame.t === 'mark' && frame.seq >= seq);
  }

  get events(): Heard[] {
    return this.frames.flatMap((frame) =>
      frame.t === 'events' ? frame.events.map((event) => ({ ...event, stream: frame.stream })) : [],
    );
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
