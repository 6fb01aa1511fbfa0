import { CryptoError, openBackup, sealBackup, type Subtle } from '@skerry/crypto';
import { type AccountId, fromBase64Url, toBase64Url } from '@skerry/protocol';
import * as z from 'zod/mini';
import { LocalError } from '../errors.ts';
import type { Clock, Random } from '../platform.ts';
import type { Key, Row, StateStore, Write } from '../stores/stores.ts';
import { TRUST } from './device-book.ts';
import type { BackupInfo, BackupRun, Restored } from './face.ts';
import type { KeyRing } from './key-ring.ts';
import type { KeysApi } from './keys-api.ts';
import { rowName } from './ports.ts';

export type BackupsDeps = {
  readonly ring: KeyRing;
  readonly api: KeysApi;
  readonly state: StateStore;
  readonly serverId: string;
  readonly account: AccountId;
  readonly random: Random;
  readonly subtle: Subtle;
  readonly clock: Clock;
};

type Run = BackupRun & { readonly signal: AbortSignal };

/**
 * What a backup holds: history, drafts, settings and whose keys were seen. Never ratchets, prekeys, sender keys or this
 * device's identity (tables `signal` and `device`, and what waits to be sent): two live devices that go on from one ratchet
 * would use a message key twice, and each would make the other's messages unreadable. A restored device is a new device,
 * with a number and sessions of its own.
 */
const TABLES = ['sealed', TRUST, 'drafts'] as const;
/** Of the table `sealed`: what belongs to the device that made them. */
const OF_A_DEVICE: ReadonlySet<unknown> = new Set(['out', 'queue', 'machine', 'agent']);
const AT_ONCE = 500;

const header = z.object({ skerry: z.literal('backup'), version: z.literal(1), madeAt: z.number() });
const key = z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))]);
const line = z.object({
  t: z.enum(TABLES),
  k: key,
  /** A record that is sealed at rest, opened, as base64url; or a row that isn't. */
  s: z.optional(z.string()),
  v: z.optional(z.unknown()),
});

const encoder = new TextEncoder();

/** Backups of one entry: lines of JSON in an encrypted stream, to the server or as a file. SPEC E-13. */
export class Backups {
  readonly #deps: BackupsDeps;

  constructor(deps: BackupsDeps) {
    this.#deps = deps;
  }

  /** @throws SkerryError `too_large`, and what the server says */
  async save(run: Run): Promise<BackupInfo> {
    const body = await this.export({ signal: run.signal });
    const total = body.length;
    const { at } = await this.#deps.api.call('putBackup', {
      body,
      signal: run.signal,
      ...(run.onProgress === undefined ? {} : { onProgress: (moved: number) => run.onProgress?.(moved, total) }),
    });
    return { at, bytes: total };
  }

  /** @throws SkerryError `not_found` when there is none; LocalError `bad_request` for one that isn't whole */
  async restore(run: Run): Promise<Restored> {
    const { backup } = await this.#deps.api.call('backupInfo', { signal: run.signal });
    const file = await this.#deps.api.call('backup', {
      signal: run.signal,
      onProgress: (moved) => run.onProgress?.(moved, backup?.bytes ?? null),
    });
    return this.import(file, { signal: run.signal });
  }

  async export(run: Run): Promise<Uint8Array<ArrayBuffer>> {
    const { random, subtle, serverId, account: accountId } = this.#deps;
    const use = { key: await this.#key(), place: { serverId, accountId } };
    const parts: Uint8Array[] = [];
    let moved = 0;
    try {
      for await (const part of sealBackup(this.#lines(), use, { random, subtle })) {
        run.signal.throwIfAborted();
        parts.push(part);
        run.onProgress?.((moved += part.length), null);
      }
    } catch (error) {
      throw localOf(error);
    }
    return joined(parts);
  }

  /** What is here already stays: a backup only adds. Nothing is written unless all of it is whole. */
  async import(file: Uint8Array, run: Run): Promise<Restored> {
    const { subtle, serverId, account: accountId, state } = this.#deps;
    const use = { key: await this.#key(), place: { serverId, accountId } };
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of openBackup(whole(file), use, subtle)) {
        run.signal.throwIfAborted();
        chunks.push(chunk);
      }
    } catch (error) {
      throw localOf(error);
    }
    const [first, ...lines] = new TextDecoder().decode(joined(chunks)).trimEnd().split('\n');
    const { madeAt } = parsed(header, first);
    const writes = lines.map((one) => this.#writeOf(parsed(line, one)));
    let records = 0;
    for (let from = 0; from < writes.length; from += AT_ONCE) {
      run.signal.throwIfAborted();
      const some = writes.slice(from, from + AT_ONCE);
      const there = await Promise.all(some.map(async (write) => state.get(write.table, write.key)));
      const missing = some.filter((_, index) => there[index] === undefined);
      if (missing.length > 0) await state.commit(missing);
      records += missing.length;
      run.onProgress?.(from + some.length, writes.length);
    }
    return { records, madeAt };
  }

  async *#lines(): AsyncGenerator<Uint8Array> {
    const { ring, state, clock } = this.#deps;
    yield text({ skerry: 'backup', version: 1, madeAt: clock.now() });
    for (const table of TABLES) {
      for await (const { key: at, value } of rowsOf(state, table)) {
        if (table === 'sealed' && typeof at === 'object' && OF_A_DEVICE.has(at[0])) continue;
        if (!(value instanceof Uint8Array)) yield text({ t: table, k: at, v: value });
        else {
          const opened = opens(() => ring.storage.open(rowName(table, at), value));
          if (opened !== undefined) yield text({ t: table, k: at, s: toBase64Url(opened) });
        }
      }
    }
  }

  #writeOf({ t: table, k, s, v }: z.infer<typeof line>): Extract<Write, { value: unknown }> {
    const at: Key = k;
    if (s === undefined) return { table, key: at, value: v };
    const bytes = fromBase64Url(s);
    if (bytes === undefined) throw new LocalError('bad_request', 'This is not a whole backup of this account.');
    return { table, key: at, value: this.#deps.ring.storage.seal(rowName(table, at), bytes) };
  }

  /** Always of the first of the account's keys: a backup from before a key moved on opens as well. */
  async #key(): Promise<Uint8Array> {
    return this.#deps.ring.backupKey();
  }
}

/** Some at a time, so that a long history is not in memory twice. */
async function* rowsOf(state: StateStore, table: string): AsyncGenerator<Row> {
  let last: Key | undefined;
  for (;;) {
    const range = last === undefined ? { limit: AT_ONCE } : { from: last, limit: AT_ONCE + 1 };
    const rows = await state.range(table, range);
    // Bounds are inclusive: the first one was there before.
    yield* last === undefined ? rows : rows.slice(1);
    if (rows.length < range.limit) return;
    last = rows.at(-1)?.key;
  }
}

function opens<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}

function localOf(error: unknown): unknown {
  if (!(error instanceof CryptoError)) return error;
  return error.code === 'too_large'
    ? new LocalError('too_large', 'There is more here than a backup may hold.', { cause: error })
    : new LocalError('bad_request', 'This is not a whole backup of this account.', { cause: error });
}

function parsed<T>(schema: z.ZodMiniType<T>, textLine: string | undefined): T {
  try {
    return schema.parse(JSON.parse(textLine ?? ''));
  } catch (cause) {
    throw new LocalError('bad_request', 'This backup was made by another version of Skerry.', { cause });
  }
}

async function* whole(file: Uint8Array): AsyncGenerator<Uint8Array> {
  yield file;
}

function text(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
