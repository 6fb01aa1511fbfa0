import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AccountId, ChannelId, SessionId } from '@skerry/protocol';
import { parts } from '@skerry/server';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer, type WebSocket } from 'ws';
import { tell } from '../shared/child.ts';
import type { Kind } from './kinds.ts';

/** One of the measured servers. A message from the control socket goes to every member of its group. */

type Sent = { readonly group: string; readonly text: string };
let seq = 0;

/** What every member gets: about 350 bytes, made once per message. */
function eventOf({ text }: Sent) {
  const n = ++seq;
  const id = '01890a5d-ac96-774b-bcce-b302099a8057';
  const message = {
    id,
    channel: id,
    n,
    rev: n,
    author: id,
    at: Date.now(),
    text,
    replyTo: null,
    editedAt: null,
    deleted: false,
    mentions: [],
    reactions: [],
  };
  return { seq: n, n, kind: 'message', message };
}

const server = createServer();
const groupOf = (request: IncomingMessage): string => (request.url ?? '/').slice(1);

function serveWs(
  onJoin: (webSocket: WebSocket, socket: Duplex, group: string) => void,
  publish: (sent: Sent) => void,
): void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const group = groupOf(request);
      if (group === 'control')
        webSocket.on('message', (data) => publish(JSON.parse((data as Buffer).toString()) as Sent));
      else onJoin(webSocket, socket, group);
    }),
  );
}

const serve: Record<Kind, () => void> = {
  ws: () => {
    const groups = new Map<string, Set<WebSocket>>();
    serveWs(
      (webSocket, _socket, group) => {
        const members = groups.get(group) ?? new Set();
        groups.set(group, members.add(webSocket));
      },
      (sent) => {
        const text = JSON.stringify({ t: 'events', stream: sent.group, events: [eventOf(sent)] });
        for (const member of groups.get(sent.group) ?? []) member.send(text);
      },
    );
  },
  skerry: () => {
    const position = { seq: 0, tag: '' };
    const hub = new parts.Hub(position, { slowBytes: 1 << 20, later: setImmediate, onFlushed: () => undefined });
    let members = 0;
    serveWs(
      (_webSocket, socket, group) => {
        members += 1;
        const subscriber: parts.Subscriber = {
          account: `account${members}` as AccountId,
          session: `session${members}` as SessionId,
          sink: socket,
          allowance: 0,
          bundle: null,
          onDropped: () => socket.destroy(),
        };
        hub.enter(subscriber);
        hub.attach(subscriber, { position: { seq: 0, tag: '' }, channels: [group as ChannelId] });
      },
      (sent) => {
        const event = eventOf(sent);
        const stream = parts.channelStream(sent.group);
        const frames = new parts.EventFrames(stream);
        frames.add(JSON.stringify(event));
        const here = { seq: event.seq, tag: 'f00dfeedf00dfeed' };
        const bytes = parts.encodeFrames([frames.close()]);
        hub.publish({
          items: [{ type: 'frame', stream, bytes, hidden: null }],
          mark: parts.encodeFrame(parts.markJson(here)),
          position: here,
        });
      },
    );
  },
  'socket.io': () => {
    const io = new SocketIo(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
    io.on('connection', (socket) => {
      const group = String(socket.handshake.query['group']);
      if (group !== 'control') return void socket.join(group);
      socket.on('send', (sent: Sent) =>
        io.to(sent.group).emit('events', { t: 'events', stream: sent.group, events: [eventOf(sent)] }),
      );
    });
  },
};

serve[process.argv[2] as Kind]();
server.listen(0, '127.0.0.1', 4_096, () => tell({ port: (server.address() as AddressInfo).port }));
