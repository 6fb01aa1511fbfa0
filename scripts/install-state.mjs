import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @typedef {{ version?: string, link?: boolean, resolved?: string, optional?: boolean, devOptional?: boolean, peer?: boolean, optionalDependencies?: Record<string, string> }} LockEntry
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
 * The binaries for other systems that the lockfile leaves out although a package in it asks for them. A lockfile comes to
 * that when it is written against a registry that lacks them just then, and `npm ci` refuses it from then on.
 * @param {Lock} lock
 * @returns {string[]} one `package > binary` for each
 */
export function missingBinaries(lock) {
  const packages = lock.packages ?? {};
  return Object.entries(packages).flatMap(([where, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !placesFor(where, name).some((place) => place in packages))
      .map((name) => `${where} > ${name}`),
  );
}

/**
 * Where Node looks for a package that another one asks for: beside it, then further and further out.
 * @param {string} where
 * @param {string} name
 * @returns {string[]}
 */
function placesFor(where, name) {
  const inside = where === '' ? '' : `${where}/`;
  const place = `${inside}node_modules/${name}`;
  if (where === '') return [place];
  const outer = where.lastIndexOf('/node_modules/');
  return [place, ...placesFor(outer < 0 ? '' : where.slice(0, outer), name)];
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
