import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '..');
/** What is there when a program runs: `import type` and `import()` are not. */
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;

/** Every module that is loaded together with `entry`. */
function loadedWith(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const queue = [path.join(SRC, entry)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file) || !existsSync(file)) continue;
    files.add(file);
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (name.startsWith('.')) queue.push(path.resolve(path.dirname(file), name));
      else packages.add(name);
    }
  }
  return { files, packages };
}

test('nothing that encrypts is loaded with the client itself', () => {
  const start = loadedWith('index.ts');
  expect(start.files.size).toBeGreaterThan(50);
  expect([...start.packages].filter((name) => name.startsWith('@skerry/crypto'))).toEqual([]);
  expect([...loadedWith('adapters/browser.ts').packages].filter((name) => name.startsWith('@skerry/crypto'))).toEqual(
    [],
  );
  // The same walk finds it where it is.
  expect([...loadedWith('keys/key-ring.ts').packages]).toContain('@skerry/crypto');
});
