import type { Role } from '@skerry/protocol';
import { RANK, isAtLeast, type ChannelAccess } from '../log/command-handler.ts';
import { unreachable } from '../log/unreachable.ts';

export type ChannelAction =
  | { readonly kind: 'join' }
  | { readonly kind: 'update' }
  | { readonly kind: 'archive' }
  | { readonly kind: 'add' }
  | { readonly kind: 'remove'; readonly target: Role };

type Place = Pick<ChannelAccess, 'isPublic' | 'isMember' | 'isCreator'>;

/** Whether the actor, who can see the channel, may do this to it. */
export function canChannel(actor: { readonly role: Role }, action: ChannelAction, channel: Place): boolean {
  // Whoever made a channel has lost it when they are no longer in it and it is not open to all.
  const isKeeper = (channel.isCreator || isAtLeast(actor, 'moderator')) && (channel.isPublic || channel.isMember);
  switch (action.kind) {
    case 'join':
      return channel.isPublic;
    case 'update':
    case 'archive':
    case 'add':
      return isKeeper;
    case 'remove':
      return isKeeper && (channel.isCreator || actor.role === 'owner' || RANK[actor.role] > RANK[action.target]);
    default:
      return unreachable(action);
  }
}
