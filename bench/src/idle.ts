import { KINDS, type FromClients, type FromServer, type Kind, type ToClients, type ToServer } from './idle/message.ts';
import type { Row } from './row.ts';
import { Child } from './shared/child.ts';
import { cpuSeconds } from './shared/process-cost.ts';

const WARM_UP = 500;
const SOCKETS = 4_000;

/**
 * What a connection costs: the server's CPU for letting it in, and its memory while it has nothing to do. Skerry's is a
 * whole server and a signed-in session with its proof, presence and channels; its peer does the WebSocket handshake alone.
 */
export async function benchIdle(): Promise<readonly Row[]> {
  const figures = new Map<Kind, { cpuMs: number; bytes: number }>();
  for (const kind of KINDS) figures.set(kind, await measure(kind));
  const of = (kind: Kind) => figures.get(kind) ?? { cpuMs: Number.NaN, bytes: Number.NaN };
  const [ours, bare] = [of('skerry'), of('ws')];
  const memory = ours.bytes / bare.bytes;
  return [
    {
      name: `Handshake, proof and sign-in of a socket (one of ${SOCKETS})`,
      value: ours.cpuMs,
      unit: 'ms of CPU',
      peer: { name: 'bare ws, handshake alone', value: bare.cpuMs },
      ratio: ours.cpuMs / bare.cpuMs,
      goal: null,
      reached: null,
    },
    {
      name: `Memory of an idle connection (${SOCKETS} of them)`,
      value: ours.bytes / 1_024,
      unit: 'KiB',
      peer: { name: 'bare ws', value: bare.bytes / 1_024 },
      ratio: memory,
      goal: '≤ 2x',
      reached: memory <= 2,
    },
  ];
}

async function measure(kind: Kind): Promise<{ cpuMs: number; bytes: number }> {
  await using server = new Child<ToServer, FromServer>(new URL('./idle/server.js', import.meta.url), [kind], ['--expose-gc']);
  const ready = await server.next();
  if (ready.kind !== 'ready') throw new Error('the server is not ready');
  await using clients = new Child<ToClients, FromClients>(new URL('./idle/clients.js', import.meta.url), []);
  await clients.next();
  const tokens = kind === 'skerry' ? ready.tokens : null;
  await clients.ask({ port: ready.port, tokens, count: WARM_UP });
  const settle = async () => {
    const answer = await server.ask('settle');
    return answer.kind === 'settled' ? answer.bytes : Number.NaN;
  };
  const before = { bytes: await settle(), cpu: cpuSeconds(server.pid) };
  await clients.ask({ port: ready.port, tokens, count: SOCKETS });
  const cpu = cpuSeconds(server.pid) - before.cpu;
  return { cpuMs: (cpu / SOCKETS) * 1_000, bytes: ((await settle()) - before.bytes) / SOCKETS };
}
