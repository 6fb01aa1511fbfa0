import { ACCOUNT_ROUTES, type AccountId, SkerryError } from '@skerry/protocol';
import type { ServerHandle } from '../face.ts';
import type { ServerContext } from './context.ts';
import { pictureType } from './picture.ts';

/** What a person asks of a server about an account, its sessions, invites and the server's picture. */
export type AccountCalls = Pick<
  ServerHandle,
  | 'sessions'
  | 'revokeSession'
  | 'changePassword'
  | 'invites'
  | 'createInvite'
  | 'revokeInvite'
  | 'setIcon'
  | 'removeIcon'
  | 'resetLink'
>;

/** @param within the caller's signal, or the context's, whichever ends first */
export function accountCalls(
  context: ServerContext,
  within: (signal: AbortSignal | undefined) => AbortSignal,
): AccountCalls {
  const { signal } = context;
  const api = context.api.with(ACCOUNT_ROUTES);
  return {
    sessions: async (caller) => (await api.call('sessions', { signal: within(caller) })).sessions,
    revokeSession: async (id) => {
      await api.call('revokeSession', { params: { sessionId: id as never }, signal });
    },
    changePassword: async (current, next) => {
      await api.call('changePassword', { body: { current, next }, signal });
    },
    invites: async (caller) => (await api.call('invites', { signal: within(caller) })).invites,
    createInvite: async (body) => {
      const invite = await api.call('createInvite', { body, signal });
      if (invite.code === null) throw new SkerryError('internal');
      return { ...invite, link: await context.link({ kind: 'join', invite: invite.code }) };
    },
    revokeInvite: async (id) => {
      await api.call('revokeInvite', { params: { inviteId: id as never }, signal });
    },
    setIcon: async (bytes) => {
      if (pictureType(bytes) === undefined) throw new SkerryError('bad_request', { field: 'icon' });
      await api.call('setIcon', { body: bytes, signal });
    },
    removeIcon: async () => {
      await api.call('removeIcon', { signal });
    },
    resetLink: async (account: AccountId) => {
      const { code, expiresAt } = await api.call('resetLink', { params: { accountId: account }, signal });
      return { link: await context.link({ kind: 'reset', code }), expiresAt };
    },
  };
}
