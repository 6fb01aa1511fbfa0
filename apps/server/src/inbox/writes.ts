import { SkerryError, type ChannelId } from '@skerry/protocol';
import { UNCHANGED, type CommandHandler } from '../log/command-handler.ts';
import { accountStream } from '../log/stream-key.ts';

export const setInboxState: CommandHandler<'inbox.set'> = ({ tx, actor }, { message, state }) => {
  const item = tx.db.get<{ channel_id: ChannelId; state: string }>(
    'SELECT channel_id, state FROM inbox WHERE account_id = ? AND message_id = ?',
    actor.account,
    message,
  );
  if (item === undefined) throw new SkerryError('not_found');
  if (item.state === state) return UNCHANGED;
  const event = tx.append(accountStream(actor.account), 'inbox', `${item.channel_id} ${message}`);
  tx.db.run(
    'UPDATE inbox SET state = ?, rev = ? WHERE account_id = ? AND message_id = ?',
    state,
    event.n,
    actor.account,
    message,
  );
  return event;
};
