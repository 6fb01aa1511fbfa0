import { unreachable } from '../unreachable.ts';
import type { ConnectionState } from '../views.ts';
import type { LinkState } from './face.ts';
import type { Standing } from './person-list.ts';

/** What a machine's link is, of its connection and of what the person's list says. What is for good comes first. */
export function linkState(connection: ConnectionState, standing: Standing, isSupported: boolean): LinkState {
  if (standing.kind === 'removed') return REVOKED;
  switch (connection.kind) {
    case 'signedOut':
      return REVOKED;
    case 'identityChanged':
      return { kind: 'refused', why: 'identity', list: null };
    case 'incompatible':
      return { kind: 'refused', why: 'incompatible', list: null };
    default:
  }
  if (standing.kind === 'refused') return { kind: 'refused', why: 'list', list: standing.list };
  if (!isSupported) return { kind: 'refused', why: 'unsupported', list: null };
  switch (connection.kind) {
    case 'waiting':
      return { kind: 'waiting', nextAt: connection.nextAt, cause: connection.cause };
    case 'live':
      return standing.kind === 'listed' ? LIVE : standing.kind === 'unlisted' ? UNLISTED : CONNECTING;
    case 'disabled':
    case 'offline':
    case 'connecting':
    case 'authenticating':
    case 'syncing':
      return CONNECTING;
    default:
      return unreachable(connection);
  }
}

const LIVE: LinkState = { kind: 'live' };
const UNLISTED: LinkState = { kind: 'unlisted' };
const REVOKED: LinkState = { kind: 'revoked' };
const CONNECTING: LinkState = { kind: 'connecting' };
