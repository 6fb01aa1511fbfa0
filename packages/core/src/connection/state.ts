import { CLOSE, ERRORS, SkerryError } from '@skerry/protocol';
import { IdentityError, IncompatibleError, ReachError, SignedOutError, type SignedOutWhy } from '../errors.ts';
import { unreachable } from '../unreachable.ts';
import type { Cause, ConnectionState, SimpleState } from '../views.ts';

/** Why a try, or the connection it made, ended. `lost` may pass by itself; the others need somebody. */
export type End =
  | { readonly kind: 'lost'; readonly cause: Cause; readonly retryAfterMs: number | null }
  | { readonly kind: 'signedOut'; readonly why: SignedOutWhy }
  | { readonly kind: 'incompatible'; readonly older: 'client' | 'server' }
  | { readonly kind: 'identity'; readonly seenKey: string; readonly seenWords: readonly string[] };

/** What happens to a connection. Times are Unix milliseconds. */
export type StateEvent =
  | { readonly kind: 'enabled'; readonly at: number }
  | { readonly kind: 'disabled'; readonly at: number }
  /** Quiet without a reason of its own: another tab is the live one, or the client closes. */
  | { readonly kind: 'suspended'; readonly at: number }
  | { readonly kind: 'dialling'; readonly at: number; readonly attempt: number }
  | { readonly kind: 'proved'; readonly at: number; readonly attempt: number }
  | { readonly kind: 'welcomed'; readonly at: number }
  | { readonly kind: 'synced'; readonly at: number }
  | {
      readonly kind: 'ended';
      readonly at: number;
      readonly end: End;
      readonly attempt: number;
      readonly nextAt: number;
    }
  /** A wake-up moved the next try. */
  | { readonly kind: 'rescheduled'; readonly nextAt: number }
  /** The person signed in, or accepted a new key. */
  | { readonly kind: 'settled'; readonly at: number };

/**
 * The one function that moves a connection's state. A paused entry ignores whatever still arrives from its last socket,
 * and what only somebody can settle is left by nothing else.
 */
export function next(state: ConnectionState, event: StateEvent): ConnectionState {
  if (event.kind === 'disabled') return state.kind === 'disabled' ? state : { kind: 'disabled' };
  if (state.kind === 'disabled') return event.kind === 'enabled' ? { kind: 'offline', since: event.at } : state;
  switch (event.kind) {
    case 'enabled':
      return state;
    case 'suspended':
      return needsSomebody(state) || state.kind === 'offline' ? state : { kind: 'offline', since: event.at };
    case 'settled':
      return needsSomebody(state) ? { kind: 'offline', since: event.at } : state;
    case 'dialling':
      return isStopped(state) ? state : { kind: 'connecting', attempt: event.attempt, since: event.at };
    case 'proved':
      return state.kind === 'connecting' ? { kind: 'authenticating', attempt: event.attempt, since: event.at } : state;
    case 'welcomed':
      return state.kind === 'authenticating' ? { kind: 'syncing', since: event.at } : state;
    case 'synced':
      return state.kind === 'syncing' ? { kind: 'live', since: event.at } : state;
    case 'rescheduled':
      return state.kind === 'waiting' ? { ...state, nextAt: event.nextAt } : state;
    case 'ended':
      return afterEnd(state, event);
    default:
      return unreachable(event);
  }
}

function afterEnd(
  state: ConnectionState,
  { at, end, attempt, nextAt }: Extract<StateEvent, { kind: 'ended' }>,
): ConnectionState {
  switch (end.kind) {
    case 'lost':
      return isStopped(state) ? state : { kind: 'waiting', attempt, nextAt, cause: end.cause, since: at };
    case 'signedOut':
      // Another key is the graver news; and why one is signed out is told by what came first.
      if (
        state.kind === 'identityChanged' ||
        (state.kind === 'signedOut' && (state.why !== 'locked' || end.why === 'locked'))
      )
        return state;
      return { kind: 'signedOut', why: end.why, since: at };
    case 'incompatible':
      return state.kind === 'identityChanged' ? state : { kind: 'incompatible', older: end.older, since: at };
    case 'identity':
      if (state.kind === 'identityChanged' && state.seenKey === end.seenKey) return state;
      return { kind: 'identityChanged', seenKey: end.seenKey, seenWords: end.seenWords, since: at };
    default:
      return unreachable(end);
  }
}

/** Only the person, or a device that unlocks, gets it out of here. `incompatible` is looked at again from time to time. */
function needsSomebody(state: ConnectionState): boolean {
  return state.kind === 'signedOut' || state.kind === 'identityChanged' || state.kind === 'incompatible';
}

/** Dialling is not for these. A locked vault and an incompatible server are tried again, on a slow clock. */
function isStopped(state: ConnectionState): boolean {
  return state.kind === 'identityChanged' || (state.kind === 'signedOut' && state.why !== 'locked');
}

/** Whether a wake-up may lead to a try. */
export function mayTry(state: ConnectionState): boolean {
  return state.kind !== 'disabled' && !isStopped(state);
}

/** Maps any error of a try to how it ended. What nobody foresaw is a fault of that server's answers, tried again slowly. */
export function endOf(error: unknown): End {
  if (error instanceof IdentityError) return { kind: 'identity', seenKey: error.seen.key, seenWords: error.seen.words };
  if (error instanceof SignedOutError) return { kind: 'signedOut', why: error.why };
  if (error instanceof IncompatibleError) return { kind: 'incompatible', older: error.older };
  if (error instanceof ReachError) return lost(error.reason);
  if (error instanceof SkerryError) return endOfCode(error);
  return lost({ kind: 'protocol', what: 'something unforeseen' });
}

/** What a code means when it is the answer to connecting rather than to a command. */
function endOfCode(error: SkerryError): End {
  switch (error.code) {
    case 'session_revoked':
      return { kind: 'signedOut', why: 'revoked' };
    case 'unauthorized':
    case 'credentials_wrong':
      return { kind: 'signedOut', why: 'expired' };
    case 'forbidden':
      // The account may not come in any more.
      return { kind: 'signedOut', why: 'revoked' };
    case 'incompatible':
      return { kind: 'incompatible', older: 'client' };
    case 'origin_refused':
      return lost({ kind: 'refusedOrigin' });
    case 'rate_limited':
      return lost({ kind: 'rateLimited', retryAfterMs: error.retryAfterMs ?? 0 });
    case 'unavailable':
      return { kind: 'lost', cause: { kind: 'restarting' }, retryAfterMs: error.retryAfterMs ?? null };
    case 'internal':
    case 'disk_full':
      return { kind: 'lost', cause: { kind: 'serverError' }, retryAfterMs: error.retryAfterMs ?? null };
    case 'bad_request':
    case 'bad_frame':
    case 'token_in_url':
    case 'registration_closed':
    case 'invite_required':
    case 'not_found':
    case 'method_not_allowed':
    case 'id_conflict':
    case 'name_taken':
    case 'last_owner':
    case 'archived':
    case 'limit_reached':
    case 'code_invalid':
    case 'too_large':
    case 'challenge_invalid':
    case 'key_taken':
    case 'no_device':
    case 'list_refused':
    case 'devices_changed':
    case 'chain_conflict':
    case 'peer_without_keys':
    case 'direct_exists':
    case 'already_exists':
    case 'bot_missing':
    case 'bot_refused':
    case 'gone':
    case 'upstream_failed':
    case 'ask_closed':
    case 'machine_offline':
    case 'timed_out':
      return lost({ kind: 'protocol', what: ERRORS[error.code].sentence });
    default:
      return unreachable(error.code);
  }
}

export function lost(cause: Cause): End {
  return { kind: 'lost', cause, retryAfterMs: cause.kind === 'rateLimited' ? cause.retryAfterMs : null };
}

/** Trying again soon will hardly help: what answers is not what it should be. */
export function isHopeless(cause: Cause): boolean {
  switch (cause.kind) {
    case 'protocol':
    case 'refusedOrigin':
    case 'insecure':
    case 'notSkerry':
      return true;
    case 'closed':
      // Another socket of this sign-in took the place: coming back at once would only throw that one out in turn.
      return cause.code === CLOSE.replaced;
    case 'unreachable':
    case 'timeout':
    case 'silent':
    case 'restarting':
    case 'slow':
    case 'rateLimited':
    case 'serverError':
      return false;
    default:
      return unreachable(cause);
  }
}

/** What a peer with three words would call it. */
export function simpleState(state: ConnectionState): SimpleState {
  switch (state.kind) {
    case 'live':
      return 'connected';
    case 'offline':
    case 'connecting':
    case 'authenticating':
    case 'syncing':
      return 'connecting';
    case 'disabled':
    case 'waiting':
    case 'signedOut':
    case 'incompatible':
    case 'identityChanged':
      return 'error';
    default:
      return unreachable(state);
  }
}
