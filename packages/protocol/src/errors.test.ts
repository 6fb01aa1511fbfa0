import { expect, test } from 'vitest';
import { ERROR_CODES, ERRORS, SkerryError } from './errors.ts';
import { errorBody } from './frames.ts';

test('P-7: every code has a sentence, a status and what to do, and its body passes its own schema', () => {
  for (const code of ERROR_CODES) {
    expect(ERRORS[code].sentence, code).toMatch(/^[A-Z].*\.$/);
    const error = new SkerryError(code, { field: 'name', retryAfterMs: 5 });
    expect(errorBody.parse(error.toBody()), code).toEqual(error.toBody());
    expect(SkerryError.fromBody(error.toBody()).toBody(), code).toEqual(error.toBody());
  }
});

test('a cause stays on this side', () => {
  expect(JSON.stringify(new SkerryError('internal', { cause: new Error('secret') }).toBody())).not.toContain('secret');
});
