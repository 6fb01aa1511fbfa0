import { createHash } from 'node:crypto';
import type { RequestPermissionRequest } from '@agentclientprotocol/sdk';
import type { Subject } from './run-entry.ts';

/** What an agent asks permission for, without anything that is only there to be read. */
export function subjectOf({ toolCall }: RequestPermissionRequest): Subject & { kind: 'tool' } {
  const { title, kind, rawInput, content } = toolCall;
  return {
    kind: 'tool',
    title: title ?? '',
    tool: kind ?? 'other',
    input: rawInput ?? null,
    writes: (content ?? []).flatMap((part) =>
      part.type === 'diff' ? [{ path: part.path, before: part.oldText ?? null, after: part.newText }] : [],
    ),
  };
}

/** SHA-256 over the one way to write a subject: no two different subjects have the same digest. T18. */
export function digestOf(subject: Subject): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(subject)))
    .digest('base64url');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, part]) => [name, sorted(part)] as const);
  // A prototype of null: a field may have any name.
  return Object.assign(Object.create(null) as object, Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}
