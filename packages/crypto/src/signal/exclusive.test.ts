import { describe, expect, test } from 'vitest';
import type { Exclusive } from '../ports.ts';
import { createQueues, createTabLocks } from './exclusive.ts';
import type { Locks } from './exclusive.ts';

/** Web Locks as the standard has them, as far as they are used: one holder of a name at a time, in order. */
function createLocks(): Locks & { names: string[] } {
  const queues = createQueues();
  const names: string[] = [];
  return {
    names,
    request(name, work) {
      names.push(name);
      return queues.run(name, work);
    },
  };
}

describe.each<[string, () => Exclusive]>([
  ['queues', createQueues],
  ['locks over tabs', () => createTabLocks(createLocks(), 'entry')],
])('%s', (_, make) => {
  test('work under one name never overlaps, and goes in the order it came', async () => {
    const exclusive = make();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
    };
    await Promise.all(['a', 'b', 'c'].map((name) => exclusive.run('one', work(name))));
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('work under other names does not wait', async () => {
    const exclusive = make();
    let release: () => void = () => undefined;
    const held = exclusive.run('one', () => new Promise<void>((resolve) => (release = resolve)));
    expect(await exclusive.run('other', async () => 'done')).toBe('done');
    release();
    await held;
  });

  test('a failure reaches its own caller and stops nobody else', async () => {
    const exclusive = make();
    const failing = exclusive.run('one', () => Promise.reject(new Error('mine')));
    const next = exclusive.run('one', async () => 'next');
    await expect(failing).rejects.toThrow('mine');
    expect(await next).toBe('next');
  });
});

test('two entries in one browser never share the name of a lock', async () => {
  const locks = createLocks();
  await createTabLocks(locks, 'entry-1').run('session/1.a', async () => undefined);
  await createTabLocks(locks, 'entry-2').run('session/1.a', async () => undefined);
  expect(locks.names).toEqual(['entry-1/session/1.a', 'entry-2/session/1.a']);
});
