import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * @typedef {{ file: string, bytes: number, gzip: number }} LoadedScript sizes in bytes
 */

/**
 * The scripts that a built page loads before it can work: those its HTML names, and all that these import statically.
 * What is imported on demand does not count.
 * @param {string} folder the built client, with its index.html
 * @param {(source: string) => readonly string[]} staticImports
 * @returns {LoadedScript[]} largest first
 */
export function firstLoad(folder, staticImports) {
  const queue = scriptsOf(readFileSync(path.join(folder, 'index.html'), 'utf8'));
  /** @type {Map<string, LoadedScript>} */
  const loaded = new Map();
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const file = path.posix.normalize(next);
    if (loaded.has(file)) continue;
    const absolute = path.join(folder, file);
    if (!existsSync(absolute)) throw new Error(`${file} is loaded by the page and was not built`);
    const content = readFileSync(absolute);
    loaded.set(file, { file, bytes: content.length, gzip: gzipSync(content).length });
    for (const imported of staticImports(content.toString()))
      queue.push(path.posix.join(path.posix.dirname(file), imported));
  }
  return [...loaded.values()].sort((a, b) => b.gzip - a.gzip);
}

/**
 * @param {string} html
 * @returns {string[]} own scripts and module preloads, without query
 */
function scriptsOf(html) {
  const tags = html.match(/<(?:script|link)\b[^>]*>/g) ?? [];
  return tags.flatMap((tag) => {
    const isPreload = /\brel="modulepreload"/.test(tag);
    if (!tag.startsWith('<script') && !isPreload) return [];
    const address = /\b(?:src|href)="([^"?#]+)/.exec(tag)?.[1];
    return address === undefined || /^[a-z]+:|^\/\//.test(address) ? [] : [address.replace(/^\//, '')];
  });
}
