import { describe, expect, it } from 'vitest';
import { SlowWork } from './slow-work.svelte.ts';

describe('work that takes seconds', () => {
  it('says how far it is, of one whole or of so many bytes, and nothing before it knows', async () => {
    const work = new SlowWork();
    const shares: (number | undefined)[] = [];
    const result = await work.do(async ({ onProgress }) => {
      shares.push(work.share);
      onProgress(0.25);
      shares.push(work.share);
      onProgress(300, 1200);
      shares.push(work.share);
      onProgress(300, null);
      shares.push(work.share);
      expect(work.isRunning).toBe(true);
      return 'done';
    });
    expect([result, shares, work.isRunning]).toEqual(['done', [undefined, 0.25, 0.25, undefined], false]);
  });

  it('is stopped without an error, and other errors are not swallowed', async () => {
    const work = new SlowWork();
    const stopped = work.do(
      ({ signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stop')))),
    );
    work.stop();
    expect([await stopped, work.isRunning]).toEqual([undefined, false]);
    await expect(work.do(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(work.isRunning).toBe(false);
  });

  it('does one thing at a time', async () => {
    const work = new SlowWork();
    let finish: (value: string) => void = () => undefined;
    const first = work.do(() => new Promise<string>((resolve) => (finish = resolve)));
    expect(await work.do(() => Promise.resolve('second'))).toBeUndefined();
    finish('first');
    expect(await first).toBe('first');
  });
});
