import type { AccountId, ChannelId } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { visibleChannel } from '../log/access.ts';
import { jsonBytes } from '../log/json-bytes.ts';

/** Who is in a channel, for anyone who can see it. @throws SkerryError not_found */
export function readMembers(
  db: Statements,
  { account, channel }: { readonly account: AccountId; readonly channel: ChannelId },
): Uint8Array {
  visibleChannel(db, { account }, channel);
  const head = db.value<number>("SELECT head FROM streams WHERE stream = 'channel:' || ?", channel) ?? 0;
  const accounts =
    db.value<string>(
      'SELECT json_group_array(account_id) FROM intervals WHERE channel_id = ? AND to_seq IS NULL',
      channel,
    ) ?? '[]';
  return jsonBytes(`{"head":${head},"accounts":${accounts}}`);
}
