import { VitestTestRunner } from 'vitest/runners';

/**
 * @typedef {import('vitest').RunnerTestFile} File
 * @typedef {import('vitest').RunnerTask} Task
 */

/**
 * Collects the tests of a project and runs none, not even their hooks, so that what a machine cannot run is still
 * counted test by test. The why stands in the test command's list of skipped projects.
 */
export default class SkipAllRunner extends VitestTestRunner {
  /** @param {File[]} files */
  onCollected(files) {
    files.forEach(skip);
  }
}

/** @param {Task} task */
function skip(task) {
  if (task.mode !== 'todo') task.mode = 'skip';
  if (task.type === 'suite') task.tasks.forEach(skip);
}
