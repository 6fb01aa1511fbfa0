import { type ErrorCode, type ErrorDetails, SkerryError } from '@skerry/protocol';
import type { Cause, ConnectionState } from './views.ts';

/** Refused or failed on this device. Its sentence is ours, and may be shown as it stands; one of a server may not. */
export class LocalError extends SkerryError {
  constructor(code: ErrorCode, message: string, details: Omit<ErrorDetails, 'message'> = {}) {
    super(code, { ...details, message });
    this.name = 'LocalError';
  }
}

/** No usable answer came: the network, the way there, or something that does not speak as a Skerry server. */
export class ReachError extends LocalError {
  readonly reason: Cause;
  /** The HTTP status that came, if one did. */
  readonly answered: number | null;
  /** It pointed to another address, which was not followed. */
  readonly redirected: boolean;
  constructor(reason: Cause, details: { cause?: unknown; answered?: number; redirected?: boolean } = {}) {
    super('unavailable', SENTENCES[reason.kind], {
      cause: details.cause,
      ...(reason.kind === 'rateLimited' ? { retryAfterMs: reason.retryAfterMs } : {}),
    });
    this.name = 'ReachError';
    this.reason = reason;
    this.answered = details.answered ?? null;
    this.redirected = details.redirected ?? false;
  }
}

export type SignedOutWhy = Extract<ConnectionState, { kind: 'signedOut' }>['why'];

/** There is no sign-in to use here: none was made, or the server ended it, or the device keeps it locked. */
export class SignedOutError extends LocalError {
  readonly why: SignedOutWhy;
  constructor(why: SignedOutWhy) {
    super('unauthorized', 'You are not signed in to this server.');
    this.name = 'SignedOutError';
    this.why = why;
  }
}

export type SeenIdentity = { readonly serverId: string; readonly key: string; readonly words: readonly string[] };

/** The address answered with another key than the pinned one, or could not prove the key it named. Nothing secret was sent. */
export class IdentityError extends LocalError {
  readonly problem: 'badSignature' | 'otherKey';
  readonly seen: SeenIdentity;
  constructor(problem: IdentityError['problem'], seen: SeenIdentity) {
    super('unavailable', 'This server does not show the key that was remembered for it. Nothing was sent.');
    this.name = 'IdentityError';
    this.problem = problem;
    this.seen = seen;
  }
}

export class IncompatibleError extends SkerryError {
  readonly older: 'client' | 'server';
  constructor(older: 'client' | 'server') {
    super('incompatible');
    this.name = 'IncompatibleError';
    this.older = older;
  }
}

const SENTENCES: Record<Cause['kind'], string> = {
  unreachable: 'Nothing answers there.',
  timeout: 'The server did not answer in time.',
  notSkerry: 'What answered is not a Skerry server.',
  insecure: 'This page may not open connections that are not encrypted.',
  refusedOrigin: 'This server does not accept this app from the address it was opened at.',
  closed: 'The server ended the connection.',
  silent: 'The server went silent.',
  restarting: 'The server is restarting.',
  slow: 'The connection was too slow to keep up.',
  rateLimited: 'The server asks to wait a little.',
  protocol: 'The server sent something that makes no sense.',
  serverError: 'Something went wrong on the server.',
};
