// npm test [-- filter…]: every test this machine can run. --long runs the long ones instead.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { count, countsLine, faults, projectLines, skippedLines } from './counts.mjs';
import { findChromium } from './find-chromium.mjs';
import { findWebkit } from './find-webkit.mjs';
import { prepare, prepareOracles } from './prepare.mjs';
import { main, root, say } from './shell.mjs';

/** @typedef {import('./counts.mjs').Result} Result */

const args = process.argv.slice(2);
const long = args.includes('--long');
const filters = args.filter((arg) => arg !== '--long');
const noChromium = 'no Chromium found; name one with CHROMIUM=/path/to/chromium';

await main(async () => {
  // Two installs and the builds between them wait for the network, the disk and the processors by turns.
  await Promise.all([prepare(), ...(long ? [] : [prepareOracles()])]);
  process.env['SKERRY_TEST'] = long ? 'long' : 'usual';
  const chromium = findChromium();
  say(chromium === undefined ? `Browser journeys are skipped: ${noChromium}.` : `Browser journeys use ${chromium}.`);

  // Loaded only now, because on a fresh clone it has just been installed.
  const { startVitest } = await import('vitest/node');
  const vitest = await startVitest('test', filters, { root, watch: false, allowOnly: false, reporters: ['default'] });

  /** @type {Record<string, string>} */
  const reasons = {};
  if (chromium === undefined) for (const project of ['browser', 'browser-timed']) reasons[project] = noChromium;
  if (findWebkit() === undefined) reasons['webkit'] = 'no WebKitGTK found (webkit2gtk-driver and xvfb)';
  if (!existsSync(path.join(root, 'oracles/node_modules'))) reasons['oracles'] = 'run npm ci in oracles/';
  const results = vitest.state.getTestModules().flatMap((module) => resultsOf(module, reasons));
  const projects = vitest.projects.map((project) => project.name);
  const emptyProjects = projects.filter(
    (project) => project !== 'bench' && !results.some((result) => result.project === project),
  );
  const unhandledErrors = vitest.state.getUnhandledErrors().length;
  // Long tests are few; not every project has some.
  const wrong = faults({ results, emptyProjects, unhandledErrors, wholeRun: filters.length === 0 && !long });

  const skipped = skippedLines(results);
  const summary = ['', 'By project:', ...projectLines(results, projects), ''];
  if (skipped.length > 0) summary.push('Skipped:', ...skipped, '');
  if (!long)
    summary.push('The long tests (crash loops, soaks, every screen of a phone) run with: npm run test:long', '');
  if (wrong.length > 0) summary.push(`Not a success: ${wrong.join(' ')}`, '');
  summary.push(countsLine(count(results)), '');
  const code = wrong.length > 0 || Number(process.exitCode ?? 0) !== 0 ? 1 : 0;
  // A test that left a handle open must not keep the run from ending.
  process.stdout.write(summary.join('\n'), () => process.exit(code));
});

/**
 * @param {import('vitest/node').TestModule} module
 * @param {Record<string, string>} reasons why whole projects are skipped
 * @returns {Result[]} a file that broke before its tests were known, or in a hook of its own, counts as one failure
 */
function resultsOf(module, reasons) {
  const project = module.project.name;
  /** @type {Result[]} */
  const results = [];
  for (const suite of [module, ...module.children.allSuites()]) {
    if (suite.errors().length > 0)
      results.push({
        project,
        name: suite.type === 'module' ? suite.relativeModuleId : suite.fullName,
        outcome: 'failed',
      });
  }
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === 'passed' || result.state === 'failed')
      results.push({ project, name: test.fullName, outcome: result.state });
    else results.push({ project, name: test.fullName, outcome: 'skipped', ...why(test, reasons[project]) });
  }
  return results;
}

/**
 * @param {import('vitest/node').TestCase} test one that did not run
 * @param {string | undefined} ofProject
 */
function why(test, ofProject) {
  const result = test.result();
  if (ofProject !== undefined) return { why: ofProject };
  if (result.state === 'skipped' && result.note !== undefined) return { why: result.note };
  if (result.state === 'pending' || isUnderBrokenSuite(test))
    return { why: 'never ran, because something before it broke' };
  return test.options.mode === 'todo' ? { why: 'not written yet' } : {};
}

/** @param {import('vitest/node').TestCase} test */
function isUnderBrokenSuite(test) {
  for (let parent = test.parent; ; parent = parent.parent) {
    if (parent.errors().length > 0) return true;
    if (parent.type === 'module') return false;
  }
}
