import { expect, test } from 'vitest';
import { deferred } from '../deferred.ts';
import { memoryPlatform, type MemoryPlatform } from '../testing/memory-platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import { LatePerson } from './late-person.ts';

function personOn(platform: MemoryPlatform, vault: VaultStore): LatePerson {
  return new LatePerson({ platform, vault, entries: () => [], servers: async () => '[]', onProblem: () => undefined });
}

test('a person is what was kept, made when it is first asked for', async () => {
  const platform = memoryPlatform();
  const first = personOn(platform, await platform.storage.vault());
  expect(first.state.get()).toEqual({ kind: 'loading' });
  await first.load();
  expect(first.state.get()).toEqual({ kind: 'none' });
  expect(first.forgetting()).toEqual({ entries: [], wordsChecked: false });
  const seen: string[] = [];
  first.state.subscribe(() => seen.push(first.state.get().kind));
  // Asked at once, done one after another.
  const [, refused] = await Promise.allSettled(
    [first.use(), first.use()].map(async (person) => (await person).create()),
  );
  expect(refused).toMatchObject({ reason: { code: 'forbidden' } });
  expect(seen).toEqual(['none', 'ready']);
  const keys = await first.accountKeys('server-1');
  await first[Symbol.asyncDispose]();
  expect(first.state.get()).toEqual({ kind: 'loading' });

  const again = memoryPlatform({ disk: platform.disk });
  const second = personOn(again, await again.storage.vault());
  await second.load();
  expect(second.state.get()).toMatchObject({ kind: 'ready' });
  expect((await second.accountKeys('server-1')).sign.publicKey).toEqual(keys.sign.publicKey);
});

test('S4.25: disposed while it is loading, it is nobody from then on', async () => {
  const platform = memoryPlatform();
  const vault = await platform.storage.vault();
  const first = personOn(platform, vault);
  await first.load();
  await (await first.use()).create();
  const gate = deferred<undefined>();
  let asked = 0;
  const slow: VaultStore = {
    ...vault,
    get: async (entry, name) => {
      if (asked++ > 0) await gate.promise;
      return vault.get(entry, name);
    },
  };
  const late = personOn(platform, slow);
  const loaded = late.load();
  await expect.poll(() => asked).toBe(2);
  await late[Symbol.asyncDispose]();
  gate.resolve(undefined);
  await loaded;
  expect(late.state.get()).toEqual({ kind: 'loading' });
  await expect(late.accountKeys('server-1')).rejects.toMatchObject({ code: 'unavailable' });
});

test('secrets that cannot be opened now are locked, not lost', async () => {
  const platform = memoryPlatform();
  const vault = await platform.storage.vault();
  const broken: VaultStore = { ...vault, get: () => Promise.reject(new Error('no storage')) };
  const late = personOn(platform, broken);
  await late.load();
  expect(late.state.get()).toEqual({ kind: 'locked', by: 'device' });
});
