import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestInputs } from './client-inputs.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skerry-inputs-'));
  mkdirSync(path.join(folder, 'src/deep'), { recursive: true });
  writeFileSync(path.join(folder, 'src/main.ts'), 'one');
  writeFileSync(path.join(folder, 'src/deep/view.ts'), 'two');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const digest = () => digestInputs(folder, ['src', 'package.json']);

it('stays the same while nothing changes, whatever the file times are', () => {
  const before = digest();
  writeFileSync(path.join(folder, 'src/main.ts'), 'one');
  expect(digest()).toBe(before);
});

it('changes with a content, a new file, a removed file and a new input', () => {
  const seen = [digest()];
  writeFileSync(path.join(folder, 'src/deep/view.ts'), 'changed');
  seen.push(digest());
  writeFileSync(path.join(folder, 'src/deep/more.ts'), '');
  seen.push(digest());
  rmSync(path.join(folder, 'src/main.ts'));
  seen.push(digest());
  writeFileSync(path.join(folder, 'package.json'), '{}');
  seen.push(digest());
  expect(new Set(seen).size).toBe(5);
});

it('does not mix up where one file ends and the next begins', () => {
  const before = digest();
  writeFileSync(path.join(folder, 'src/main.ts'), 'on');
  writeFileSync(path.join(folder, 'src/deep/view.ts'), 'etwo');
  expect(digest()).not.toBe(before);
});

it('leaves out tests, type declarations and compiler bookkeeping', () => {
  const before = digest();
  for (const name of ['main.test.ts', 'main.d.ts', '.tsbuildinfo-core'])
    writeFileSync(path.join(folder, 'src', name), 'x');
  expect(digest()).toBe(before);
});
