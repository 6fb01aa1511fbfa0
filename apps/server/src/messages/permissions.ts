import type { Role } from '@skerry/protocol';
import { isAtLeast } from '../log/command-handler.ts';

export type MessageAction = 'edit' | 'delete';

/** Whether someone who is in the channel may do this to a message of `author`. */
export function canMessage(
  actor: { readonly account: string; readonly role: Role },
  action: MessageAction,
  author: string,
): boolean {
  if (actor.account === author) return true;
  return action === 'delete' && isAtLeast(actor, 'moderator');
}
