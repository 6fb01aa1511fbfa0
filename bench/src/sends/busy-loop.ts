import type { Row } from '../row.ts';
import { Child } from '../shared/child.ts';
import { median } from '../shared/median.ts';
import type { FromClients, FromServer, ToClients, ToServer } from './message.ts';

const PER_SECOND = 5_000;
const ROUNDS = 3;
const ROUND_MS = 4_000;

/**
 * How busy the server's event loop is while 50 people send 5,000 messages a second over their sockets, each told to two.
 * Counted as the CPU time of its thread, so that waiting for a processor others use is not held against it.
 */
export async function benchBusyLoop(): Promise<readonly Row[]> {
  await using server = new Child<ToServer, FromServer>(new URL('./server.js', import.meta.url), []);
  const ready = await server.next();
  await using clients = new Child<ToClients, FromClients>(new URL('./clients.js', import.meta.url), [
    JSON.stringify(ready),
  ]);
  await clients.next();
  await clients.ask({ perSecond: PER_SECOND, ms: 2_000 });
  const rounds: { busy: number; perSecond: number; p50: number; p99: number; refused: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await server.ask('start');
    const sent = await clients.ask({ perSecond: PER_SECOND, ms: ROUND_MS });
    const busy = await server.ask('stop');
    if (sent.kind !== 'sent' || busy.kind !== 'busy') throw new Error('not the answer that was asked for');
    rounds.push({
      busy: busy.cpuShare,
      perSecond: (sent.answered / sent.ms) * 1_000,
      p50: sent.p50,
      p99: sent.p99,
      refused: sent.refused,
    });
  }
  const of = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick));
  const share = of(({ busy }) => busy) * (PER_SECOND / of(({ perSecond }) => perSecond));
  return [
    {
      name: `Event loop busy at ${PER_SECOND} sends a second over sockets (${Math.round(of(({ perSecond }) => perSecond))} answered, p50 ${of(({ p50 }) => p50).toFixed(1)} ms, p99 ${of(({ p99 }) => p99).toFixed(1)} ms)`,
      value: share * 100,
      unit: '% of its thread',
      peer: null,
      ratio: null,
      goal: '≤ 30 %',
      reached: share <= 0.3,
    },
  ];
}
