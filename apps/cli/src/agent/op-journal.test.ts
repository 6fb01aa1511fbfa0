import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OpJournal } from './op-journal.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-ops-'));
afterAll(() => rmSync(top, { recursive: true }));
let number = 0;
const fresh = () => path.join(top, String(++number));
const plan = { local: 'aaaaaaaa', run: 'r' };
const yes = { v: 1, did: 'yes' } as const;

describe('what was done for calls', () => {
  it('is there after a death at any point: begun, done, or half written (M-15)', async () => {
    const file = fresh();
    const first = await OpJournal.open(file, () => 1);
    await first.begin('a', plan);
    await first.begin('b', plan);
    await first.finish('a', yes);
    // As a kill leaves it: nothing is closed, and a line is half there.
    appendFileSync(file, '{"op":"c","at":1,"pl');
    await using second = await OpJournal.open(file, () => 2);
    expect(second.find('a')).toMatchObject({ plan, reply: yes });
    expect(second.find('b')).toMatchObject({ plan, reply: null });
    expect(second.find('c')).toBeUndefined();
    await second.finish('b', yes);
    await using third = await OpJournal.open(file, () => 3);
    expect(third.find('b')).toMatchObject({ reply: yes });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await first[Symbol.asyncDispose]();
  });

  it('forgets what is a month old once it is large, and nothing younger', async () => {
    const file = fresh();
    const clock = { now: 0 };
    const first = await OpJournal.open(file, () => clock.now);
    await first.begin('old', plan);
    clock.now = 31 * 24 * 3_600_000;
    await first.begin('young', { local: 'x'.repeat(1_100_000), run: 'r' });
    await first[Symbol.asyncDispose]();
    await using second = await OpJournal.open(file, () => clock.now);
    expect(second.find('old')).toBeUndefined();
    expect(second.find('young')).toMatchObject({ reply: null });
  });
});
