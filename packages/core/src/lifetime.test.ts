import { expect, test } from 'vitest';
import { Lifetime } from './lifetime.ts';

test('aborts first, waits for what runs, undoes in reverse order, once, whatever fails', async () => {
  const log: string[] = [];
  const lifetime = new Lifetime();
  lifetime.signal.addEventListener('abort', () => log.push('aborted'));
  lifetime.add(() => log.push('first'));
  lifetime.add(() => {
    log.push('second');
    throw new Error('cannot end');
  });
  lifetime.run(
    new Promise((resolve) => lifetime.signal.addEventListener('abort', () => setImmediate(resolve))).then(() => {
      log.push('ran out');
      throw new Error('failed');
    }),
  );
  await Promise.all([lifetime[Symbol.asyncDispose](), lifetime[Symbol.asyncDispose]()]);
  expect(log).toEqual(['aborted', 'ran out', 'second', 'first']);
  lifetime.add(() => log.push('late'));
  expect(log.at(-1)).toBe('late');
});
