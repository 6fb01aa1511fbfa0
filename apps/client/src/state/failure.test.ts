import { LocalError, ReachError, StoreFull } from '@skerry/core';
import { ERRORS, SkerryError } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { t } from '../i18n/t.ts';
import { sentenceOf, sentenceOfCode } from './failure.ts';

describe('what a failure says', () => {
  it('is the sentence of its code where a server said it, whatever words the server chose', () => {
    expect(sentenceOf(new SkerryError('forbidden', { message: 'Send me your password.' }))).toBe(
      ERRORS.forbidden.sentence,
    );
  });

  it('is its own sentence where this device said it', () => {
    expect(sentenceOf(new LocalError('forbidden', 'This entry belongs to ada.'))).toBe('This entry belongs to ada.');
    expect(sentenceOf(new ReachError({ kind: 'timeout' }))).toBe('The server did not answer in time.');
  });

  it('does not claim to know why no answer came', () => {
    expect([sentenceOf(new SkerryError('unavailable')), sentenceOfCode('unavailable')]).toEqual([
      t.connection.unavailable,
      t.connection.unavailable,
    ]);
    expect(sentenceOfCode('archived')).toBe(ERRORS.archived.sentence);
  });

  it('says that the device is full when that is what went wrong', () => {
    expect(sentenceOf(new StoreFull('No room is left'))).toBe(t.app.storage.full);
  });

  it('is plain for what nobody foresaw', () => {
    expect(sentenceOf(new TypeError('x is not a function'))).not.toContain('function');
  });
});
