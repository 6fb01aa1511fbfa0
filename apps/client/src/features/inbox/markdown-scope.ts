import type { EntryId, SkerryClient } from '@skerry/core';
import type { AccountId } from '@skerry/protocol';
import type { FollowLink } from '../../state/follow-link.ts';
import type { MarkdownScope } from '../../ui/markdown/scope.ts';

/** How the text of an inbox row is read: names of its own server, links through the one gate. */
export function markdownScope(client: SkerryClient, entry: EntryId, follow: FollowLink): MarkdownScope {
  const server = client.server(entry);
  return {
    person: (account) => {
      const known = server?.accounts.get().get(account as AccountId);
      return known === undefined ? undefined : { name: known.displayName, isMe: known.id === server?.me.get()?.id };
    },
    // A person's card belongs to the channel; here a mention is only read.
    openPerson: () => undefined,
    openLink: follow,
  };
}
