import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { CLOSE, LIMITS, SOCKET_PATH, SkerryError } from '@skerry/protocol';
import { VOICE_SOCKET_PATH } from '@skerry/protocol/voice';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { callerAddress } from '../http/caller.ts';
import { judgeOrigin, type OriginPolicy } from '../http/origin.ts';
import { addressKey } from '../rate-limits.ts';
import type { MediaSockets } from '../voice/media-sockets.ts';
import { Session, type SessionDeps, type SessionSocket } from './session.ts';

export type GatewayOptions = SessionDeps & {
  readonly origins: OriginPolicy;
  readonly trustProxy: boolean;
  /** Sockets at once, of everyone together. */
  readonly mostSockets: number;
  /** Sockets of sound; null where nobody talks. */
  readonly media: MediaSockets | null;
  /** A socket is gone: the code this side closed it with, else what the other side said. */
  readonly onClosed: (code: number) => void;
};

const TICK_MS = 1_000;
/** How long a closing socket may take before it is cut. */
const CLOSE_MS = 5_000;
/** Pieces of one message and of one frame. A network that cuts everything into single bytes still gets a usual frame through. T24. */
const MOST_FRAGMENTS = 128;
const MOST_CHUNKS = 16 * 1_024;

/** Says what went wrong in the protocol's codes instead of those of RFC 6455. SPEC P-8. */
class ProtocolSocket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    if (code === 1009) super.close(CLOSE.tooLarge, 'too large');
    else if (code === 1002 || code === 1003 || code === 1007 || code === 1008)
      super.close(CLOSE.protocol, 'not a frame of this protocol');
    else super.close(code, data);
  }
}

/** Apart from its use, because the types of `ws` do not know all of its options. */
const SOCKET_OPTIONS = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: LIMITS.frameUpBytes,
  maxFragments: MOST_FRAGMENTS,
  maxBufferedChunks: MOST_CHUNKS,
  closeTimeout: CLOSE_MS,
  WebSocket: ProtocolSocket,
};

/** Finished frames go straight to the socket below, past the framing of `ws`; closing goes through it. */
class UnderlyingSocket implements SessionSocket {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  write(frames: Uint8Array): void {
    this.#socket.write(frames);
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }
}

/** Takes upgrades to `/api/socket`, and owns the sockets until they end. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sockets = new WebSocketServer(SOCKET_OPTIONS);
  readonly #sessions = new Map<Session, WebSocket>();
  readonly #ticking: NodeJS.Timeout;
  /** The time of the last tick: good enough for counting silence. */
  #now: number;
  #isStopping = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#now = options.now();
    this.#ticking = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** For the `upgrade` event of the HTTP server. What may not in is answered before the switch of protocols. */
  readonly handleUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    try {
      this.#admit(request);
    } catch (error) {
      return refuse(socket, error instanceof SkerryError ? error : new SkerryError('internal'));
    }
    if (request.url === VOICE_SOCKET_PATH) return this.#options.media?.accept(request, socket, head);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, socket as Socket));
  };

  /** Takes no more sockets or commands, answers what is under way, tells everyone to come back, and waits until they left. */
  async close(retryAfterMs = 1_000): Promise<void> {
    this.#isStopping = true;
    await this.#until(() => [...this.#sessions.keys()].every((session) => session.inFlight === 0));
    this.#options.hub.flush();
    for (const session of [...this.#sessions.keys()]) session.close(CLOSE.restarting, String(retryAfterMs));
    await this.#until(() => this.#sessions.size === 0);
    for (const webSocket of this.#sessions.values()) webSocket.terminate();
    clearInterval(this.#ticking);
    this.#options.presence.stop();
    this.#sockets.close();
  }

  /** @throws SkerryError why this upgrade is refused */
  #admit(request: IncomingMessage): void {
    const { origins, trustProxy, limits, mostSockets, media } = this.#options;
    const url = request.url ?? '';
    if (judgeOrigin(request.headers.origin, request.headers.host, origins) === 'refused')
      throw new SkerryError('origin_refused');
    if (/[?&;]/.test(url)) throw new SkerryError(/token|authorization/i.test(url) ? 'token_in_url' : 'bad_request');
    if (url !== SOCKET_PATH && (url !== VOICE_SOCKET_PATH || media === null)) throw new SkerryError('not_found');
    if (this.#isStopping || this.#sessions.size + (media?.size ?? 0) >= mostSockets)
      throw new SkerryError('unavailable', { retryAfterMs: 2_000 });
    limits.take('connect', addressKey(callerAddress(request, trustProxy)));
  }

  #accept(webSocket: WebSocket, socket: Socket): void {
    const session = new Session(new UnderlyingSocket(webSocket, socket), this.#options);
    this.#sessions.set(session, webSocket);
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      if (!this.#isStopping) session.receive(data as Buffer, isBinary, this.#now);
    });
    // What was wrong is said by the close code; without a listener it would end the process.
    webSocket.on('error', () => session.ended());
    webSocket.on('close', (code: number) => {
      session.ended();
      this.#sessions.delete(session);
      this.#options.onClosed(session.closedWith ?? code);
    });
  }

  #tick(): void {
    this.#now = this.#options.now();
    for (const session of this.#sessions.keys()) session.tick(this.#now);
  }

  /** Waits until it is so, or for as long as a closing socket may take. */
  async #until(isSo: () => boolean): Promise<void> {
    for (let waited = 0; !isSo() && waited < CLOSE_MS; waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function refuse(socket: Duplex, error: SkerryError): void {
  const body = JSON.stringify({ error: error.toBody() });
  const wait = error.retryAfterMs === undefined ? '' : `Retry-After: ${Math.ceil(error.retryAfterMs / 1_000)}\r\n`;
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `${wait}Connection: close\r\nX-Content-Type-Options: nosniff\r\n\r\n${body}`,
  );
}
