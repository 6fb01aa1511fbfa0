import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder, absolute. */
export const root = path.resolve(fileURLToPath(new URL('..', import.meta.url)));

/**
 * Says one line to the person. It goes to stderr, so that stdout stays the program's own (`serve --json` prints one line there).
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends a script with one sentence and exit code 1: what went wrong is the person's to settle, not a fault in the script. */
export class Stop extends Error {
  /** @param {string} sentence */
  constructor(sentence) {
    super(sentence);
    this.name = 'Stop';
  }
}

/**
 * Runs a program to its end with its output on stderr and no input.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, shell?: boolean, quiet?: boolean }} [options] `quiet` shows the output only when the program fails
 * @returns {Promise<boolean>} whether it ended well
 */
export function run(command, args, { quiet = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      ...options,
      stdio: ['ignore', quiet ? 'pipe' : 2, quiet ? 'pipe' : 2],
    });
    /** @type {Buffer[]} */
    const output = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (/** @type {Buffer} */ part) => output.push(part));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) process.stderr.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });
}

/**
 * The start file of a package's command line, to be run with this very Node: works on every system, needs no shell.
 * @param {string} packageName
 * @param {string} [binName] when the package has several
 * @returns {string}
 */
export function binOf(packageName, binName = packageName) {
  const manifestPath = path.join(root, 'node_modules', packageName, 'package.json');
  const manifest = /** @type {{ bin?: string | Record<string, string> }} */ (
    createRequire(import.meta.url)(manifestPath)
  );
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin?.[binName];
  if (bin === undefined) throw new Error(`${packageName} has no command named ${binName}`);
  return path.join(path.dirname(manifestPath), bin);
}

/**
 * Runs the body of a script. A Stop ends the process with 1 and its sentence, anything else with 1 and its stack.
 * @param {() => Promise<void>} body
 */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    say(error instanceof Stop ? `\n${error.message}` : String(error instanceof Error ? error.stack : error));
    process.exitCode = 1;
  }
}
