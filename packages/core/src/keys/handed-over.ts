import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import * as z from 'zod/mini';
import { MOST_INDEX } from '../identity/person-record.ts';
import type { HandedOver } from '../identity/person.ts';

const content = z.object({
  master: z.string().check(z.maxLength(64)),
  indexes: z.record(z.string().check(z.maxLength(64)), z.number().check(z.int(), z.minimum(0), z.maximum(MOST_INDEX))),
  servers: z.string().check(z.maxLength(20_000)),
});

/** What goes to an own device that was approved, as content of an encrypted note. */
export function writeHandedOver({ master, indexes, servers }: HandedOver): z.infer<typeof content> {
  return { master: toBase64Url(master), indexes: { ...indexes }, servers };
}

/** Undefined for anything else. */
export function readHandedOver(value: unknown): HandedOver | undefined {
  const read = content.safeParse(value);
  const master = read.success ? fromBase64Url(read.data.master) : undefined;
  if (!read.success || master?.length !== 32) return undefined;
  return { master, indexes: read.data.indexes, servers: read.data.servers };
}
