import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { digestInputs } from './client-inputs.mjs';
import { whyInstall } from './install-state.mjs';
import { binOf, root, run, say, Stop } from './shell.mjs';

const OLDEST_NODE = /** @type {const} */ ([20, 19]);
const clientIndex = path.join(root, 'apps/client/dist/index.html');
const clientStamp = path.join(root, 'node_modules/.cache/skerry/client-inputs');

/** The client is bundled from these, built. */
const CLIENT_NEEDS = 'packages/core';

/**
 * Brings a checkout to the point where its programs run: installs what is missing, builds what is stale.
 * Says on stderr what it does; does next to nothing when all is fresh.
 * @param {string} [project] the folder of one TypeScript project, built with all it needs; without it all are built
 */
export async function prepare(project = '.') {
  requireNode();
  await install();
  if (existsSync(path.join(root, 'packages/protocol/dist'))) {
    await compile(project);
    await buildClient();
    return;
  }
  say('Building packages.');
  const started = Date.now();
  await compile(CLIENT_NEEDS);
  // What is left takes one processor, and the client another one.
  const rest = compile(project).then(() => say(`Built the packages in ${seconds(started)} s.`));
  await Promise.all([rest, buildClient()]);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Stop(`Skerry needs Node ${OLDEST_NODE.join('.')} or newer, and this is Node ${process.versions.node}.`);
}

async function install() {
  const why = whyInstall(root);
  if (why === undefined) return;
  say(`Installing packages: ${why}. The first time this takes a minute or two.`);
  const started = Date.now();
  const heartbeat = setInterval(() => {
    say(`  still installing, ${seconds(started)} s`);
  }, 15_000);
  try {
    // Development packages build the programs, so they are installed whatever NODE_ENV says.
    const done = await npm(['ci', '--include=dev', '--no-audit', '--no-fund']);
    if (!done) throw new Stop('Installing the packages failed; npm has said why above.');
  } finally {
    clearInterval(heartbeat);
  }
  say(`Installed in ${seconds(started)} s.`);
}

/**
 * Installs what @skerry/crypto is compared with, apart from everything else. Where that fails (no network, a system
 * without binaries of them) the comparisons are skipped and counted as such.
 */
export async function prepareOracles() {
  const cwd = path.join(root, 'oracles');
  if (existsSync(path.join(cwd, 'node_modules/.package-lock.json'))) return;
  say('Installing the independent implementations that the encryption is compared with.');
  if (!(await npm(['ci', '--no-audit', '--no-fund'], cwd)))
    say('They could not be installed; the comparisons are skipped.');
}

/**
 * Runs the npm that started this script, or else the one on the path.
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
function npm(args, cwd = root) {
  const startedBy = process.env['npm_execpath'];
  if (startedBy !== undefined && /npm-cli\.[cm]?js$/.test(startedBy))
    return run(process.execPath, [startedBy, ...args], { cwd });
  // On Windows npm is a script that only a shell starts.
  return run('npm', args, { cwd, shell: process.platform === 'win32' });
}

/** @param {string} project */
async function compile(project) {
  const done = await run(process.execPath, [binOf('typescript', 'tsc'), '-b', '--noCheck', project]);
  if (!done) throw new Stop('Building the packages failed; the compiler has said why above.');
}

/** The bundle is built again only when something it is made from has changed. */
async function buildClient() {
  const digest = digestInputs(root);
  if (existsSync(clientIndex) && existsSync(clientStamp) && readFileSync(clientStamp, 'utf8') === digest) return;
  say('Building the client.');
  const started = Date.now();
  // Without the old stamp an interrupted build cannot pass for a finished one.
  rmSync(clientStamp, { force: true });
  const cwd = path.join(root, 'apps/client');
  const done = await run(process.execPath, [binOf('vite'), 'build'], { cwd, quiet: true });
  if (!done) throw new Stop('Building the client failed; Vite has said why above.');
  mkdirSync(path.dirname(clientStamp), { recursive: true });
  writeFileSync(clientStamp, digest);
  say(`Built the client in ${seconds(started)} s.`);
}

/** @param {number} started milliseconds */
function seconds(started) {
  return String(Math.round((Date.now() - started) / 1000));
}
