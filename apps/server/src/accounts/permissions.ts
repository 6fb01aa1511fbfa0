import type { Role } from '@skerry/protocol';
import { RANK, isAtLeast } from '../log/command-handler.ts';
import { unreachable } from '../log/unreachable.ts';

export type AccountAction =
  | { readonly kind: 'role'; readonly from: Role; readonly to: Role }
  | { readonly kind: 'disable'; readonly target: Role };

/** Whether the role allows this. That a server keeps an owner is another rule. */
export function canAccount(actor: { readonly role: Role }, action: AccountAction): boolean {
  const isAbove = (role: Role) =>
    actor.role === 'owner' || (isAtLeast(actor, 'admin') && RANK[actor.role] > RANK[role]);
  switch (action.kind) {
    case 'role':
      return isAbove(action.from) && isAbove(action.to);
    case 'disable':
      return isAbove(action.target);
    default:
      return unreachable(action);
  }
}
