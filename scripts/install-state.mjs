import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @typedef {{ version?: string, link?: boolean, resolved?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockEntry
 * @typedef {{ packages?: Record<string, LockEntry> }} Lock
 */

/**
 * Compares what the lockfile asks for with what npm wrote down when it last finished an install. Contents are compared
 * instead of file times: a checkout touches times without changing anything, and an interrupted install leaves no record.
 * @param {Lock} wanted package-lock.json
 * @param {Lock} installed node_modules/.package-lock.json
 * @returns {string | undefined} the first package that is missing or has another version
 */
export function firstDifference(wanted, installed) {
  const present = installed.packages ?? {};
  for (const [where, entry] of Object.entries(wanted.packages ?? {})) {
    if (!where.includes('node_modules/')) continue;
    const found = present[where];
    if (found === undefined) {
      // A package for another system (an optional binary) is left out on purpose.
      if (entry.optional === true || entry.devOptional === true) continue;
      return where;
    }
    if (entry.link !== true && found.version !== entry.version) return where;
  }
  return undefined;
}

/**
 * Says why packages have to be installed, or undefined when what is there is what the lockfile asks for.
 * @param {string} root
 * @returns {string | undefined}
 */
export function whyInstall(root) {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'no packages are installed yet';
  const different = firstDifference(readJson(path.join(root, 'package-lock.json')), readJson(record));
  return different === undefined ? undefined : `${different} is not what package-lock.json asks for`;
}

/**
 * @param {string} file
 * @returns {Lock}
 */
function readJson(file) {
  return /** @type {Lock} */ (JSON.parse(readFileSync(file, 'utf8')));
}
