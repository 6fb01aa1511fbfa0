import type { Account, ServerProfile } from '@skerry/protocol';
import type { ServerEntry } from '../views.ts';
import { plainServerName } from './label.ts';

/** What of an entry differs from what the server says of itself and of the account now. */
export function described(
  entry: ServerEntry,
  { profile, me }: { profile: ServerProfile | undefined; me: Account | undefined },
): Partial<ServerEntry> {
  return {
    ...(profile === undefined ? {} : ofServer(entry, profile)),
    ...(me === undefined ? {} : ofAccount(entry, me)),
  };
}

function ofServer(entry: ServerEntry, profile: ServerProfile): Partial<ServerEntry> {
  const name = plainServerName(profile.name);
  const { iconUrl } = profile;
  return name === entry.name && iconUrl === entry.iconUrl ? {} : { name, iconUrl };
}

/** The account of an entry never becomes another one. */
function ofAccount({ account }: ServerEntry, me: Account): Partial<ServerEntry> {
  const { id, username, displayName } = me;
  if (account?.id !== id || (account.username === username && account.displayName === displayName)) return {};
  return { account: { id, username, displayName } };
}
