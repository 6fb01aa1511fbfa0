import { SkerryError } from '@skerry/protocol';
import { isAtLeast, UNCHANGED, type CommandHandler } from '../log/command-handler.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';

export const updateServer: CommandHandler<'server.update'> = ({ tx, actor }, { name, description, registration }) => {
  if (!isAtLeast(actor, 'admin')) throw new SkerryError('forbidden');
  if (
    tx.db.has(
      'SELECT 1 FROM server WHERE name = ? AND description = ? AND registration = ?',
      name,
      description,
      registration,
    )
  )
    return UNCHANGED;
  const event = tx.append(SERVER_STREAM, 'server', '1');
  tx.db.run(
    'UPDATE server SET name = ?, description = ?, registration = ?, rev = ? WHERE id = 1',
    name,
    description,
    registration,
    event.n,
  );
  return event;
};
