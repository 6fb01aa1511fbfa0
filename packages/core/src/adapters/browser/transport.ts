import { CLOSE } from '@skerry/protocol';
import type { OpenTransport } from '../../platform.ts';

/** One WebSocket of the browser. @throws DOMException when the page may not open it */
export const openWebSocket: OpenTransport = (url, { maxBytes }, handlers) => {
  const socket = new WebSocket(url);
  let opened = false;
  let ended = false;
  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    handlers.ended({ code, reason, opened });
  };
  const refuse = (code: number): void => {
    socket.close(code);
    end(code, '');
  };
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    opened = true;
    handlers.opened();
  };
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (ended) return;
    if (typeof data !== 'string') refuse(CLOSE.protocol);
    else if (data.length > maxBytes) refuse(CLOSE.tooLarge);
    else handlers.frame(data);
  };
  socket.onclose = ({ code, reason }) => end(code, reason);
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close: (code, reason) => {
      if (!ended) socket.close(code, reason);
    },
    get buffered() {
      return socket.bufferedAmount;
    },
  };
};
