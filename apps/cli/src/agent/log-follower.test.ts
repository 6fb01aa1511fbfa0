import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LogFollower } from './log-follower.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-follow-'));
afterAll(() => rmSync(top, { recursive: true }));
const line = (n: number, text = '') => `${JSON.stringify({ n, entry: { kind: 'prompt', text } })}\n`;

describe('a log that is followed', () => {
  it('gives each line once it is whole, also one that is longer than any part, and one that was cut off and written anew', async () => {
    const file = path.join(top, 'log.jsonl');
    const follower = new LogFollower(file);
    const numbers = async () => (await follower.next()).map(({ n }) => n);
    expect(await numbers()).toEqual([]);
    writeFileSync(file, line(1) + line(2, 'x'.repeat(1_000_000)) + line(3));
    expect(await numbers()).toEqual([1, 2, 3]);
    const whole = follower.bytes;
    appendFileSync(file, line(4, 'a half').slice(0, -10));
    expect(await numbers()).toEqual([]);
    // Its writer died, and whoever opened the log next took the half line away.
    truncateSync(file, whole);
    appendFileSync(file, line(4, 'something that is longer than the half was') + line(5));
    expect(await numbers()).toEqual([4, 5]);
    expect(await numbers()).toEqual([]);
  });
});
