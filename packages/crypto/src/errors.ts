/**
 * What helps after a failure:
 * `drop` nothing is lost, forget the message; `reset` ask the other side for a new session; `ask` a person decides;
 * `change` the caller must give something else.
 */
export type Remedy = 'drop' | 'reset' | 'ask' | 'change';

const REMEDIES = {
  /** The bytes are not of the expected form. */
  malformed: 'drop',
  /** The public key is not one that an honest device makes. */
  weak_key: 'drop',
  /** The signature does not belong to this key and content. */
  signature_wrong: 'drop',
  /** The message was not made by this session, or was changed on its way. */
  not_authentic: 'reset',
  /** The message was read before, or is too old to be read. */
  duplicate: 'drop',
  /** More messages are missing than a session bridges. */
  too_far_ahead: 'reset',
  /** There is no session that could read or write this. */
  no_session: 'reset',
  /** The message uses a prekey that this device no longer has. */
  prekey_missing: 'reset',
  /** This first message was received before. */
  replayed: 'drop',
  /** The identity key of the other device is not the known one. */
  identity_changed: 'ask',
  /** The other side offers no post-quantum key where one is required. */
  downgrade: 'ask',
  /** This device has no identity of its own yet. */
  no_identity: 'change',
  /** The recovery phrase is not right. */
  phrase_wrong: 'change',
  /** The passphrase is not the one that this was sealed with. */
  passphrase_wrong: 'change',
  /** There is more of it than this package takes. */
  too_large: 'change',
  /** The challenge is no longer valid. */
  expired: 'change',
  /** The content was sealed with another key, or was changed. */
  cannot_open: 'change',
} as const satisfies Record<string, Remedy>;

/** The closed list of what can go wrong in this package. */
export type CryptoErrorCode = keyof typeof REMEDIES;

/** A failure of this package. Its message is its code: no secret, nor anything that another side has sent. */
export class CryptoError extends Error {
  readonly code: CryptoErrorCode;
  /** With `identity_changed`: the key that came instead of the known one, for a person to judge. */
  readonly offered: Uint8Array | undefined;

  constructor(code: CryptoErrorCode, details: { cause?: unknown; offered?: Uint8Array } = {}) {
    super(code, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CryptoError';
    this.code = code;
    this.offered = details.offered;
  }

  get remedy(): Remedy {
    return REMEDIES[this.code];
  }
}
