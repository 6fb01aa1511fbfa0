import type { Account, AccountId, PresenceState, Role } from '@skerry/protocol';

export type MemberGroup = { readonly kind: 'online' | 'offline' | 'all'; readonly people: readonly Account[] };

const RANK: Readonly<Record<Role, number>> = { owner: 0, admin: 1, moderator: 2, member: 3 };

/**
 * The members of a channel: who is here first, each part by role and name. While the server is not live nobody knows
 * who is here, so there is one part. Disabled accounts are left out.
 */
export function groupMembers(
  members: readonly AccountId[],
  accounts: ReadonlyMap<AccountId, Account>,
  presence: ReadonlyMap<AccountId, PresenceState> | undefined,
): readonly MemberGroup[] {
  const people = members
    .flatMap((id) => accounts.get(id) ?? [])
    .filter((account) => !account.disabled)
    .sort((a, b) => RANK[a.role] - RANK[b.role] || a.displayName.localeCompare(b.displayName));
  if (presence === undefined) return [{ kind: 'all', people }];
  const isHere = (account: Account): boolean => (presence.get(account.id) ?? 'offline') !== 'offline';
  const groups: MemberGroup[] = [
    { kind: 'online', people: people.filter(isHere) },
    { kind: 'offline', people: people.filter((account) => !isHere(account)) },
  ];
  return groups.filter((group) => group.people.length > 0);
}
