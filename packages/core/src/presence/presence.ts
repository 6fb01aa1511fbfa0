import { type AccountId, type DownOf, LIMITS, type PresenceState } from '@skerry/protocol';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';

/** Who is here. Known only while live: without a connection nobody's presence is. */
export class Presence {
  readonly #value = new Value<ReadonlyMap<AccountId, PresenceState>>(new Map());

  get value(): Subscribable<ReadonlyMap<AccountId, PresenceState>> {
    return this.#value;
  }

  /** Those who are offline are not in the map. It comes before the accounts do on a new device, so names are not checked. */
  apply({ full, accounts }: DownOf<'presence'>): void {
    const next = new Map(full ? [] : this.#value.get());
    for (const [account, state] of accounts) {
      if (state === 'offline') next.delete(account);
      else if (next.size < LIMITS.accountsPerServer || next.has(account)) next.set(account, state);
    }
    this.#value.set(next);
  }

  clear(): void {
    if (this.#value.get().size > 0) this.#value.set(new Map());
  }
}
