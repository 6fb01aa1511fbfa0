import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { root } from './shell.mjs';

/** The most that @skerry/crypto may add to a page, in bytes after minifying and gzip. */
const LIMIT = 40_960;
/** Entries with the list of 2,048 words and with Argon2id are loaded when a person asks for them; the others by no page. */
const NOT_COUNTED = ['./phrase', './passphrase', './machine', './testing'];

const folder = path.join(root, 'packages/crypto');

test('the crypto package, without word list and Argon2id, stays within 40 KiB after gzip', async () => {
  const { exports } = /** @type {{ exports: Record<string, { default: string }> }} */ (
    JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  );
  expect(Object.keys(exports)).toEqual(expect.arrayContaining(NOT_COUNTED));
  const counted = Object.entries(exports).filter(([name]) => !NOT_COUNTED.includes(name));
  const code = counted.map(([, { default: file }]) => `export * from ${JSON.stringify(sourceOf(file))};`).join('\n');

  const chunk = await bundle(code);
  const size = gzipSync(chunk.code).length;
  console.log(`@skerry/crypto: ${String(chunk.code.length)} bytes minified, ${String(size)} after gzip`);
  const modules = Object.keys(chunk.modules);
  expect(modules.filter((id) => /argon2|wordlist/.test(id))).toEqual([]);
  expect(modules.length).toBeGreaterThan(40);
  expect(size).toBeLessThanOrEqual(LIMIT);
});

/** @param {string} file as built */
function sourceOf(file) {
  return path.join(folder, file.replace('/dist/', '/src/').replace(/\.js$/, '.ts'));
}

/**
 * As the client is built, with everything kept that the entries export.
 * @param {string} code
 */
async function bundle(code) {
  const entry = 'virtual:entry';
  const built = await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: {
      write: false,
      target: ['es2022', 'safari16.4', 'chrome111', 'firefox128'],
      modulePreload: { polyfill: false },
      rolldownOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? code : undefined),
      },
    ],
  });
  const { output } = /** @type {import('vite').Rolldown.RolldownOutput} */ (built);
  const [chunk, ...others] = output.filter((part) => part.type === 'chunk');
  if (chunk === undefined || others.length > 0) throw new Error('the package is not one chunk');
  return chunk;
}
