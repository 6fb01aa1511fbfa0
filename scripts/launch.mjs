import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { root } from './shell.mjs';

/**
 * Prepares the checkout and then becomes the given built program, in this same process: keys, signals and the exit code
 * are the program's own, with nothing in between to pass them on.
 * @param {string} file built start file, relative to the root
 * @param {readonly string[]} args
 */
export async function launch(file, args) {
  await prepare();
  const absolute = path.join(root, file);
  process.argv = [process.execPath, absolute, ...args];
  await import(pathToFileURL(absolute).href);
}
