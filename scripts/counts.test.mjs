import { describe, expect, it } from 'vitest';
import { count, countsLine, faults, projectLines, skippedLines } from './counts.mjs';

/**
 * @param {string} project
 * @param {import('./counts.mjs').Outcome} outcome
 * @param {{ name?: string, why?: string }} [rest]
 * @returns {import('./counts.mjs').Result}
 */
const result = (project, outcome, rest) => ({ project, outcome, name: 'a test', ...rest });

it('counts every outcome and says the three numbers on one line', () => {
  const results = [
    result('core', 'passed'),
    result('core', 'passed'),
    result('cli', 'failed'),
    result('cli', 'skipped'),
  ];
  expect(countsLine(count(results))).toBe('2 passed, 1 failed, 1 skipped');
});

it('lists each project, one without tests too', () => {
  const results = [result('core', 'passed'), result('core', 'skipped')];
  expect(projectLines(results, ['core', 'browser'])).toEqual([
    '  core     1 passed, 0 failed, 1 skipped',
    '  browser  no tests',
  ]);
});

it('groups what was skipped by its reason and names some of it', () => {
  const results = ['a', 'b', 'c', 'd'].map((name) => result('browser', 'skipped', { name, why: 'no Chromium found' }));
  expect(skippedLines([...results, result('core', 'skipped', { name: 'e' }), result('core', 'passed')])).toEqual([
    '  4 of browser: no Chromium found ("a", "b", "c" and 1 more)',
    '  1 of core: marked as skipped in its file ("e")',
  ]);
});

describe('faults', () => {
  const good = { results: [result('core', 'passed')], emptyProjects: [], unhandledErrors: 0, wholeRun: true };

  it('finds none in a run whose tests passed', () => {
    expect(faults(good)).toEqual([]);
  });

  it('finds a failed test, an error outside of tests, and a run in which nothing passed', () => {
    expect(faults({ ...good, results: [...good.results, result('core', 'failed')] })).toEqual(['1 failed.']);
    expect(faults({ ...good, unhandledErrors: 2 })).toEqual(['2 errors were raised outside of any test.']);
    expect(faults({ ...good, results: [result('core', 'skipped')] })).toEqual(['No test passed.']);
    expect(faults({ ...good, results: [] })).toEqual(['No test passed.']);
  });

  it('finds a project without tests in a whole run, and lets it be in a run of chosen files', () => {
    expect(faults({ ...good, emptyProjects: ['server', 'cli'] })).toEqual(['No tests were found in: server, cli.']);
    expect(faults({ ...good, emptyProjects: ['server'], wholeRun: false })).toEqual([]);
  });
});
