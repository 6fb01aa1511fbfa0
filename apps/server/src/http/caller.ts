import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopbackHost } from '@skerry/protocol';

/** The few parts of a request that say where it came from. */
type Arrival = Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string | undefined } };

/**
 * The address a request counts for. With a trusted proxy in front it is the last one of X-Forwarded-For: the one that
 * the proxy itself added, which the caller cannot write.
 */
export function callerAddress(request: Arrival, trustProxy: boolean): string {
  const peer = request.socket.remoteAddress ?? 'unknown';
  if (!trustProxy) return peer;
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)?.trim() ?? '';
  return isIP(forwarded) === 0 ? peer : forwarded;
}

/** Whether the caller is a program on this very machine, with no proxy in between. */
export function isLocalCaller(request: Arrival): boolean {
  const { headers, socket } = request;
  if (
    headers['x-forwarded-for'] !== undefined ||
    headers['forwarded'] !== undefined ||
    headers['x-real-ip'] !== undefined
  )
    return false;
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
  return peer === '::1' || isLoopbackHost(peer);
}
