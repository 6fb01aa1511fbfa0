import type { AccountId } from '@skerry/protocol';
import type { SystemLine } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';

/** A line of the conversation itself, in words. */
export function systemWords(
  line: SystemLine,
  parts: { readonly me: AccountId | undefined; readonly nameOf: (account: AccountId) => string },
): string {
  const subject = (account: AccountId): string => (account === parts.me ? t.sealed.line.you : parts.nameOf(account));
  const object = (account: AccountId): string =>
    account === parts.me ? t.sealed.line.youObject : parts.nameOf(account);
  switch (line.kind) {
    case 'readsSince':
      return t.sealed.line.readsSince;
    case 'founded':
      return line.by === parts.me ? t.sealed.line.foundedByYou : t.sealed.line.founded(parts.nameOf(line.by));
    case 'joined':
      return t.sealed.line.joined(object(line.account), subject(line.by));
    case 'removed':
      return t.sealed.line.removed(object(line.account), subject(line.by));
    case 'left':
      return t.sealed.line.left(subject(line.account));
    case 'named':
      return t.sealed.line.named(subject(line.by), line.name);
    case 'keysChanged':
      return t.sealed.line.keysChanged(parts.nameOf(line.account));
  }
}
