import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { killRun, VICTIMS } from './kill-run.ts';

/** Each dies as often as the others, in any order: who meets only dying servers waits longer and longer between tries. */
function deaths(many: number): (typeof VICTIMS)[number][] {
  const all: (typeof VICTIMS)[number][] = [];
  while (all.length < many) {
    const left = [...VICTIMS];
    while (left.length > 0) all.push(...left.splice(randomInt(left.length), 1));
  }
  return all.slice(0, many);
}

it('loses and doubles no entry, leaves no ask open and runs nothing twice in fifty deaths (T18, T19, M-9 to M-11, M-15)', async () => {
  const report = await killRun(deaths(50), randomInt(2 ** 31));
  expect(report.broken).toEqual([]);
  expect(report.executed).toBeGreaterThan(15);
}, 1_500_000);
