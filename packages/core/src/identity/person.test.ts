import { expect, test } from 'vitest';
import { memoryPlatform, type MemoryPlatform } from '../testing/memory-platform.ts';
import type { StorageProblem } from '../views.ts';
import { PERSON } from './person-slot.ts';
import { Person } from './person.ts';

async function personOn(platform: MemoryPlatform, problems: StorageProblem[] = []): Promise<Person> {
  const person = new Person({
    platform,
    vault: await platform.storage.vault(),
    entries: () => [],
    servers: async () => '[]',
    onProblem: (problem) => problems.push(problem),
  });
  await person.load();
  return person;
}

const nameOf = (slot: number): string => JSON.stringify([PERSON, `person/${slot}`]);

test('a new secret is there after a restart, with the same words and the same keys', async () => {
  const platform = memoryPlatform();
  const person = await personOn(platform);
  expect(person.state.get()).toEqual({ kind: 'none' });
  await person.create();
  const words = await person.words();
  expect(words).toHaveLength(24);
  expect(person.state.get()).toMatchObject({ kind: 'ready', hasPassphrase: false, wordsChecked: false });
  const keys = await person.accountKeys('server-1');
  await person[Symbol.asyncDispose]();
  await expect(person.accountKeys('server-1')).rejects.toMatchObject({ code: 'forbidden' });

  const again = await personOn(memoryPlatform({ disk: platform.disk }));
  expect(await again.words()).toEqual(words);
  expect((await again.accountKeys('server-1')).sign.publicKey).toEqual(keys.sign.publicKey);
  expect((await again.accountKeys('server-2')).sign.publicKey).not.toEqual(keys.sign.publicKey);
  await expect(again.create()).rejects.toMatchObject({ code: 'forbidden' });
});

test('words bring the same secret to another device, and say what is wrong with them', async () => {
  const first = await personOn(memoryPlatform());
  await first.create();
  const words = await first.words();
  const other = await personOn(memoryPlatform());
  expect(await other.enterWords(words.slice(1).join(' '))).toEqual({ ok: false, fault: { kind: 'count', words: 23 } });
  const strange = words.with(4, 'skerry').join(' ');
  expect(await other.enterWords(strange)).toEqual({ ok: false, fault: { kind: 'unknown_word', position: 5 } });
  const unsound = Array.from({ length: 24 }, () => 'abandon').join(' ');
  expect(await other.enterWords(unsound)).toEqual({ ok: false, fault: { kind: 'checksum' } });
  expect(other.state.get()).toEqual({ kind: 'none' });
  expect(await other.enterWords(`  ${words.join('  ').toUpperCase()} `)).toEqual({ ok: true });
  expect(other.state.get()).toMatchObject({ kind: 'ready', wordsChecked: true });
  const six = (person: Person) => (person.state.get() as { words: readonly string[] }).words;
  expect(six(other)).toEqual(six(first));
  expect(six(other)).toHaveLength(6);
});

test('that the words are written down is remembered once some of them were shown', async () => {
  const platform = memoryPlatform();
  const person = await personOn(platform);
  await person.create();
  const words = await person.words();
  expect(await person.checkWords([{ position: 3, word: 'zoo zoo' }])).toBe(false);
  expect(await person.checkWords([])).toBe(false);
  expect(person.forgetting().wordsChecked).toBe(false);
  const asked = [3, 24].map((position) => ({ position, word: ` ${words[position - 1]?.toUpperCase()} ` }));
  expect(await person.checkWords(asked)).toBe(true);
  const again = await personOn(memoryPlatform({ disk: platform.disk }));
  expect(again.forgetting().wordsChecked).toBe(true);
});

test('with a passphrase the secret is not on the disk, opens with it alone, and can be locked', async () => {
  const platform = memoryPlatform();
  const person = await personOn(platform);
  await person.create();
  const words = await person.words();
  const plain = (JSON.parse(platform.disk.secrets.get(nameOf(1)) ?? '') as { master: string }).master;
  await expect(person.lock()).rejects.toMatchObject({ code: 'forbidden' });
  await expect(person.setPassphrase('short')).rejects.toMatchObject({ code: 'bad_request' });
  await person.setPassphrase('correct horse battery');
  expect([...platform.disk.secrets.values()].join()).not.toContain(plain);

  const again = await personOn(memoryPlatform({ disk: platform.disk }));
  expect(again.state.get()).toEqual({ kind: 'locked', by: 'passphrase' });
  await expect(again.create()).rejects.toMatchObject({ code: 'forbidden' });
  expect(await again.unlock('wrong horse battery')).toBe(false);
  const shares: number[] = [];
  const stopped = again.unlock('correct horse battery', { signal: AbortSignal.abort(new Error('enough')) });
  await expect(stopped).rejects.toThrow('enough');
  expect(await again.unlock('correct horse battery', { onProgress: (share) => shares.push(share) })).toBe(true);
  expect(shares.length).toBeGreaterThan(2);
  expect(await again.words()).toEqual(words);
  await again.lock();
  expect(again.state.get()).toEqual({ kind: 'locked', by: 'passphrase' });
  await expect(again.words()).rejects.toMatchObject({ code: 'forbidden' });
  expect(await again.unlock('correct horse battery')).toBe(true);
  await again.removePassphrase();
  expect((await personOn(memoryPlatform({ disk: platform.disk }))).state.get()).toMatchObject({ kind: 'ready' });
}, 60_000);

test('a record that cannot be read is set aside and said, and a new one takes another place', async () => {
  const platform = memoryPlatform();
  platform.disk.secrets.set(nameOf(1), '{"version":1,"master":"short');
  const problems: StorageProblem[] = [];
  const person = await personOn(platform, problems);
  expect(problems).toEqual([{ where: 'vault', entryId: null, what: 'set_aside' }]);
  await person.create();
  expect(platform.disk.secrets.get(nameOf(1))).toBe('{"version":1,"master":"short');
  expect((await personOn(platform)).state.get()).toMatchObject({ kind: 'ready' });
});

test('T44: a vault that is locked is not empty: nothing is made in its place', async () => {
  const platform = memoryPlatform();
  await (await personOn(platform)).create();
  const before = new Map(platform.disk.secrets);
  platform.disk.locked = true;
  const person = await personOn(platform);
  expect(person.state.get()).toEqual({ kind: 'locked', by: 'device' });
  await expect(person.create()).rejects.toMatchObject({ code: 'forbidden' });
  expect(platform.disk.secrets).toEqual(before);
});

test('forgetting deletes it here; the words bring it back', async () => {
  const platform = memoryPlatform();
  const person = await personOn(platform);
  await person.create();
  const words = await person.words();
  await person.forget();
  expect(person.state.get()).toEqual({ kind: 'none' });
  expect(platform.disk.secrets.size).toBe(0);
  expect(await person.enterWords(words.join(' '))).toEqual({ ok: true });
});

test('what another device hands over counts only while linking, and once the words were compared', async () => {
  const old = await personOn(memoryPlatform());
  await old.create();
  await old.noteIndex('server-1', 2);
  const handed = await old.handOver();
  const person = await personOn(memoryPlatform());
  await person.offer('entry' as never, handed);
  expect(person.state.get()).toEqual({ kind: 'none' });
  await person.startLinking();
  await person.offer('entry' as never, handed);
  expect(person.state.get()).toMatchObject({ kind: 'offered', words: (old.state.get() as { words: unknown }).words });
  await expect(person.words()).rejects.toMatchObject({ code: 'forbidden' });
  await person.refuseOffered();
  expect(person.state.get()).toEqual({ kind: 'linking' });
  await expect(person.acceptOffered()).rejects.toMatchObject({ code: 'forbidden' });
  await person.offer('entry' as never, handed);
  await person.acceptOffered();
  expect(await person.words()).toEqual(await old.words());
  expect([person.indexOf('server-1'), person.handedServers]).toEqual([2, '[]']);
});
