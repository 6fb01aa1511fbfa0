// npm run check [-- name…]: everything that judges the code without running it. All checks run; one failure fails the whole.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { firstLoad } from './first-load.mjs';
import { findings } from './hygiene.mjs';
import { missingBinaries } from './install-state.mjs';
import { prepare } from './prepare.mjs';
import { binOf, main, root, run, say, Stop } from './shell.mjs';

/** The most script a first visit may load, in bytes after gzip. */
const FIRST_LOAD_LIMIT = 150_000;

const NEED_NO_BUILD = new Set(['format', 'hygiene']);

const TEST_PROJECTS = [
  'packages/protocol',
  'packages/crypto',
  'packages/core',
  'apps/server',
  'apps/cli',
  'apps/assistant-runner',
  'tests',
  'bench',
];

/** Every project with sources of its own. */
const PROJECTS = [
  'packages/protocol/tsconfig.json',
  'packages/crypto/tsconfig.json',
  'packages/core/src/tsconfig.json',
  'packages/core/src/adapters/tsconfig.browser.json',
  'packages/core/src/adapters/tsconfig.node.json',
  'packages/core/src/testing/tsconfig.json',
  'apps/server/tsconfig.json',
  'apps/cli/tsconfig.json',
  'apps/assistant-runner/tsconfig.json',
  'apps/client/tsconfig.json',
  'apps/client/tsconfig.node.json',
  'apps/client/tsconfig.sw.json',
  'tests/tsconfig.json',
  'bench/tsconfig.json',
  'oracles/tsconfig.json',
  ...TEST_PROJECTS.map((folder) => `${folder}/tsconfig.test.json`),
];

/** @type {Record<string, () => Promise<boolean>>} */
const checks = {
  format: () => tool('prettier', ['--check', '--log-level', 'warn', '.']),
  lint: checkLint,
  types: checkTypes,
  svelte: () =>
    tool('svelte-check', ['--tsconfig', './tsconfig.json', '--fail-on-warnings'], { folder: 'apps/client' }),
  boundaries: () => tool('dependency-cruiser', ['packages', 'apps', 'tests', 'bench', 'scripts'], { bin: 'depcruise' }),
  unused: () => tool('knip', ['--treat-config-hints-as-errors']),
  size: checkSize,
  hygiene: checkHygiene,
};

await main(async () => {
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !(name in checks));
  if (unknown.length > 0)
    throw new Stop(`There is no check named ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}.`);
  const names = Object.keys(checks).filter((name) => chosen.length === 0 || chosen.includes(name));
  if (names.some((name) => !NEED_NO_BUILD.has(name))) await prepare();
  const failed = [];
  for (const name of names) {
    say(`\n── ${name}`);
    const started = Date.now();
    const good = await checks[name]?.();
    say(`${name}: ${good ? 'good' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (!good) failed.push(name);
  }
  if (failed.length > 0) throw new Stop(`Checks failed: ${failed.join(', ')}`);
  say('\nAll checks are good.');
});

/**
 * @param {string} packageName
 * @param {readonly string[]} args
 * @param {{ folder?: string, bin?: string }} [options]
 */
function tool(packageName, args, { folder = '.', bin = packageName } = {}) {
  return run(process.execPath, [binOf(packageName, bin), ...args], { cwd: path.join(root, folder) });
}

/**
 * Rules that know types keep every program they have seen in memory, so parts are judged by processes of their own, two
 * at a time; the last part takes whatever no other has.
 */
async function checkLint() {
  const rest = [
    '.',
    ...['packages', 'apps', 'tests', 'bench'].flatMap((folder) => ['--ignore-pattern', `${folder}/**`]),
  ];
  const parts = [['packages'], ['apps/server'], ['tests'], ['apps/client'], ['bench'], ['apps/cli', 'apps/assistant-runner'], rest]; // prettier-ignore
  let good = true;
  const worker = async () => {
    for (let part = parts.shift(); part !== undefined; part = parts.shift())
      if (!(await tool('eslint', [...part, '--max-warnings', '0']))) good = false;
  };
  await Promise.all([worker(), worker()]);
  return good;
}

/** Programs are checked by being built; this adds tests, scripts and the client's own projects, and proves nothing is left out. */
async function checkTypes() {
  const tsc = (/** @type {string[]} */ ...args) => tool('typescript', args, { bin: 'tsc' });
  const results = [
    await tsc('-b', ...TEST_PROJECTS.map((folder) => `${folder}/tsconfig.test.json`)),
    await tsc('-p', 'tsconfig.scripts.json'),
    await tsc('-p', 'oracles/tsconfig.json'),
    await tsc('-p', 'apps/client/tsconfig.node.json'),
    await tsc('-p', 'apps/client/tsconfig.sw.json'),
    await checkCoverage(),
  ];
  return results.every(Boolean);
}

/** A source file in no project would never be checked, and nobody would notice. */
async function checkCoverage() {
  const { default: ts } = await import('typescript');
  const covered = new Set(
    PROJECTS.flatMap((project) => {
      const config = ts.readConfigFile(path.join(root, project), (file) => ts.sys.readFile(file));
      const folder = path.join(root, path.dirname(project));
      return ts.parseJsonConfigFileContent(config.config, ts.sys, folder).fileNames;
    }),
  );
  const left = trackedFiles().filter((file) => file.endsWith('.ts') && !covered.has(path.join(root, file)));
  for (const file of left) say(`${file} belongs to no TypeScript project, so nothing checks its types.`);
  return left.length === 0;
}

async function checkSize() {
  const { parseAst } = await import('vite');
  const scripts = firstLoad(path.join(root, 'apps/client/dist'), (source) =>
    parseAst(source).body.flatMap((statement) => {
      const isStatic =
        statement.type === 'ImportDeclaration' ||
        statement.type === 'ExportNamedDeclaration' ||
        statement.type === 'ExportAllDeclaration';
      return isStatic && statement.source ? [String(statement.source.value)] : [];
    }),
  );
  const total = scripts.reduce((sum, { gzip }) => sum + gzip, 0);
  for (const { file, gzip } of scripts) say(`  ${(gzip / 1000).toFixed(1).padStart(7)} kB  ${file}`);
  say(
    `  ${(total / 1000).toFixed(1).padStart(7)} kB gzip of script at first load; the limit is ${String(FIRST_LOAD_LIMIT / 1000)} kB.`,
  );
  return total <= FIRST_LOAD_LIMIT;
}

function checkHygiene() {
  const found = findings(
    trackedFiles().map((file) => {
      const absolute = path.join(root, file);
      const content = readFileSync(absolute);
      return { path: file, size: statSync(absolute).size, text: content.includes(0) ? undefined : content.toString() };
    }),
  );
  const lock = /** @type {import('./install-state.mjs').Lock} */ (
    JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  );
  for (const missing of missingBinaries(lock)) found.push(`package-lock.json lacks ${missing}, so npm ci refuses it.`);
  for (const finding of found) say(finding);
  return Promise.resolve(found.length === 0);
}

/** What git knows or would add, so that a file is judged before it is committed. */
function trackedFiles() {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return list.split('\0').filter((file) => file !== '' && existsSync(path.join(root, file)));
}
