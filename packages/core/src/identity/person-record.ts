import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import * as z from 'zod/mini';
import type { VaultStore } from '../stores/stores.ts';
import { PERSON, slotOf } from './person-slot.ts';

/** So many may have been set aside. */
const SLOTS = 8;
/** Servers whose index is remembered; the others are found by their lists. */
const MOST_INDEXES = 500;
/** Moves of one account's key by "revoke as stolen". */
export const MOST_INDEX = 10_000;

const bytes = z.string().check(z.maxLength(2_048), z.regex(/^[A-Za-z0-9_-]+$/));
const record = z.object({
  version: z.literal(1),
  /** The master secret itself, where no passphrase is set: the vault seals it. */
  master: z.nullable(bytes),
  /** Sealed with the passphrase besides. */
  sealed: z.nullable(bytes),
  words: z.array(z.string().check(z.maxLength(16))).check(z.maxLength(6)),
  checked: z.boolean(),
  indexes: z.record(z.string().check(z.maxLength(64)), z.number().check(z.int(), z.minimum(0), z.maximum(MOST_INDEX))),
});

export type PersonRecord = {
  readonly secret:
    | { readonly kind: 'plain'; readonly master: Uint8Array }
    | { readonly kind: 'passphrase'; readonly sealed: Uint8Array };
  /** Six, not secret. */
  readonly words: readonly string[];
  readonly checked: boolean;
  /** By server id: which of the person's account keys there is the present one, where it isn't the first. */
  readonly indexes: Readonly<Record<string, number>>;
};

/** `slot` is where it is kept, or where the next one goes. */
export type PersonFound =
  | { readonly kind: 'absent'; readonly slot: string; readonly broken: boolean }
  | { readonly kind: 'locked' }
  | { readonly kind: 'found'; readonly slot: string; readonly record: PersonRecord; readonly broken: boolean };

/** Finds the newest record that can be read. Those that can't stay as they are; `broken` says that there are some. */
export async function findPerson(vault: VaultStore): Promise<PersonFound> {
  for (let place = 1; place <= SLOTS; place++) {
    const slot = slotOf(place);
    const stored = await vault.get(PERSON, slot);
    const broken = place > 1;
    if (stored.kind === 'locked') return { kind: 'locked' };
    if (stored.kind === 'absent') return { kind: 'absent', slot, broken };
    const read = stored.kind === 'secret' ? readPerson(stored.value) : undefined;
    if (read !== undefined) return { kind: 'found', slot, record: read, broken };
  }
  return { kind: 'locked' };
}

export function writePerson({ secret, words, checked, indexes }: PersonRecord): string {
  return JSON.stringify({
    version: 1,
    master: secret.kind === 'plain' ? toBase64Url(secret.master) : null,
    sealed: secret.kind === 'passphrase' ? toBase64Url(secret.sealed) : null,
    words: [...words],
    checked,
    indexes: Object.fromEntries(Object.entries(indexes).slice(-MOST_INDEXES)),
  } satisfies z.infer<typeof record>);
}

function readPerson(text: string): PersonRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = record.safeParse(value);
  if (!read.success) return undefined;
  const { words, checked, indexes } = read.data;
  const master = read.data.master === null ? undefined : fromBase64Url(read.data.master);
  if (master?.length === 32) return { secret: { kind: 'plain', master }, words, checked, indexes };
  const sealed = read.data.sealed === null ? undefined : fromBase64Url(read.data.sealed);
  return sealed && { secret: { kind: 'passphrase', sealed }, words, checked, indexes };
}
