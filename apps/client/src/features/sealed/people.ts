import type { Account, AccountId } from '@skerry/protocol';

/** Somebody of a server, as one who may be written to. */
export type Candidate = {
  readonly account: Account;
  /** Nothing can be encrypted for who has no signed list of devices. */
  readonly hasKeys: boolean;
};

function hasKeys(account: Account): boolean {
  return (account.devices ?? 0) > 0;
}

/** People whose names fit what was typed: who can be written to first, each part by name. Without oneself. */
export function candidates(
  accounts: Iterable<Account>,
  options: { readonly me: AccountId | undefined; readonly typed: string; readonly without?: ReadonlySet<AccountId> },
): readonly Candidate[] {
  const wanted = options.typed.trim().toLocaleLowerCase().replace(/^@/, '');
  const found: Candidate[] = [];
  for (const account of accounts) {
    if (account.disabled || account.id === options.me || options.without?.has(account.id) === true) continue;
    if (!`${account.displayName} ${account.username}`.toLocaleLowerCase().includes(wanted)) continue;
    found.push({ account, hasKeys: hasKeys(account) });
  }
  return found.sort(
    (a, b) => Number(b.hasKeys) - Number(a.hasKeys) || a.account.displayName.localeCompare(b.account.displayName),
  );
}
