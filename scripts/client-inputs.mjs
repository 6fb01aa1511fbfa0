import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Everything the client's bundle is made from. The packages' built files stand for their sources. */
const INPUTS = [
  'apps/client/src',
  'apps/client/public',
  'apps/client/index.html',
  'apps/client/package.json',
  'apps/client/svelte.config.js',
  'apps/client/tsconfig.json',
  'apps/client/vite.config.ts',
  'packages/core/dist',
  'packages/protocol/dist',
  'package-lock.json',
];

/** Compiler bookkeeping, type declarations and tests do not reach the bundle. */
const NOT_BUNDLED = /(^|\/)\.tsbuildinfo|\.d\.ts$|\.test\.[a-z.]+$/;

/**
 * A digest over the names and contents of all the client's inputs.
 * @param {string} root
 * @param {readonly string[]} [inputs]
 * @returns {string}
 */
export function digestInputs(root, inputs = INPUTS) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    for (const file of filesUnder(root, input)) {
      const content = readFileSync(path.join(root, file));
      hash.update(`${file}\0${String(content.length)}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} relative
 * @returns {string[]} relative paths with forward slashes, in a fixed order
 */
function filesUnder(root, relative) {
  const absolute = path.join(root, relative);
  if (!existsSync(absolute)) return [];
  if (!statSync(absolute).isDirectory()) return [relative];
  return readdirSync(absolute, { withFileTypes: true })
    .map((entry) => `${relative}/${entry.name}`)
    .filter((name) => !NOT_BUNDLED.test(name))
    .sort()
    .flatMap((name) => filesUnder(root, name));
}
