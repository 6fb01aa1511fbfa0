import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { root } from './shell.mjs';

/**
 * Prepares the checkout and then becomes the given built program, in this same process: keys, signals and the exit code
 * are the program's own, with nothing in between to pass them on.
 * @param {string} project the folder of the program's TypeScript project; its start file is `dist/main.js`
 * @param {readonly string[]} args
 */
export async function launch(project, args) {
  await prepare(project);
  const absolute = path.join(root, project, 'dist/main.js');
  process.argv = [process.execPath, absolute, ...args];
  await import(pathToFileURL(absolute).href);
}
