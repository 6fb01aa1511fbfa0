import type { AccountId, Answer, ListedDevice } from '@skerry/protocol';
import * as z from 'zod/mini';
import { followList, type KeptList, type ListCheck } from '../keys/list-chain.ts';
import type { ListRefusal } from '../keys/ports.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import type { Records } from './records.ts';

export type PersonListDeps = {
  readonly serverId: string;
  readonly account: AccountId;
  /** What the approving device said: the list of this version has this digest and is signed by this key. */
  readonly pin: { readonly accountKey: string; readonly version: number; readonly digest: string };
  readonly own: { readonly device: number; readonly signKey: string; readonly identityKey: string };
  readonly records: Records;
  readonly verify: ListCheck['verify'];
  readonly digest: ListCheck['digest'];
  readonly fetch: (after: number, signal: AbortSignal) => Promise<Answer<'deviceLists'>>;
};

/** Where this machine stands, by the newest list that was verified. `removed`: it was on one before. */
export type Standing =
  | { readonly kind: 'unknown' | 'listed' | 'unlisted' | 'removed' }
  /** What the server shows does not follow; nothing is believed until it does. */
  | { readonly kind: 'refused'; readonly list: ListRefusal };

const listed = z.object({ device: z.number(), signKey: z.string(), identityKey: z.string(), addedAt: z.number() });
const everListed = z.object({ ...listed.shape, removedAt: z.optional(z.number()) });
const stored = z.object({
  kept: z.object({
    account: z.string(),
    accountKey: z.string(),
    version: z.number(),
    digest: z.string(),
    devices: z.array(listed),
    machines: z.optional(z.array(listed)),
    ever: z.array(everListed),
    everMachines: z.optional(z.array(everListed)),
  }),
  departures: z.number(),
  wasListed: z.boolean(),
});
type Page = { readonly kept: KeptList; readonly departures: number; readonly wasListed: boolean };

const KEY = 'list';
/** Lists come a hundred at a time; no honest account has more than this many to catch up on. */
const MOST_ROUNDS = 200;

/**
 * The person's devices, as their signed lists say from the one on that the pairing named. The chain is followed from its
 * beginning, and its digest has to be the named one at the named place: so a server can put nothing before it either.
 * SPEC E-3, E-4, M-2, M-11.
 */
export class PersonList {
  readonly #deps: PersonListDeps;
  readonly #standing = new Value<Standing>({ kind: 'unknown' });
  #page: Page | undefined;
  /** The newest version that the server spoke of. */
  #named = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: PersonListDeps) {
    this.#deps = deps;
  }

  get standing(): Subscribable<Standing> {
    return this.#standing;
  }

  /** Those that may answer and call, and that get the keys. Nobody while nothing is believed. */
  get devices(): readonly ListedDevice[] {
    return this.#standing.get().kind === 'listed' ? (this.#page?.kept.devices ?? []) : [];
  }

  device(number: number): ListedDevice | undefined {
    return this.devices.find(({ device }) => device === number);
  }

  /** How many times a device has left: keys from before are not used for anything new. */
  get departures(): number {
    return this.#page?.departures ?? 0;
  }

  /** Asks nobody: where it stands is known once {@link look} has asked. @throws what the store throws */
  async load(): Promise<void> {
    this.#page = (await this.#deps.records.get('machine', KEY, stored)) as Page | undefined;
  }

  /** The server spoke of a version. @returns whether there is something to look at */
  heard(version: number): boolean {
    this.#named = Math.max(this.#named, version);
    return version > (this.#page?.kept.version ?? 0) || this.#standing.get().kind !== 'listed';
  }

  /** Fetches what is newer and judges it. One after another. @throws SkerryError when the server can't be asked */
  look(signal: AbortSignal): Promise<void> {
    const done = this.#tail.then(() => this.#look(signal));
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #look(signal: AbortSignal): Promise<void> {
    let page = this.#page;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const answer = await this.#deps.fetch(page?.kept.version ?? 0, signal);
      const part = answer.accounts.find(({ account }) => account === this.#deps.account);
      const followed = await this.#follow(page, part?.lists ?? []);
      page = followed.page;
      // What was verified before the fault counts: a device that left has left.
      await this.#keep(page);
      if (followed.refusal !== null) return this.#standing.set({ kind: 'refused', list: followed.refusal });
      if (part?.more !== true || part.lists.length === 0) break;
    }
    this.#standing.set(this.#judge(page));
  }

  async #follow(
    page: Page | undefined,
    lists: Answer<'deviceLists'>['accounts'][number]['lists'],
  ): Promise<{ readonly page: Page | undefined; readonly refusal: ListRefusal | null }> {
    const { serverId, account, verify, digest, pin } = this.#deps;
    let at = page;
    for (const list of lists) {
      const step = await followList(at?.kept, list, { serverId, account, accepted: null, verify, digest });
      if (!step.ok) return { page: at, refusal: step.refusal };
      const { kept } = step;
      const isPinned =
        kept.version !== pin.version || (kept.digest === pin.digest && kept.accountKey === pin.accountKey);
      if (!isPinned) return { page: at, refusal: 'forked' };
      const hasLeft =
        at?.kept.devices.some(({ device }) => kept.devices.every((one) => one.device !== device)) === true;
      at = {
        kept,
        departures: (at?.departures ?? 0) + (hasLeft ? 1 : 0),
        wasListed: at?.wasListed === true || this.#isOn(kept),
      };
    }
    return { page: at, refusal: null };
  }

  async #keep(page: Page | undefined): Promise<void> {
    if (page === undefined || page === this.#page) return;
    // A beginning that does not reach the named list yet could be anybody's.
    if (page.kept.version < this.#deps.pin.version) return;
    const { records } = this.#deps;
    await records.commit([records.put('machine', KEY, page)]);
    this.#page = page;
  }

  #judge(page: Page | undefined): Standing {
    const version = page?.kept.version ?? 0;
    if (page === undefined || version < this.#deps.pin.version || version < this.#named)
      return { kind: 'refused', list: 'withheld' };
    if (this.#isOn(page.kept)) return LISTED;
    return page.wasListed ? REMOVED : UNLISTED;
  }

  #isOn({ machines = [] }: KeptList): boolean {
    const { device, signKey, identityKey } = this.#deps.own;
    return machines.some((one) => one.device === device && one.signKey === signKey && one.identityKey === identityKey);
  }
}

const LISTED: Standing = { kind: 'listed' };
const UNLISTED: Standing = { kind: 'unlisted' };
const REMOVED: Standing = { kind: 'removed' };
