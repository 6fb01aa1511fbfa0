import { randomUUID } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { AccountId, ChannelId, Event } from '@skerry/protocol';
import { LyingServer } from './lying/lying-server.ts';
import type { LyingSocket } from './lying/socket.ts';

/** A lying server in a thread of its own, so that its floods cost the client under test nothing but what they cost it. */

export type FloodOrder =
  /** New messages, so many a second, each an event of its own. */
  | { readonly kind: 'events'; readonly perSecond: number }
  /** Frames that are no JSON or break every schema. */
  | { readonly kind: 'nonsense'; readonly perSecond: number }
  /** Snapshots with far more than anybody has; and a reset, so that they are asked for. */
  | { readonly kind: 'hugeSnapshot'; readonly channels: number }
  | { readonly kind: 'calm' };
export type FloodHello = { readonly origin: string; readonly setupCode: string };

const TICK_MS = 10;

if (parentPort === null) throw new Error('this file is a worker');
const port = parentPort;
const server = await LyingServer.start({ name: 'Flood' });
let timer: NodeJS.Timeout | undefined;
let n = 1_000;

port.on('message', (order: FloodOrder) => {
  clearInterval(timer);
  server.repent();
  switch (order.kind) {
    case 'calm':
      return;
    case 'events':
      return every(order.perSecond, (socket, count) => tellMessages(socket, count));
    case 'nonsense':
      return every(order.perSecond, (socket, count) => {
        for (let i = 0; i < count; i++) socket.sendRaw(NONSENSE[i % NONSENSE.length] ?? '');
      });
    case 'hugeSnapshot':
      server.onRoute('snapshot', ({ usual }) => {
        const reply = usual();
        if (reply.kind !== 'json') return reply;
        const honest = reply.body as { channels: { channel: object }[] };
        const one = honest.channels[0];
        const channels = Array.from({ length: order.channels }, () => ({
          ...one,
          channel: { ...one?.channel, id: randomUUID() },
        }));
        return { ...reply, body: { ...honest, channels } };
      });
      for (const socket of server.sockets) socket.send({ t: 'reset', reason: 'diverged' });
  }
});
port.postMessage({ origin: server.origin, setupCode: server.world.setupCode ?? '' } satisfies FloodHello);

function every(perSecond: number, act: (socket: LyingSocket, count: number) => void): void {
  const count = Math.max(1, Math.round((perSecond * TICK_MS) / 1_000));
  timer = setInterval(() => {
    for (const socket of server.sockets) if (socket.live && socket.ws.bufferedAmount < 8 << 20) act(socket, count);
  }, TICK_MS);
}

function tellMessages(socket: LyingSocket, count: number): void {
  const channel = [...server.world.channels.keys()][0] as ChannelId;
  const author = [...server.world.accounts.keys()][0] as AccountId;
  const events: Event[] = [];
  for (let i = 0; i < count; i++) {
    n += 1;
    const message = {
      id: `0190aaaa-0000-7000-8000-${n.toString(16).padStart(12, '0')}` as never,
      channel,
      n,
      rev: n,
      author,
      at: Date.now(),
      text: `flood ${n} ${'x'.repeat(200)}`,
      replyTo: null,
      editedAt: null,
      deleted: false,
      mentions: [],
      reactions: [],
    };
    events.push({ seq: 1_000_000 + n, n, kind: 'message', message });
  }
  socket.send({ t: 'events', stream: channel, events });
  socket.send({ t: 'mark', seq: 1_000_000 + n, tag: String(n) });
}

const NONSENSE = [
  '{"t":"mark","seq":-1,"tag":"x"}',
  '{"t":"mark","seq":1e308,"tag":"x"}',
  '{"t":"mark","seq":NaN,"tag":"x"}',
  '{"t":"events","stream":"server","events":[{"seq":"1","n":null,"kind":"message"}]}',
  `{"t":"events","stream":"server","events":${'['.repeat(500)}${']'.repeat(500)}}`,
  '{"__proto__":{"t":"welcome"},"constructor":1}',
  'null',
  '[]',
  '"',
];
