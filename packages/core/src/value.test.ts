import { expect, test, vi } from 'vitest';
import { derived, followed, Value, waitFor } from './value.ts';

test('tells after the change, once per change, and not for the same value', () => {
  const value = new Value(1);
  const seen: number[] = [];
  const end = value.subscribe(() => seen.push(value.get()));
  value.set(2);
  value.set(2);
  value.update((n) => n + 1);
  end();
  value.set(9);
  expect(seen).toEqual([2, 3]);
});

test('who left is not told any more, even while others are being told', () => {
  const value = new Value(1);
  const seen: string[] = [];
  value.subscribe(() => {
    seen.push('first');
    leave();
  });
  const leave = value.subscribe(() => seen.push('second'));
  value.set(2);
  expect(seen).toEqual(['first']);
});

test('a derived value is computed when something changed, and is the same object until then', () => {
  const a = new Value(1);
  const b = new Value(10);
  const compute = vi.fn((x: number, y: number) => ({ sum: x + y }));
  const sum = derived([a, b], compute);
  expect(sum.get()).toBe(sum.get());
  b.set(20);
  expect(sum.get()).toEqual({ sum: 21 });
  expect(compute).toHaveBeenCalledTimes(2);
});

test('following goes over to the new source and leaves the old one', () => {
  const one = new Value('one');
  const two = new Value('two');
  const which = new Value(one);
  const current = followed(which, (value) => value);
  const seen: string[] = [];
  const end = current.subscribe(() => seen.push(current.get()));
  which.set(two);
  one.set('unheard');
  two.set('heard');
  end();
  two.set('after');
  expect(seen).toEqual(['two', 'heard']);
});

test('waiting resolves with what is wanted, at once if it is there, and ends with its signal', async () => {
  const value = new Value(0);
  const later = waitFor(value, (n) => n > 1);
  value.set(1);
  value.set(2);
  expect(await later).toBe(2);
  expect(await waitFor(value, (n) => n === 2)).toBe(2);
  const controller = new AbortController();
  const never = waitFor(value, (n) => n === 99, controller.signal);
  controller.abort(new Error('enough'));
  await expect(never).rejects.toThrow('enough');
});
