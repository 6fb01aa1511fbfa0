import { LIMITS, safeName } from '@skerry/protocol';
import type { ServerEntry } from '../views.ts';

/** A name from a server, made fit to stand beside others: it cannot turn the line around or hide letters. Null when nothing is left. */
export function plainServerName(name: string): string | null {
  const plain = safeName(name).replace(/\s+/g, ' ').trim().slice(0, LIMITS.serverName);
  return plain === '' ? null : plain;
}

/** `host` or `host:port` of an origin. */
export function hostOf(origin: string): string {
  return origin.replace(/^https?:\/\//, '');
}

/** The person's own label, else what the server calls itself, else host:port. */
export function labelOf(entry: ServerEntry): string {
  return entry.label ?? entry.name ?? hostOf(entry.addresses[0]?.origin ?? '');
}
