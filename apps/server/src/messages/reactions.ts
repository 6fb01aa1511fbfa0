import { LIMITS, SkerryError, type AccountId } from '@skerry/protocol';

export type Reactions = readonly { readonly emoji: string; readonly accounts: readonly AccountId[] }[];

/**
 * The set with one account's reaction put on or taken off, or the same set when it already was so.
 * @throws SkerryError limit_reached for one emoji, or one account, too many
 */
export function withReaction(
  reactions: Reactions,
  { emoji, account, on }: { readonly emoji: string; readonly account: AccountId; readonly on: boolean },
): Reactions {
  const at = reactions.findIndex((entry) => entry.emoji === emoji);
  const entry = reactions[at];
  if ((entry?.accounts.includes(account) ?? false) === on) return reactions;
  if (entry === undefined) {
    if (reactions.length >= LIMITS.reactionsPerMessage) throw new SkerryError('limit_reached');
    return [...reactions, { emoji, accounts: [account] }];
  }
  if (on) {
    if (entry.accounts.length >= LIMITS.accountsPerReaction) throw new SkerryError('limit_reached');
    return reactions.with(at, { emoji, accounts: [...entry.accounts, account] });
  }
  const rest = entry.accounts.filter((other) => other !== account);
  return rest.length === 0
    ? reactions.filter((other) => other !== entry)
    : reactions.with(at, { emoji, accounts: rest });
}
