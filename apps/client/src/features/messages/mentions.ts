import { mentionOf, type Account, type AccountId } from '@skerry/protocol';

/** What stands before the caret and may become a mention. */
export type MentionQuery = { readonly from: number; readonly to: number; readonly text: string };

const TYPED = /(?:^|[\s([{"'“‘*_~>/,;:-])@([\p{L}\p{N}._-]{0,32})$/u;
/** A user name as the server allows it, at a place where a name can begin. */
const WRITTEN = /(^|[^\p{L}\p{N}_@/.])@([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)/giu;
/** Fenced and inline code: what stands there is never a mention. */
const CODE = /(```[\s\S]*?(?:```|$)|`+[^`\n]*`+)/;

/** The `@…` the person is typing at the caret, if any. */
export function mentionQuery(text: string, caret: number): MentionQuery | undefined {
  const found = TYPED.exec(text.slice(0, caret));
  if (found === null) return undefined;
  const typed = found[1] ?? '';
  return { from: caret - typed.length - 1, to: caret, text: typed };
}

const CODE_TYPED = /(?:^|[\s(])(:[a-z0-9_+-]{2,24})$/iu;

/** The `:name` of an emoji the person is typing at the caret, if any. */
export function emojiQuery(text: string, caret: number): MentionQuery | undefined {
  const typed = CODE_TYPED.exec(text.slice(0, caret))?.[1];
  return typed === undefined ? undefined : { from: caret - typed.length, to: caret, text: typed.slice(1) };
}

/** Accounts that fit what was typed, best first: by the start of a name, then by the start of any word in it, then inside. */
export function suggest(accounts: Iterable<Account>, typed: string, limit = 8): readonly Account[] {
  const wanted = typed.toLocaleLowerCase();
  const found: { account: Account; score: number }[] = [];
  for (const account of accounts) {
    if (account.disabled) continue;
    const score = scoreOf(account, wanted);
    if (score !== undefined) found.push({ account, score });
  }
  found.sort((a, b) => a.score - b.score || a.account.displayName.localeCompare(b.account.displayName));
  return found.slice(0, limit).map(({ account }) => account);
}

function scoreOf(account: Account, wanted: string): number | undefined {
  const name = account.displayName.toLocaleLowerCase();
  if (wanted === '' || account.username === wanted) return 0;
  if (account.username.startsWith(wanted) || name.startsWith(wanted)) return 1;
  if (name.split(/[\s._-]+/u).some((word) => word.startsWith(wanted))) return 2;
  return account.username.includes(wanted) || name.includes(wanted) ? 3 : undefined;
}

/** Puts `<@id>` in the place of each `@name` that somebody here has; leaves code and unknown names alone. */
export function encodeMentions(text: string, accounts: ReadonlyMap<AccountId, Account>): string {
  if (!text.includes('@')) return text;
  const byName = new Map<string, AccountId>();
  for (const account of accounts.values()) if (!account.disabled) byName.set(account.username, account.id);
  return outsideCode(text, (part) =>
    part.replace(WRITTEN, (whole, before: string, written: string) => {
      // "@ada.brandt" may be that name, or "@ada" at the end of a sentence without a space.
      for (let name = written.toLowerCase(); name !== ''; name = name.replace(/(?:^|[._-]+)[^._-]*$/, '')) {
        const id = byName.get(name);
        if (id !== undefined) return `${before}${mentionOf(id)}${written.slice(name.length)}`;
      }
      return whole;
    }),
  );
}

function outsideCode(text: string, change: (part: string) => string): string {
  return text
    .split(CODE)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join('');
}
