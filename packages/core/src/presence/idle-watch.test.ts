import { expect, test } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { IDLE_MS, IdleWatch } from './idle-watch.ts';

test('five minutes after the last use, not after the first, the device counts as idle', async () => {
  const clock = new ManualClock();
  const watch = new IdleWatch(clock);
  await clock.advance(IDLE_MS - 1);
  watch.used();
  await clock.advance(IDLE_MS - 1);
  expect(watch.idle.get()).toBe(false);
  await clock.advance(1);
  expect(watch.idle.get()).toBe(true);
});

test('one use ends it at once, and the five minutes begin anew', async () => {
  const clock = new ManualClock();
  const watch = new IdleWatch(clock);
  const told: boolean[] = [];
  watch.idle.subscribe(() => told.push(watch.idle.get()));
  await clock.advance(IDLE_MS);
  watch.used();
  watch.used();
  await clock.advance(IDLE_MS - 1);
  expect(told).toEqual([true, false]);
  await clock.advance(1);
  expect(told).toEqual([true, false, true]);
});

test('nothing is told after its end', async () => {
  const clock = new ManualClock();
  const watch = new IdleWatch(clock);
  watch[Symbol.dispose]();
  await clock.advance(2 * IDLE_MS);
  expect(watch.idle.get()).toBe(false);
});
