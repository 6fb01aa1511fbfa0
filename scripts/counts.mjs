/**
 * @typedef {'passed' | 'failed' | 'skipped'} Outcome
 * @typedef {{ project: string, name: string, outcome: Outcome, why?: string }} Result one test, or one file that could not be run at all
 * @typedef {Record<Outcome, number>} Counts
 */

/**
 * @param {readonly Result[]} results
 * @returns {Counts}
 */
export function count(results) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const result of results) counts[result.outcome] += 1;
  return counts;
}

/**
 * The line that ends a test run.
 * @param {Counts} counts
 */
export function countsLine({ passed, failed, skipped }) {
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`;
}

/**
 * One line for each project, in the order they are given.
 * @param {readonly Result[]} results
 * @param {readonly string[]} projects
 * @returns {string[]}
 */
export function projectLines(results, projects) {
  const width = Math.max(...projects.map((project) => project.length));
  return projects.map((project) => {
    const own = results.filter((result) => result.project === project);
    return `  ${project.padEnd(width)}  ${own.length === 0 ? 'no tests' : countsLine(count(own))}`;
  });
}

/**
 * Says what was skipped and why: tests with the same reason share a line, and up to three of them are named.
 * @param {readonly Result[]} results
 * @returns {string[]}
 */
export function skippedLines(results) {
  /** @type {Map<string, Result[]>} */
  const groups = new Map();
  for (const result of results.filter(({ outcome }) => outcome === 'skipped')) {
    const reason = `${result.project}: ${result.why ?? 'marked as skipped in its file'}`;
    groups.set(reason, [...(groups.get(reason) ?? []), result]);
  }
  return [...groups].map(([reason, group]) => {
    const named = group.slice(0, 3).map(({ name }) => `"${name}"`);
    const more = group.length > named.length ? ` and ${String(group.length - named.length)} more` : '';
    return `  ${String(group.length)} of ${reason} (${named.join(', ')}${more})`;
  });
}

/**
 * Why a run is no success, in sentences; empty when it is one. A run that ran nothing is no success, and neither is one
 * in which a whole project has lost its tests.
 * @param {{ results: readonly Result[], emptyProjects: readonly string[], unhandledErrors: number, wholeRun: boolean }} run
 * @returns {string[]}
 */
export function faults({ results, emptyProjects, unhandledErrors, wholeRun }) {
  const { passed, failed } = count(results);
  const found = [];
  if (failed > 0) found.push(`${String(failed)} failed.`);
  if (unhandledErrors > 0) found.push(`${String(unhandledErrors)} errors were raised outside of any test.`);
  if (passed === 0) found.push('No test passed.');
  if (wholeRun && emptyProjects.length > 0) found.push(`No tests were found in: ${emptyProjects.join(', ')}.`);
  return found;
}
