import { expect, test } from 'vitest';
import { SkerryError } from './errors.ts';
import { refusalOf } from './refusal.ts';

test('a refusal has the code and the wait that the server told, and none of its words', () => {
  const told = new SkerryError('rate_limited', { message: 'told by the server', retryAfterMs: 1_500 });
  const read = refusalOf({ error: told.toBody() }, 429);
  expect([read.code, read.retryAfterMs]).toEqual(['rate_limited', 1_500]);
  expect(read.message).not.toContain('told by the server');
});

test.each([
  [null, 502, 'unavailable'],
  ['<html>', 404, 'bad_request'],
  [{ error: 'no' }, 500, 'unavailable'],
  [{ error: { code: 'something_newer' } }, 418, 'bad_request'],
  [{ error: { code: 'toString' } }, 400, 'bad_request'],
])('what names no code that is known counts by its status: %j with %i', (told, status, code) => {
  expect(refusalOf(told, status).code).toBe(code);
});

test('a wait that is no number is none', () => {
  expect(refusalOf({ error: { code: 'rate_limited', retryAfterMs: 'soon' } }, 429).retryAfterMs).toBeUndefined();
});
