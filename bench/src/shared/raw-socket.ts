import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const TEXT = 1;
const CLOSE = 8;

/**
 * A WebSocket client that does as little as possible, so that a process can hold thousands and never be what limits:
 * it finds the frames in what arrives and hands them over as ranges of the arrived bytes.
 */
export class RawSocket {
  readonly #socket: Socket;
  #rest: Buffer | null = null;
  #isOpen = false;
  /** Called with a text frame's payload: `bytes` from `from` to `to`. */
  onText: (bytes: Buffer, from: number, to: number) => void = () => undefined;
  onClose: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static open(port: number, path: string, onText?: RawSocket['onText']): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const raw = new RawSocket(socket);
      // Set at once: the first frames may come together with the answer to the handshake.
      if (onText !== undefined) raw.onText = onText;
      const key = randomBytes(16).toString('base64');
      socket.on('data', (bytes) => raw.#receive(bytes, resolve, reject));
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error('closed'));
        raw.onClose();
      });
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      );
    });
  }

  /** The mask is zero: what is sent needs no hiding from proxies here. */
  send(text: string): void {
    const payload = Buffer.from(text);
    const long = payload.length > 125;
    const header = Buffer.alloc(long ? 8 : 6);
    header[0] = 0x80 | TEXT;
    header[1] = 0x80 | (long ? 126 : payload.length);
    if (long) header.writeUInt16BE(payload.length, 2);
    this.#socket.write(Buffer.concat([header, payload]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer, resolve: (raw: RawSocket) => void, reject: (error: Error) => void): void {
    const all = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = null;
    let at = 0;
    if (!this.#isOpen) {
      const end = all.indexOf('\r\n\r\n');
      if (end < 0) return void (this.#rest = all);
      const status = all.subarray(0, 12).toString('latin1');
      if (status !== 'HTTP/1.1 101') return reject(new Error(status));
      this.#isOpen = true;
      at = end + 4;
      resolve(this);
    }
    this.#frames(all, at);
  }

  #frames(all: Buffer, from: number): void {
    let at = from;
    while (all.length - at >= 2) {
      let length = (all[at + 1] ?? 0) & 127;
      let header = 2;
      if (length === 126) {
        if (all.length - at < 4) break;
        length = all.readUInt16BE(at + 2);
        header = 4;
      } else if (length === 127) {
        if (all.length - at < 10) break;
        length = Number(all.readBigUInt64BE(at + 2));
        header = 10;
      }
      const end = at + header + length;
      if (end > all.length) break;
      const kind = (all[at] ?? 0) & 15;
      if (kind === TEXT) this.onText(all, at + header, end);
      else if (kind === CLOSE) this.close();
      at = end;
    }
    if (at < all.length) this.#rest = at === 0 ? all : all.subarray(at);
  }
}
