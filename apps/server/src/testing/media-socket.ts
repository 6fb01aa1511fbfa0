import { WebSocket } from 'ws';
import type { TestServer } from './test-server.ts';

export type HeardFrame = {
  readonly slot: number;
  readonly level: number;
  readonly timestamp: number;
  readonly text: string;
};

/** The sound of a person without WebRTC. */
export class MediaSocket implements AsyncDisposable {
  readonly heard: HeardFrame[] = [];
  /** Resolves with the code when the socket is closed. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #timestamp = 0;
  #talking: NodeJS.Timeout | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('message', (data) => {
      const bytes = data as Buffer;
      this.heard.push({
        slot: bytes.readUInt8(0),
        level: bytes.readUInt8(1),
        timestamp: bytes.readUInt32BE(2),
        text: bytes.subarray(6).toString(),
      });
    });
  }

  static async open(server: TestServer, ticket: string, query = ''): Promise<MediaSocket> {
    const socket = new WebSocket(`${server.running.url.replace('http', 'ws')}/api/voice${query}`);
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    const media = new MediaSocket(socket);
    socket.send(ticket);
    return media;
  }

  /** A frame every 20 ms, so many decibels below the loudest. */
  talk(text: string, level: number): void {
    this.#talking = setInterval(() => {
      this.#timestamp += 960;
      const head = Buffer.alloc(5);
      head.writeUInt8(level, 0);
      head.writeUInt32BE(this.#timestamp, 1);
      this.#socket.send(Buffer.concat([head, Buffer.from(text)]));
    }, 20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#talking);
    this.#socket.terminate();
    await this.closed;
  }
}
