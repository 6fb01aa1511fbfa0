import { MENTION, type Account, type AccountId } from '@skerry/protocol';

/** The text as a person edits it: `@name` again. An account that is not known keeps its id. */
export function decodeMentions(text: string, accounts: ReadonlyMap<AccountId, Account>): string {
  return text.replace(MENTION, (whole, id: string) => {
    const account = accounts.get(id as AccountId);
    return account === undefined ? whole : `@${account.username}`;
  });
}
