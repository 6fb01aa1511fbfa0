import { ERROR_CODES, SkerryError } from './errors.ts';

/**
 * What a server refused with, for programs that ask it over HTTP. Its own words are not passed on: they are shown to nobody.
 * @param told the body of the answer, as parsed
 * @param status of an answer that says no; without a code of ours something on the way answered
 */
export function refusalOf(told: unknown, status: number): SkerryError {
  const { error } = (typeof told === 'object' && told !== null ? told : {}) as { error?: unknown };
  const { code, retryAfterMs } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const known = ERROR_CODES.find((one) => one === code);
  if (known === undefined) return new SkerryError(status >= 500 ? 'unavailable' : 'bad_request');
  return new SkerryError(known, typeof retryAfterMs === 'number' ? { retryAfterMs } : {});
}
