import { CLOSE } from '@skerry/protocol';
import { type RawData, WebSocket } from 'ws';
import type { OpenTransport } from '../../platform.ts';

const HANDSHAKE_MS = 10_000;
/** A peer that never answers our close must not keep the socket. */
const CLOSE_MS = 2_000;

/** One WebSocket by `ws`. Redirects of the upgrade are not followed. */
export const openNodeSocket: OpenTransport = (url, { maxBytes }, handlers) => {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: maxBytes,
    followRedirects: false,
    handshakeTimeout: HANDSHAKE_MS,
  });
  let opened = false;
  let ended = false;
  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    handlers.ended({ code, reason, opened });
  };
  socket.on('open', () => {
    opened = true;
    handlers.opened();
  });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (ended) return;
    if (!isBinary) return handlers.frame(textOf(data));
    socket.close(CLOSE.protocol);
    end(CLOSE.protocol, '');
  });
  // `close` follows and tells the end; without a listener the error would end the program.
  socket.on('error', () => undefined);
  socket.on('close', (code, reason) => end(code, reason.toString('utf8')));
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame, () => undefined);
    },
    close: (code, reason) => {
      socket.close(code, reason);
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
    get buffered() {
      return socket.bufferedAmount;
    },
  };
};

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}
