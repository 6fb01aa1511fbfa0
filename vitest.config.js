import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { findChromium } from './scripts/find-chromium.mjs';
import { findWebkit } from './scripts/find-webkit.mjs';

/** The long tests (crash loops, soaks, every screen of a phone) are files of their own, run by `npm run test:long` and then alone. */
const long = process.env['SKERRY_TEST'] === 'long';
const chromium = findChromium();
const webkit = findWebkit();
/** Independent implementations that @skerry/crypto is compared with; they are installed apart, by npm ci in oracles/. */
const hasOracles = existsSync(new URL('oracles/node_modules', import.meta.url));

/**
 * @param {string} folder
 * @param {string} [extension]
 */
function files(folder, extension = 'ts') {
  return {
    include: [`${folder}/**/*.test.${extension}`],
    exclude: [...configDefaults.exclude, '**/dist/**', long ? '**/!(*.long).test.*' : '**/*.long.test.*'],
  };
}

/** Beyond a few, workers on a small machine only get in each other's way. */
const workers = Math.max(2, Math.min(4, availableParallelism()));

/** Units first, then journeys, then browsers: what measures time should have the machine for itself. */
const unit = { maxWorkers: workers, sequence: { groupOrder: 0 } };
/** Files that share a worker and what it has loaded. Loading costs more than these tests, and none keeps anything in a module. */
const shared = { ...unit, isolate: false };
const minute = 60_000;

const browser = {
  ...files('tests/browser'),
  ...(chromium === undefined ? { runner: './scripts/skip-all-runner.mjs' } : {}),
  testTimeout: long ? 30 * minute : 2 * minute,
  hookTimeout: 2 * minute,
  // A page that has to share the processor is late, not wrong; who claims a time measures it.
  expect: { poll: { timeout: 10_000 } },
};
/** Tests of the client that need modules nobody has used before: by another locale, or from their first state on. */
const ON_THEIR_OWN = [
  'src/ui/format.test.ts',
  'src/ui/markdown/plain-links.test.ts',
  'src/views/channel-conversation.test.ts',
];
/** Browser journeys that compare how long something takes. */
const TIMED = ['tests/browser/two-servers.test.ts'];

export default defineConfig({
  test: {
    env: { CHROMIUM: chromium ?? '', WEBKIT: webkit === undefined ? '' : JSON.stringify(webkit) },
    projects: [
      { test: { name: 'scripts', ...unit, ...files('scripts', 'mjs'), testTimeout: 20_000 } },
      { test: { name: 'protocol', ...shared, ...files('packages/protocol/src'), testTimeout: 20_000 } },
      { test: { name: 'crypto', ...shared, ...files('packages/crypto/src'), testTimeout: 30_000 } },
      { test: { name: 'core', ...shared, ...files('packages/core/src'), testTimeout: 30_000, hookTimeout: 30_000 } },
      { test: { name: 'server', ...shared, ...files('apps/server/src'), testTimeout: 20_000, hookTimeout: 20_000 } },
      { test: { name: 'cli', ...unit, ...files('apps/cli/src'), testTimeout: 20_000, hookTimeout: 20_000 } },
      {
        test: {
          name: 'assistant-runner',
          ...unit,
          ...files('apps/assistant-runner/src'),
        },
      },
      {
        test: {
          name: 'oracles',
          ...unit,
          ...files('oracles'),
          ...(hasOracles ? {} : { runner: './scripts/skip-all-runner.mjs' }),
          testTimeout: minute,
        },
      },
      { test: { name: 'bench', ...unit, ...files('bench/src'), testTimeout: 30_000 } },
      {
        extends: './apps/client/vitest.config.ts',
        root: './apps/client',
        test: {
          name: 'client',
          ...shared,
          ...files('src'),
          exclude: [...files('src').exclude, ...ON_THEIR_OWN],
          testTimeout: 20_000,
        },
      },
      {
        extends: './apps/client/vitest.config.ts',
        root: './apps/client',
        test: { name: 'client-apart', ...unit, include: long ? [] : ON_THEIR_OWN, testTimeout: 20_000 },
      },
      {
        test: {
          name: 'journeys',
          ...files('tests'),
          exclude: [...files('tests').exclude, 'tests/browser/**', 'tests/webkit/**'],
          maxWorkers: workers,
          sequence: { groupOrder: 1 },
          testTimeout: long ? 30 * minute : minute,
          hookTimeout: minute,
        },
      },
      {
        test: {
          ...browser,
          name: 'browser',
          exclude: [...browser.exclude, ...TIMED],
          // A page waits for its server and the server for its page: two at a time keep two cores busy, more do not help.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      { test: { ...browser, name: 'browser-timed', include: TIMED, maxWorkers: 1, sequence: { groupOrder: 3 } } },
      {
        test: {
          name: 'webkit',
          ...files('tests/webkit'),
          ...(webkit === undefined ? { runner: './scripts/skip-all-runner.mjs' } : {}),
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
          testTimeout: 2 * minute,
        },
      },
    ],
  },
});
