import { expect, it } from 'vitest';
import { crashRun, KILL_POINTS, type KillPoint } from './crash-run.ts';

const CYCLES = 100;

it('a hundred kills at all places under eight clients lose nothing and double nothing', async () => {
  const cycles = Array.from({ length: CYCLES }, (_, i) => KILL_POINTS[i % KILL_POINTS.length] as KillPoint);
  const report = await crashRun({ cycles, clients: 8, cores: 4, pairs: 1, answersPerCycle: 50 });
  process.stdout.write(
    `crash test: ${report.cycles.length} cycles, ${report.early} early kills, ${report.answered} answered sends, ` +
      `${report.resumes} resumes, ${report.resets} resets, ${report.broken.length} broken promises\n`,
  );
  expect(report.broken).toEqual([]);
  expect(report.cycles).toHaveLength(CYCLES);
  expect(Math.min(...report.cycles.map((cycle) => cycle.answered))).toBeGreaterThanOrEqual(50);
});
