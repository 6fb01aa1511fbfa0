import { KINDS, type FromClients, type FromServer, type Kind, type ToClients, type ToServer } from './idle/message.ts';
import type { Row } from './row.ts';
import { Child } from './shared/child.ts';
import { median } from './shared/median.ts';
import { cpuSeconds } from './shared/process-cost.ts';

const WARM_UP = 1_000;
const SOCKETS = 4_000;
const ROUNDS = 3;
const KIB = 1_024;

type Cost = { readonly cpuMs: number; readonly heap: number; readonly resident: number };

/**
 * What a connection costs: the server's CPU for letting it in, and its memory while it has nothing to do. Skerry's is a
 * whole server and a signed-in session with its proof, presence and channels; its peer does the WebSocket handshake
 * alone. Memory is given twice: what the process takes from the system, which depends on how far its heap had grown
 * before, and the objects that live on its heap.
 */
export async function benchIdle(): Promise<readonly Row[]> {
  const costs = new Map<Kind, Cost[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < ROUNDS; round++) for (const kind of KINDS) costs.get(kind)?.push(await measure(kind));
  const of = (kind: Kind, pick: (cost: Cost) => number) => median((costs.get(kind) ?? []).map(pick));
  const memory = (name: string, pick: (cost: Cost) => number): Row => {
    const [ours, bare] = [of('skerry', pick) / KIB, of('ws', pick) / KIB];
    return {
      name: `Idle connection, ${name}`,
      value: ours,
      unit: 'KiB',
      peer: { name: 'bare ws', value: bare },
      ratio: ours / bare,
      goal: '≤ 2x',
      reached: ours / bare <= 2,
    };
  };
  const [ours, bare] = [of('skerry', ({ cpuMs }) => cpuMs), of('ws', ({ cpuMs }) => cpuMs)];
  return [
    memory('resident memory', ({ resident }) => resident),
    memory('live heap', ({ heap }) => heap),
    {
      name: 'Handshake, proof and sign-in of a socket',
      value: ours,
      unit: 'ms of CPU',
      peer: { name: 'bare ws, handshake alone', value: bare },
      ratio: ours / bare,
      goal: null,
      reached: null,
    },
  ];
}

async function measure(kind: Kind): Promise<Cost> {
  await using server = new Child<ToServer, FromServer>(
    new URL('./idle/server.js', import.meta.url),
    [kind],
    ['--expose-gc'],
  );
  const ready = await server.next();
  if (ready.kind !== 'ready') throw new Error('the server is not ready');
  await using clients = new Child<ToClients, FromClients>(new URL('./idle/clients.js', import.meta.url), []);
  await clients.next();
  const tokens = kind === 'skerry' ? ready.tokens : null;
  const settle = async () => {
    const answer = await server.ask('settle');
    if (answer.kind !== 'settled') throw new Error('not the answer that was asked for');
    return answer;
  };
  await clients.ask({ port: ready.port, tokens, count: WARM_UP });
  const before = { ...(await settle()), cpu: cpuSeconds(server.pid) };
  await clients.ask({ port: ready.port, tokens, count: SOCKETS });
  const cpu = cpuSeconds(server.pid) - before.cpu;
  const after = await settle();
  return {
    cpuMs: (cpu / SOCKETS) * 1_000,
    heap: (after.heap - before.heap) / SOCKETS,
    resident: (after.resident - before.resident) / SOCKETS,
  };
}
