import type { AccountId, Answer } from '@skerry/protocol';
import * as z from 'zod/mini';
import type { StateStore } from '../stores/stores.ts';
import { LocalError } from '../errors.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value } from '../value.ts';
import { followList, type KeptList, type ListCheck } from './list-chain.ts';
import {
  type EverListed,
  type KeyChange,
  type KeyStorage,
  type Listed,
  rowName,
  type Trust,
  TrustError,
  type TrustReason,
} from './ports.ts';

export type BookDeps = {
  readonly serverId: string;
  readonly state: StateStore;
  readonly storage: KeyStorage;
  readonly verify: ListCheck['verify'];
  readonly digest: ListCheck['digest'];
  /** Asks the server for lists after the versions named. */
  readonly fetch: (
    accounts: readonly { readonly account: AccountId; readonly after: number }[],
    signal: AbortSignal,
  ) => Promise<Answer<'deviceLists'>>;
  /** The version that the stream names; undefined for an account without lists, or one it never named. */
  readonly newest: (account: AccountId) => number | undefined;
  readonly now: () => number;
};

/** What is kept of one account, beyond its lists. */
type Page = {
  readonly kept: KeptList | null;
  /** The highest version that the server's stream has named. */
  readonly named: number;
  readonly since: number;
  /** The account key that a person compared. */
  readonly verifiedKey: string | null;
  readonly acceptedKey: string | null;
  readonly change: KeyChange | null;
  readonly stopped: { readonly reason: TrustReason; readonly offered: string | null } | null;
};

/** Table of the State store, by account. */
export const TRUST = 'trust';
/** As many as a request may name. */
const AT_ONCE = 64;
/** Lists come a hundred at a time; no honest account has more than this many to catch up on. */
const MOST_ROUNDS = 200;

const listed = z.object({ device: z.number(), signKey: z.string(), identityKey: z.string(), addedAt: z.number() });
const everListed = z.object({ ...listed.shape, removedAt: z.optional(z.number()) });
const stored = z.object({
  kept: z.nullable(
    z.object({
      account: z.string(),
      accountKey: z.string(),
      version: z.number(),
      digest: z.string(),
      devices: z.array(listed),
      machines: z.optional(z.array(listed)),
      ever: z.array(everListed),
      everMachines: z.optional(z.array(everListed)),
    }),
  ),
  named: z.number(),
  since: z.number(),
  verifiedKey: z.nullable(z.string()),
  acceptedKey: z.nullable(z.string()),
  change: z.nullable(
    z.object({ from: z.string(), to: z.string(), at: z.number(), by: z.enum(['succession', 'accepted']) }),
  ),
  stopped: z.nullable(z.object({ reason: z.string(), offered: z.nullable(z.string()) })),
});

/**
 * Whom this device may encrypt for: the newest verified list of each account it ever met, with the key that was seen first.
 * It asks only for what the stream says is newer, of all accounts in one request, and never goes back. SPEC E-3, T35.
 */
export class DeviceBook {
  readonly #deps: BookDeps;
  readonly #pages = new Value<ReadonlyMap<AccountId, Page>>(new Map());
  readonly trust: Subscribable<ReadonlyMap<AccountId, Trust>>;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: BookDeps) {
    this.#deps = deps;
    // The same object while nothing changed, so that whoever watches one account is not told of the others.
    const made = new WeakMap<Page, Trust>();
    this.trust = derived([this.#pages], (pages) => {
      const trust = new Map<AccountId, Trust>();
      for (const [account, page] of pages) {
        const known = made.get(page) ?? trustIn(page);
        made.set(page, known);
        trust.set(account, known);
      }
      return trust;
    });
  }

  /** @throws what the store or a record that can't be opened throws: without it, a swapped key would look like a first one */
  async load(): Promise<void> {
    const { state, storage } = this.#deps;
    const pages = new Map<AccountId, Page>();
    for (const { key, value } of await state.range(TRUST, {})) {
      const read = stored.parse(storage.openJson(rowName(TRUST, key), value as Uint8Array));
      pages.set(String(key) as AccountId, read as Page);
    }
    this.#pages.set(pages);
  }

  known(account: AccountId): Listed | undefined {
    const kept = this.#page(account)?.kept;
    return kept ? listedIn(kept) : undefined;
  }

  kept(account: AccountId): KeptList | undefined {
    return this.#page(account)?.kept ?? undefined;
  }

  everListed(account: AccountId): readonly EverListed[] {
    return this.#page(account)?.kept?.ever ?? [];
  }

  /** Fetches what the stream says is newer. @throws TrustError for the first account that may not be sent to; SkerryError */
  devicesOf(accounts: readonly AccountId[], signal: AbortSignal): Promise<ReadonlyMap<AccountId, Listed>> {
    return this.#alone(async () => {
      const isCurrent = (account: AccountId): boolean => {
        const page = this.#page(account);
        return page?.stopped === null && page.kept?.version === this.#deps.newest(account);
      };
      await this.#fetch(
        accounts.filter((account) => !isCurrent(account)),
        signal,
      );
      return this.#judged(accounts);
    });
  }

  /** Fetches whatever the stream has said. @throws as {@link devicesOf} */
  refresh(accounts: readonly AccountId[], signal: AbortSignal): Promise<ReadonlyMap<AccountId, Listed>> {
    return this.#alone(async () => {
      await this.#fetch(accounts, signal);
      return this.#judged(accounts);
    });
  }

  /** Fetches without judging what came of it. @throws SkerryError when the server can't be asked */
  look(account: AccountId, signal: AbortSignal): Promise<void> {
    return this.#alone(() => this.#fetch([account], signal));
  }

  async accept(account: AccountId, offered: string, signal: AbortSignal): Promise<void> {
    await this.#alone(async () => {
      const page = this.#page(account);
      if (page?.stopped?.offered !== offered) throw new LocalError('bad_request', 'Another key is shown by now.');
      await this.#write(account, { ...page, acceptedKey: offered });
      await this.#fetch([account], signal);
    });
  }

  verify(account: AccountId, verified: boolean): Promise<void> {
    return this.#alone(async () => {
      const page = this.#page(account);
      if (page?.kept == null) throw new LocalError('bad_request', 'No key of this person is known yet.');
      await this.#write(account, { ...page, verifiedKey: verified ? page.kept.accountKey : null });
    });
  }

  seen(account: AccountId): Promise<void> {
    return this.#alone(async () => {
      const page = this.#page(account);
      if (page !== undefined && page.change !== null) await this.#write(account, { ...page, change: null });
    });
  }

  async #fetch(accounts: readonly AccountId[], signal: AbortSignal): Promise<void> {
    for (let from = 0; from < accounts.length; from += AT_ONCE)
      await this.#fetchSome(accounts.slice(from, from + AT_ONCE), signal);
  }

  async #fetchSome(accounts: readonly AccountId[], signal: AbortSignal): Promise<void> {
    let asked = accounts;
    for (let round = 0; asked.length > 0 && round < MOST_ROUNDS; round++) {
      const answer = await this.#deps.fetch(
        asked.map((account) => ({ account, after: this.#page(account)?.kept?.version ?? 0 })),
        signal,
      );
      const more: AccountId[] = [];
      for (const account of asked) {
        const part = answer.accounts.find((one) => one.account === account);
        const goesOn = await this.#follow(account, part?.lists ?? []);
        if (goesOn && part?.more === true && part.lists.length > 0) more.push(account);
        else if (goesOn) await this.#settle(account);
      }
      asked = more;
    }
  }

  /** @returns false when one was refused; what came before it is kept */
  async #follow(account: AccountId, lists: Answer<'deviceLists'>['accounts'][number]['lists']): Promise<boolean> {
    const { serverId, verify, digest, now } = this.#deps;
    let page = this.#page(account) ?? BLANK(now());
    const before = page;
    for (const list of lists) {
      const check = { serverId, account, accepted: page.acceptedKey, verify, digest };
      const step = await followList(page.kept ?? undefined, list, check);
      if (!step.ok) {
        await this.#write(account, { ...page, stopped: { reason: step.refusal, offered: step.offered } });
        return false;
      }
      const { kept, moved } = step;
      const change = moved === null ? page.change : { ...moved, from: page.change?.from ?? moved.from, at: now() };
      page = { ...page, kept, change, ...(moved === null ? {} : { acceptedKey: null }) };
    }
    if (page !== before) await this.#write(account, page);
    return true;
  }

  /**
   * All that the server hands out was taken: whether it is as much as its stream speaks of. The stream may be behind what was
   * fetched, but never behind what it said itself before.
   */
  async #settle(account: AccountId): Promise<void> {
    const page = this.#page(account);
    if (page === undefined) return;
    const named = this.#deps.newest(account) ?? page.named;
    const withheld = named > (page.kept?.version ?? 0);
    const reason: TrustReason | null = named < page.named ? 'rolled_back' : withheld ? 'withheld' : null;
    if (reason === null && page.stopped === null && named === page.named) return;
    const stopped = reason === null ? null : { reason, offered: null };
    await this.#write(account, { ...page, stopped, named: Math.max(named, page.named) });
  }

  #judged(accounts: readonly AccountId[]): ReadonlyMap<AccountId, Listed> {
    const found = new Map<AccountId, Listed>();
    for (const account of accounts) {
      const page = this.#page(account);
      if (page?.stopped != null)
        throw new TrustError(
          account,
          page.stopped.reason === 'key_without_succession' ? 'held_back' : page.stopped.reason,
        );
      if (page?.kept == null) throw new TrustError(account, 'no_keys');
      found.set(account, listedIn(page.kept));
    }
    return found;
  }

  #page(account: AccountId): Page | undefined {
    return this.#pages.get().get(account);
  }

  /** Stores, then tells. */
  async #write(account: AccountId, page: Page): Promise<void> {
    const value = this.#deps.storage.sealJson(rowName(TRUST, account), page);
    await this.#deps.state.commit([{ table: TRUST, key: account, value }]);
    this.#pages.set(new Map(this.#pages.get()).set(account, page));
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

const BLANK = (since: number): Page => ({
  kept: null,
  named: 0,
  since,
  verifiedKey: null,
  acceptedKey: null,
  change: null,
  stopped: null,
});

function listedIn({ account, version, accountKey, devices }: KeptList): Listed {
  return { account, version, accountKey, devices };
}

function trustIn({ kept, verifiedKey, change, stopped, since }: Page): Trust {
  const verified = kept !== null && verifiedKey === kept.accountKey;
  if (stopped !== null) return { kind: 'stopped', ...stopped, accountKey: kept?.accountKey ?? '', verified };
  if (kept === null) return { kind: 'unknown' };
  return { kind: 'known', accountKey: kept.accountKey, devices: kept.devices.length, verified, change, since };
}
