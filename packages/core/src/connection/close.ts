import { CLOSE, type SkerryError } from '@skerry/protocol';
import type { TransportEnd } from '../platform.ts';
import { type End, endOf, lost } from './state.ts';

export type Known = {
  /** The failure the server named right before. */
  readonly said: SkerryError | undefined;
  /** The pinned server itself was at the other end. */
  readonly proved: boolean;
};

/** 1006: the socket broke off without a close. */
const BROKE_OFF = 1006;

/**
 * What the end of a socket means. SPEC P-8.
 * @param closed null while the socket is still open and only what was said ends it
 */
export function endOfClose(closed: TransportEnd | null, { said, proved }: Known): End | 'tokenRefused' {
  if (closed?.code === CLOSE.auth || said?.code === 'unauthorized' || said?.code === 'session_revoked')
    return 'tokenRefused';
  if (said !== undefined && closed?.code !== BROKE_OFF) return endOf(said);
  switch (closed?.code) {
    case CLOSE.protocol:
      return lost({ kind: 'protocol', what: 'the server could not read what was sent' });
    case CLOSE.forbidden:
      return proved ? { kind: 'signedOut', why: 'revoked' } : lost({ kind: 'refusedOrigin' });
    case CLOSE.helloLate:
      return lost({ kind: 'timeout' });
    case CLOSE.tooLarge:
      return lost({ kind: 'protocol', what: 'a frame was too large' });
    case CLOSE.slow:
      return lost({ kind: 'slow' });
    case CLOSE.restarting:
      return { kind: 'lost', cause: { kind: 'restarting' }, retryAfterMs: waitOf(closed.reason) };
    case 1001:
    case 1012:
      return lost({ kind: 'restarting' });
    case undefined:
      return lost({ kind: 'protocol', what: 'an unexplained failure' });
    default:
      return lost(closed?.opened === true ? { kind: 'closed', code: closed.code } : { kind: 'unreachable' });
  }
}

/** A server that restarts may say, as the reason of the close, how many milliseconds to stay away. */
function waitOf(reason: string): number | null {
  return /^\d{1,9}$/.test(reason) ? Number(reason) : null;
}
