import { expect, test } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { Turns } from './turns.ts';

/** A clock whose time passes while frames are read. */
function rig(costMs: number) {
  const clock = new ManualClock();
  const read: string[] = [];
  const overflowed: string[] = [];
  const turns = new Turns(clock);
  const lane = (name: string) =>
    turns.lane({
      handle: (text) => {
        read.push(`${name}${text}`);
        clock.jump(costMs);
      },
      overflow: () => overflowed.push(name),
    });
  return { clock, read, overflowed, lane };
}

test('an ordinary frame is read at once, without a timer', () => {
  const { read, lane } = rig(0);
  lane('a').push('1');
  expect(read).toEqual(['a1']);
});

test('T39: while one server floods, each frame of another waits for one of the flood only', async () => {
  const { clock, read, lane } = rig(1);
  const flood = lane('a');
  const quiet = lane('b');
  for (let n = 0; n < 1_000; n++) flood.push(`${n}`);
  expect(read.length).toBeLessThanOrEqual(9);
  quiet.push('1');
  quiet.push('2');
  const before = read.length;
  await clock.advance(100);
  expect(read.slice(before, before + 5)).toEqual([`a${before}`, 'b1', `a${before + 1}`, 'b2', `a${before + 2}`]);
});

test('T39: after eight milliseconds of reading the device gets to do other things', async () => {
  const { clock, read, lane } = rig(3);
  const flood = lane('a');
  for (let n = 0; n < 30; n++) flood.push(`${n}`);
  const counts = [read.length];
  for (let n = 0; n < 4; n++) {
    await clock.advance(8);
    counts.push(read.length);
  }
  expect(counts[0]).toBe(3);
  expect(Math.max(...counts.map((count, index) => count - (counts[index - 1] ?? 0)))).toBe(3);
  await clock.advance(1_000);
  expect(read).toEqual(Array.from({ length: 30 }, (_, n) => `a${n}`));
});

test('what one server makes this device keep unread is bounded, and only that server is cut off', async () => {
  const { overflowed, lane, read, clock } = rig(20);
  const flood = lane('a');
  const quiet = lane('b');
  flood.push('first');
  for (let n = 0; n < 20_010; n++) flood.push('x');
  expect(overflowed).toEqual(['a']);
  quiet.push('1');
  await clock.advance(1_000);
  expect(read).toEqual(['afirst', 'b1']);
});

test('the end of a socket is dealt with after everything that came before it', async () => {
  const { clock, read, lane } = rig(20);
  const one = lane('a');
  one.push('1');
  one.push('2');
  one.drained(() => read.push('end'));
  await clock.advance(1_000);
  expect(read).toEqual(['a1', 'a2', 'end']);
  one.drained(() => read.push('again'));
  expect(read.at(-1)).toBe('again');
});

test('a closed lane reads no more', async () => {
  const { clock, read, lane } = rig(20);
  const one = lane('a');
  one.push('1');
  one.push('2');
  one.close();
  one.push('3');
  await clock.advance(1_000);
  expect(read).toEqual(['a1']);
});
