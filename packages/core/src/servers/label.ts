import { LIMITS } from '@skerry/protocol';
import type { ServerEntry } from '../views.ts';

const UNSAFE =
  // eslint-disable-next-line no-control-regex -- naming control characters is the purpose
  /[\u0000-\u001f\u007f-\u009f\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u2069\u2800\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/gu;

/** A name from a server, made fit to stand beside others: it cannot turn the line around or hide letters. Null when nothing is left. */
export function plainServerName(name: string): string | null {
  const plain = name.replace(UNSAFE, '').replace(/\s+/g, ' ').trim().slice(0, LIMITS.serverName);
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
