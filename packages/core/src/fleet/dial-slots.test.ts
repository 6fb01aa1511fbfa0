import { expect, test } from 'vitest';
import { DialSlots } from './dial-slots.ts';

const never = new AbortController().signal;

test('the server the person looks at is dialled first, the others in order', async () => {
  const slots = new DialSlots(1);
  const order: string[] = [];
  const release = await slots.take(() => false, never);
  const take = (name: string, urgent: boolean): Promise<void> =>
    slots
      .take(() => urgent, never)
      .then((give) => {
        order.push(name);
        give();
      });
  const all = Promise.all([take('a', false), take('b', false), take('c', true)]);
  release();
  await all;
  expect(order).toEqual(['c', 'a', 'b']);
});

test('a place given back twice counts once', async () => {
  const slots = new DialSlots(1);
  const release = await slots.take(() => false, never);
  release();
  release();
  await slots.take(() => false, never);
  let got = false;
  void slots.take(() => false, never).then(() => (got = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(got).toBe(false);
});

test('who gives up waiting takes no place', async () => {
  const slots = new DialSlots(1);
  const release = await slots.take(() => false, never);
  const controller = new AbortController();
  const waiting = slots.take(() => false, controller.signal);
  controller.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  release();
  await expect(slots.take(() => false, never)).resolves.toBeTypeOf('function');
});
