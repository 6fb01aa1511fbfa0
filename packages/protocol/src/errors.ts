/**
 * What the client may do about a failure:
 * `no` repeating it unchanged fails again; `later` the same bytes may pass later; `auth` sign in or refresh first;
 * `change` the person or program must send something else.
 */
export type Retry = 'no' | 'later' | 'auth' | 'change';

type ErrorRow = { readonly status: number; readonly retry: Retry; readonly sentence: string };

/** The closed list of error codes. A code is never reused for another meaning. SPEC P-7. */
export const ERRORS = {
  bad_request: { status: 400, retry: 'change', sentence: 'The request is not well formed.' },
  bad_frame: { status: 400, retry: 'change', sentence: 'The server does not know this kind of frame.' },
  token_in_url: { status: 400, retry: 'change', sentence: 'A token must not be part of an address.' },
  unauthorized: { status: 401, retry: 'auth', sentence: 'You are not signed in, or your sign-in has expired.' },
  credentials_wrong: { status: 401, retry: 'change', sentence: 'The name or the password is not right.' },
  challenge_invalid: { status: 401, retry: 'change', sentence: 'This sign-in took too long or was used before.' },
  session_revoked: { status: 401, retry: 'auth', sentence: 'This sign-in has been ended.' },
  forbidden: { status: 403, retry: 'no', sentence: 'Your role does not allow this.' },
  origin_refused: { status: 403, retry: 'no', sentence: 'This server does not accept pages from that address.' },
  registration_closed: { status: 403, retry: 'change', sentence: 'This server takes no new accounts.' },
  invite_required: { status: 403, retry: 'change', sentence: 'This server needs an invite to make an account.' },
  not_found: { status: 404, retry: 'no', sentence: 'It does not exist, or you may not see it.' },
  method_not_allowed: { status: 405, retry: 'no', sentence: 'This address does not take that method.' },
  id_conflict: { status: 409, retry: 'no', sentence: 'This id was already used for something else.' },
  name_taken: { status: 409, retry: 'change', sentence: 'This name is already taken.' },
  last_owner: { status: 409, retry: 'change', sentence: 'A server needs at least one owner.' },
  key_taken: {
    status: 409,
    retry: 'change',
    sentence: 'This account already has a key, or the key belongs to another.',
  },
  no_device: { status: 409, retry: 'change', sentence: 'This device is not on the list of devices you have signed.' },
  list_refused: { status: 409, retry: 'change', sentence: 'This list of devices does not follow the one before it.' },
  devices_changed: { status: 409, retry: 'change', sentence: 'Somebody has other devices now. Encrypt it again.' },
  chain_conflict: { status: 409, retry: 'change', sentence: 'The group has changed meanwhile. Look again.' },
  peer_without_keys: {
    status: 409,
    retry: 'no',
    sentence: 'This person has no keys yet, so nothing can be encrypted.',
  },
  direct_exists: { status: 409, retry: 'no', sentence: 'There already is a conversation between you two.' },
  archived: { status: 409, retry: 'no', sentence: 'This channel is archived and takes no changes.' },
  limit_reached: { status: 409, retry: 'no', sentence: 'A limit of this server has been reached.' },
  already_exists: { status: 409, retry: 'no', sentence: 'This is there already.' },
  bot_missing: { status: 409, retry: 'change', sentence: 'This needs a bot that Discord knows, in that guild.' },
  bot_refused: { status: 422, retry: 'change', sentence: 'Discord does not take this as the token of a bot.' },
  ask_closed: { status: 409, retry: 'no', sentence: 'This was answered, cancelled or has expired already.' },
  machine_offline: { status: 409, retry: 'later', sentence: 'This machine is not connected now.' },
  code_invalid: { status: 410, retry: 'change', sentence: 'This code is wrong, used up or expired.' },
  gone: { status: 410, retry: 'change', sentence: 'This address is no longer used.' },
  too_large: { status: 413, retry: 'change', sentence: 'This is larger than the server accepts.' },
  incompatible: { status: 426, retry: 'no', sentence: 'This client and this server speak no common version.' },
  rate_limited: { status: 429, retry: 'later', sentence: 'Too many tries. Wait a little.' },
  internal: { status: 500, retry: 'later', sentence: 'Something went wrong on the server.' },
  upstream_failed: { status: 502, retry: 'later', sentence: 'A service this depends on did not answer as it should.' },
  unavailable: { status: 503, retry: 'later', sentence: 'The server is stopping or starting. Try again soon.' },
  timed_out: { status: 504, retry: 'later', sentence: 'No answer came in time.' },
  disk_full: {
    status: 507,
    retry: 'later',
    sentence: 'The server has no room left to save anything. Reading still works.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

export type ErrorBody = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry: Retry;
  /** Wait at least this long before the next try, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The input field the failure is about, where there is one. */
  readonly field?: string | undefined;
};

export type ErrorDetails = { message?: string; field?: string; retryAfterMs?: number; cause?: unknown };

/** A failure either side can name. Carries nothing that may not be shown to the person. */
export class SkerryError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? ERRORS[code].sentence, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SkerryError';
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
  }

  get retry(): Retry {
    return ERRORS[this.code].retry;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      retry: this.retry,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.field === undefined ? {} : { field: this.field }),
    };
  }

  static fromBody(body: ErrorBody): SkerryError {
    const details: ErrorDetails = { message: body.message };
    if (body.field !== undefined) details.field = body.field;
    if (body.retryAfterMs !== undefined) details.retryAfterMs = body.retryAfterMs;
    return new SkerryError(body.code, details);
  }
}
