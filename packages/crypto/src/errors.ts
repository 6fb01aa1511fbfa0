/**
 * What helps after a failure:
 * `drop` nothing is lost, forget the message; `reset` ask the other side for a new session; `ask` a person decides;
 * `change` the caller must give something else.
 */
export type Remedy = 'drop' | 'reset' | 'ask' | 'change';

type Row = { readonly remedy: Remedy; readonly sentence: string };

const ERRORS = {
  malformed: { remedy: 'drop', sentence: 'The bytes are not of the expected form.' },
  weak_key: { remedy: 'drop', sentence: 'The public key is not one that an honest device makes.' },
  signature_wrong: { remedy: 'drop', sentence: 'The signature does not belong to this key and content.' },
  not_authentic: { remedy: 'reset', sentence: 'The message was not made by this session, or was changed on its way.' },
  duplicate: { remedy: 'drop', sentence: 'The message was read before, or is too old to be read.' },
  too_far_ahead: { remedy: 'reset', sentence: 'More messages are missing than a session bridges.' },
  no_session: { remedy: 'reset', sentence: 'There is no session that could read or write this.' },
  prekey_missing: { remedy: 'reset', sentence: 'The message uses a prekey that this device no longer has.' },
  replayed: { remedy: 'drop', sentence: 'This first message was received before.' },
  identity_changed: { remedy: 'ask', sentence: 'The identity key of the other device is not the known one.' },
  downgrade: { remedy: 'ask', sentence: 'The other side offers no post-quantum key where one is required.' },
  no_identity: { remedy: 'change', sentence: 'This device has no identity of its own yet.' },
  phrase_wrong: { remedy: 'change', sentence: 'The recovery phrase is not right.' },
  expired: { remedy: 'change', sentence: 'The challenge is no longer valid.' },
  cannot_open: { remedy: 'change', sentence: 'The content was sealed with another key, or was changed.' },
} as const satisfies Record<string, Row>;

/** The closed list of what can go wrong in this package. */
export type CryptoErrorCode = keyof typeof ERRORS;

/** A failure of this package. Its message never holds a secret, nor anything that another side has sent. */
export class CryptoError extends Error {
  readonly code: CryptoErrorCode;
  /** With `identity_changed`: the key that came instead of the known one, for a person to judge. */
  readonly offered: Uint8Array | undefined;

  constructor(code: CryptoErrorCode, details: { cause?: unknown; offered?: Uint8Array } = {}) {
    super(ERRORS[code].sentence, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CryptoError';
    this.code = code;
    this.offered = details.offered;
  }

  get remedy(): Remedy {
    return ERRORS[this.code].remedy;
  }
}
