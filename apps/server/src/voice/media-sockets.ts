import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE } from '@skerry/protocol';
import { VOICE_LIMITS, VOICE_TIMES } from '@skerry/protocol/voice';
import { WebSocketServer, type WebSocket } from 'ws';

export type MediaSocketsOptions = {
  /** @returns whether it is a ticket of somebody who is here; then the socket is theirs */
  readonly admit: (ticket: string, socket: WebSocket) => boolean;
  /** A socket without a ticket is closed after this, in milliseconds. */
  readonly ticketMs?: number;
};

/** How often a sign of life is asked for; a socket that gave none until the next time is cut. */
const LIFE_MS = 5_000;
/** A frame, and what stands before it. */
const MOST_BYTES = VOICE_LIMITS.packetBytes + 16;

/** Sockets that carry sound and nothing else. The first message is a ticket, not a token: it is good once. SPEC V-11. */
export class MediaSockets {
  readonly #options: MediaSocketsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MOST_BYTES,
  });
  readonly #sockets = new Map<WebSocket, { isAlive: boolean }>();
  readonly #asking: NodeJS.Timeout;

  constructor(options: MediaSocketsOptions) {
    this.#options = options;
    this.#asking = setInterval(() => this.#ask(), LIFE_MS).unref();
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** An upgrade that may in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#begin(webSocket));
  }

  close(): void {
    clearInterval(this.#asking);
    for (const socket of this.#sockets.keys()) socket.terminate();
    this.#server.close();
  }

  #begin(socket: WebSocket): void {
    const life = { isAlive: true };
    this.#sockets.set(socket, life);
    const late = setTimeout(
      () => socket.close(CLOSE.helloLate, 'too late'),
      this.#options.ticketMs ?? VOICE_TIMES.ticketMs,
    );
    socket.on('pong', () => (life.isAlive = true));
    // What was wrong is said by the close code; without a listener it would end the process.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(late);
      this.#sockets.delete(socket);
    });
    socket.once('message', (data, isBinary) => {
      clearTimeout(late);
      const ticket = isBinary ? '' : (data as Buffer).toString('latin1');
      if (!this.#options.admit(ticket, socket)) socket.close(CLOSE.auth, 'no such ticket');
    });
  }

  #ask(): void {
    for (const [socket, life] of this.#sockets) {
      if (!life.isAlive) socket.terminate();
      life.isAlive = false;
      socket.ping();
    }
  }
}
