import { Child } from './shared/child.ts';
import { median } from './shared/median.ts';
import { cpuSeconds } from './shared/process-cost.ts';
import { GROUPS, KINDS, type Group, type Kind, type Ports, type Round, type RoundResult } from './fanout/kinds.ts';
import type { Row } from './row.ts';

const WINDOWS = [1, 16] as const;
const GOALS: Readonly<Record<string, number>> = { '100 1': 1.0, '1000 1': 1.2, '100 16': 3, '1000 16': 5 };
const ROUNDS = 9;
const ROUND_MS = 1_200;
const WARM_UP_MS = 500;

/**
 * From publish to wire: how many times a message reaches a member, per second of the server's CPU. The servers take
 * turns round by round, so that what else the machine does falls on all of them; ratios are taken within a round, and
 * the median round counts.
 */
export async function benchFanout(): Promise<readonly Row[]> {
  const program = new URL('./fanout/server.js', import.meta.url);
  const servers = new Map<Kind, Child<never, { port: number }>>(
    KINDS.map((kind) => [kind, new Child(program, [kind])]),
  );
  const ports = Object.fromEntries(
    await Promise.all([...servers].map(async ([kind, server]) => [kind, (await server.next()).port])),
  ) as Ports;
  const clients = new Child<Round, RoundResult>(new URL('./fanout/clients.js', import.meta.url), [
    JSON.stringify(ports),
  ]);
  try {
    await clients.next();
    const rows: Row[] = [];
    for (const group of GROUPS) {
      for (const window of WINDOWS) {
        const results = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
        for (const kind of KINDS) await clients.ask({ kind, group, window, ms: WARM_UP_MS });
        for (let round = 0; round < ROUNDS; round++) {
          for (const kind of KINDS) {
            const pid = servers.get(kind)?.pid ?? Number.NaN;
            const before = cpuSeconds(pid);
            const { deliveries } = await clients.ask({ kind, group, window, ms: ROUND_MS });
            results.get(kind)?.push(deliveries / (cpuSeconds(pid) - before));
          }
        }
        rows.push(...rowsOf(group, window, (kind) => results.get(kind) ?? []));
      }
    }
    return rows;
  } finally {
    await clients[Symbol.asyncDispose]();
    for (const server of servers.values()) await server[Symbol.asyncDispose]();
  }
}

function rowsOf(group: Group, window: number, rounds: (kind: Kind) => readonly number[]): Row[] {
  const goal = GOALS[`${group} ${window}`] ?? 0;
  const ours = rounds('skerry');
  const beside = (kind: Kind, name: string) => {
    const theirs = rounds(kind);
    return {
      name: `Deliveries, ${group} members, ${window} in flight`,
      value: median(ours),
      unit: 'per CPU second',
      peer: { name, value: median(theirs) },
      ratio: median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN))),
    };
  };
  const bare = beside('ws', 'bare ws, naive send');
  return [
    { ...bare, goal: `≥ ${goal}x`, reached: bare.ratio >= goal },
    { ...beside('socket.io', 'socket.io'), goal: null, reached: null },
  ];
}
