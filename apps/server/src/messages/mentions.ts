import { LIMITS, MENTION, type AccountId } from '@skerry/protocol';

/** The accounts a text names, in order and once each, without its author. Whether they are members is not known here. */
export function mentionedIn(text: string, author: string): AccountId[] {
  if (!text.includes('<@')) return [];
  const named = new Set<AccountId>();
  for (const [, account] of text.matchAll(MENTION))
    if (account !== undefined && account !== author) named.add(account as AccountId);
  return [...named].slice(0, LIMITS.mentionsPerMessage);
}
