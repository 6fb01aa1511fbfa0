import { type Route, SkerryError } from '@skerry/protocol';

/** What a failed schema says of itself. */
type Failure = Extract<ReturnType<Route['params']['safeParse']>, { success: false }>['error'];

export const NOT_JSON = 'The body must be JSON, with content-type application/json.';

/** @returns undefined for an error that nobody foresaw */
export function knownError(error: unknown): SkerryError | undefined {
  if (error instanceof SkerryError) return error;
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new SkerryError('too_large');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new SkerryError('bad_request', { message: NOT_JSON });
    default:
      // What the HTTP library refuses by itself is always the request's fault when its status says so.
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new SkerryError('bad_request')
        : undefined;
  }
}

/** The first thing a schema did not like, by its place alone: the value is never repeated. */
export function invalidInput(failure: Failure): SkerryError {
  const issue = failure.issues[0];
  if (issue === undefined) return new SkerryError('bad_request');
  const place = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const field = [place, issue.keys[0] ?? '']
      .filter((part) => part !== '')
      .join('.')
      .slice(0, 80);
    return new SkerryError('bad_request', { message: 'A field is not known.', field });
  }
  if (place === '') return new SkerryError('bad_request');
  return new SkerryError('bad_request', { message: 'A field is missing or not valid.', field: place.slice(0, 80) });
}
