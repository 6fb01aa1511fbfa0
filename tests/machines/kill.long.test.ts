import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { killRun, VICTIMS } from './kill-run.ts';

/** In an order by chance, again and again: who meets only dying servers waits longer and longer between tries. */
function deaths(many: number): (typeof VICTIMS)[number][] {
  const left = [...VICTIMS];
  const order: typeof left = [];
  while (left.length > 0) order.push(...left.splice(randomInt(left.length), 1));
  return Array.from({ length: many }, (_, at) => order[at % order.length] ?? 'daemon');
}

it('loses and doubles no entry, leaves no ask open and runs nothing twice in fifty deaths (T18, T19, M-9 to M-11, M-15)', async () => {
  const report = await killRun(deaths(50), randomInt(2 ** 31));
  expect(report.broken).toEqual([]);
  expect(report.executed).toBeGreaterThan(15);
}, 1_500_000);
