import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { killRun } from './kill-run.ts';

it('loses and doubles no entry, leaves no ask open and runs nothing twice, whoever dies in the middle of it (T18, T19, M-9 to M-11, M-15)', async () => {
  // Between two deaths of the server the others die as well: who meets only dying servers waits longer and longer between tries.
  const report = await killRun(['server', 'daemon', 'client', 'server', 'daemon'], randomInt(2 ** 31));
  expect(report.broken).toEqual([]);
  expect(report.executed).toBeGreaterThan(0);
  expect(report.entries).toBeGreaterThan(20);
}, 120_000);
