import { describe, expect, it } from 'vitest';
import { crashRun, KILL_POINTS } from './crash-run.ts';

/** I1, I2, I4: a few cycles at every place where it hurts; `crash.long.test.ts` has a hundred. */
describe('A server that is killed', () => {
  it('loses nothing it answered and does nothing twice, wherever it dies', async () => {
    const report = await crashRun({
      cycles: KILL_POINTS,
      clients: 8,
      cores: 4,
      pairs: 1,
      answersPerCycle: 50,
    });
    expect(report.broken).toEqual([]);
    expect(report.cycles).toHaveLength(KILL_POINTS.length);
    expect(report.sealed).toBeGreaterThan(20);
    expect(report.resumes).toBeGreaterThan(report.resets);
  }, 120_000);

  it('is caught when it answers before the commit', async () => {
    const report = await crashRun({
      cycles: ['before-commit', 'before-commit'],
      clients: 8,
      cores: 4,
      pairs: 1,
      answersPerCycle: 50,
      breaks: 'answer-before-commit',
    });
    expect(report.broken.join('\n')).toContain('is lost');
  }, 120_000);

  it('is caught when it does not look whether a command was done', async () => {
    const report = await crashRun({
      cycles: ['committed', 'committed'],
      clients: 8,
      cores: 4,
      pairs: 1,
      answersPerCycle: 50,
      breaks: 'no-dedupe',
    });
    expect(report.broken.join('\n')).toMatch(/was refused|is there twice|with place/);
  }, 120_000);
});
