import { accountId, LIMITS, origin, publicKey, serverId, username } from '@skerry/protocol';
import * as z from 'zod/mini';
import type { EntryId, ServerEntry } from '../views.ts';

const time = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));
const text = (max: number) => z.string().check(z.maxLength(max));

export const MOST_ENTRIES = 500;
const MOST_ADDRESSES = 16;
export const MOST_REMOVING = 500;

const entryId = z.uuid() as unknown as z.ZodMiniType<EntryId, string>;
const address = z.object({ origin, note: z.nullable(text(80)) });

const record = z.object({
  id: entryId,
  serverId,
  key: publicKey,
  words: z.array(text(16)).check(z.maxLength(6)),
  addresses: z.array(address).check(z.minLength(1), z.maxLength(MOST_ADDRESSES)),
  account: z.nullable(z.object({ id: accountId, username, displayName: text(LIMITS.displayName) })),
  label: z.nullable(text(LIMITS.serverName)),
  color: z.nullable(z.number().check(z.int(), z.minimum(0), z.maximum(7))),
  muted: z.boolean(),
  mutedUntil: z.optional(z.nullable(time)),
  enabled: z.boolean(),
  name: z.nullable(text(LIMITS.serverName)),
  iconUrl: z.nullable(text(2_048)),
  addedAt: time,
  lastLiveAt: z.nullable(time),
});

/** The list as it is stored. The order of the entries is the person's. */
export const registryFile = z.object({
  version: z.literal(1),
  entries: z.array(z.unknown()).check(z.maxLength(MOST_ENTRIES)),
  primary: z.nullable(entryId),
  /** Missing in lists that were written before a removal could be left half done: then nothing is. */
  removing: z._default(z.array(entryId).check(z.maxLength(MOST_REMOVING)), []),
});
export type RegistryFile = {
  readonly version: 1;
  readonly entries: readonly ServerEntry[];
  readonly primary: EntryId | null;
  /** Removed by the person; what is stored of them may not be gone yet. */
  readonly removing: readonly EntryId[];
};

/** An entry as it was stored; undefined for anything else. */
export function readEntry(value: unknown): ServerEntry | undefined {
  const read = record.safeParse(value);
  return read.success ? read.data : undefined;
}

/** No entry is longer than this. */
const MOST_LETTERS = 20_000;

/** Finds whole entries in a text that is no JSON any more, such as a file that was cut off while being written. */
export function salvageEntries(text: string): readonly ServerEntry[] {
  const found: ServerEntry[] = [];
  let at = text.indexOf('{');
  while (at >= 0 && found.length < MOST_ENTRIES) {
    const end = endOfObject(text, at);
    const entry = end === undefined ? undefined : readEntry(parse(text.slice(at, end)));
    if (entry !== undefined) found.push(entry);
    at = text.indexOf('{', entry === undefined ? at + 1 : end);
  }
  return found;
}

/** Index after the brace that closes the one at `from`; braces inside of strings do not count. */
function endOfObject(text: string, from: number): number | undefined {
  let depth = 0;
  let inText = false;
  const last = Math.min(text.length, from + MOST_LETTERS);
  for (let at = from; at < last; at++) {
    const letter = text[at];
    if (inText) {
      if (letter === '\\') at++;
      else if (letter === '"') inText = false;
    } else if (letter === '"') inText = true;
    else if (letter === '{') depth++;
    else if (letter === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
