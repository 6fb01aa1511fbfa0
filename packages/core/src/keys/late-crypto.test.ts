import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { deferred } from '../deferred.ts';
import type { PersonState } from '../identity/face.ts';
import { memoryPlatform } from '../testing/memory-platform.ts';
import { Value } from '../value.ts';
import type { ContextCryptoDeps } from './context-crypto.ts';
import { LateCrypto } from './late-crypto.ts';

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

test('nothing that encrypts is loaded with the client itself, nor what only a person with keys needs', () => {
  const start = loadedWith('index.ts');
  expect(start.files.size).toBeGreaterThan(50);
  expect([...start.packages].filter((name) => name.startsWith('@skerry/crypto'))).toEqual([]);
  expect([...loadedWith('adapters/browser.ts').packages].filter((name) => name.startsWith('@skerry/crypto'))).toEqual(
    [],
  );
  const late = ['keys/context-crypto.ts', 'keys/context-keys.ts', 'sealed/signal-client.ts', 'identity/person.ts'];
  expect(late.filter((file) => start.files.has(path.join(SRC, file)))).toEqual([]);
  // The same walk finds it where it is.
  const keys = loadedWith('keys/context-crypto.ts');
  expect([...keys.packages]).toContain('@skerry/crypto');
  expect(late.slice(0, 3).filter((file) => !keys.files.has(path.join(SRC, file)))).toEqual([]);
});

/** The parts of a context of which nothing but these is asked until its keys are made. */
function lateCrypto(state: PersonState): { late: LateCrypto; person: Value<PersonState>; made: () => number } {
  const person = new Value(state);
  const platform = memoryPlatform();
  let made = 0;
  // Whoever makes keys follows the entry first.
  const entry = { get: () => ({ account: null, serverId: '' }), subscribe: () => (made++, () => undefined) };
  const kept = new Value(undefined);
  const api = { with: () => api };
  const deps = { platform, person: { state: person }, entry, kept, api } as unknown as ContextCryptoDeps;
  return { late: new LateCrypto(deps), person, made: () => made };
}

/** Longer than a file takes to load that is loaded already. */
const settled = async (): Promise<void> => {
  await import('./context-crypto.ts');
  await new Promise((resolve) => setTimeout(resolve, 20));
};

test.each(['none', 'unavailable', 'loading'] as const)(
  'S4.24: where the person is %s no keys are made, a dial waits for none, and what was stored is wiped at once',
  async (kind) => {
    const { late, made } = lateCrypto({ kind });
    await late.prepare();
    expect(await late.without(() => Promise.resolve('wiped'))).toBe('wiped');
    await settled();
    expect(made()).toBe(0);
    expect(late.state.get().kind).toBe(kind === 'loading' ? 'starting' : 'off');
    expect(late.conversations.state.get()).toBe(kind === 'loading' ? 'loading' : 'off');
  },
);

test('S4.24: keys are made once when the person has some, however often that is told, and a dial waits for them', async () => {
  const { late, person, made } = lateCrypto({ kind: 'none' });
  person.set({ kind: 'linking' });
  person.set({ kind: 'ready', words: [], hasPassphrase: false, wordsChecked: true });
  expect(made()).toBe(0);
  await late.prepare();
  expect(made()).toBe(1);
  await settled();
  expect(made()).toBe(1);
});

test('S4.25: disposed while what encrypts is loading, nothing is made of it', async () => {
  const { late, made } = lateCrypto({ kind: 'linking' });
  await late[Symbol.asyncDispose]();
  await settled();
  expect(made()).toBe(0);
  await expect(late.reload()).rejects.toMatchObject({ code: 'unavailable' });
});

test('S4.25: while what is stored is wiped no keys are made, and afterwards they are', async () => {
  const { late, person, made } = lateCrypto({ kind: 'none' });
  const gate = deferred<undefined>();
  const wiping = late.without(() => gate.promise);
  person.set({ kind: 'linking' });
  await settled();
  expect(made()).toBe(0);
  gate.resolve(undefined);
  await wiping;
  await settled();
  expect(made()).toBe(1);
});
