import type { AccountId } from '@skerry/protocol';
import type { ConversationView } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';
import { listOf } from '../../ui/format.ts';

/** Beyond these the names are counted; all of them stand in the conversation's details. */
const NAMED = 4;

/**
 * Who can read a conversation: the members this device has verified with the devices it encrypts for, oneself last.
 * Nothing of it is the server's word.
 */
export function readersLine(
  conversation: ConversationView,
  parts: { readonly me: AccountId | undefined; readonly nameOf: (account: AccountId) => string },
): string {
  const others = conversation.members.filter(({ account }) => account !== parts.me);
  const own = conversation.members.find(({ account }) => account === parts.me);
  const named = others.slice(0, others.length > NAMED ? NAMED - 1 : NAMED);
  const names = named.map(({ account, devices }) =>
    devices === 0
      ? t.sealed.readers.noDevice(parts.nameOf(account))
      : t.sealed.readers.person(parts.nameOf(account), devices),
  );
  if (others.length > named.length) names.push(t.sealed.readers.more(others.length - named.length));
  if (own !== undefined)
    names.push(own.devices === 0 ? t.sealed.readers.you : t.sealed.readers.person(t.sealed.readers.you, own.devices));
  return t.sealed.readers.those(listOf(names));
}
