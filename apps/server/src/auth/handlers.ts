import { type InviteId, SkerryError, TIMES } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';
import { newId } from '../new-id.ts';
import type { AuthDeps } from './auth-deps.ts';
import { readExchangeCode } from './exchange.ts';
import { keyLoginHandlers } from './key-handlers.ts';
import { newAccounts } from './new-accounts.ts';
import { issueAccess, issueSession } from '../issue-session.ts';
import { hashSecret, mintToken, sessionOfRefreshToken, successorOf } from '../secrets.ts';
import { SignInGuard } from './sign-in-guard.ts';

type AuthRoute =
  | 'register'
  | 'challenge'
  | 'keyRegister'
  | 'keySignIn'
  | 'addKey'
  | 'signIn'
  | 'exchange'
  | 'refresh'
  | 'reset'
  | 'signOut'
  | 'changePassword'
  | 'sessions'
  | 'revokeSession'
  | 'resetLink'
  | 'invites'
  | 'createInvite'
  | 'revokeInvite';

const LONGEST_INVITE_MS = 10 * 366 * 24 * 3_600_000;
const MOST_USES = 1_000_000;

/** Everything about getting in, staying in and getting out. */
export function authHandlers(deps: AuthDeps): Pick<Handlers, AuthRoute> {
  const { db, passwords, limits, clock } = deps;
  const guard = new SignInGuard(limits);
  const enter = newAccounts(deps);

  return {
    ...keyLoginHandlers(deps, { guard, enter }),

    register: ({ body, address }) => enter({ body, address, proof: null }),

    signIn: async ({ body, address }) => {
      guard.admit(body.username, address);
      const known = await db.read('auth.credentials', { username: body.username });
      // The same work whether or not there is such an account. T31.
      const isRight = await passwords.matches(body.password, known?.passwordHash);
      if (!isRight || known === null) throw new SkerryError('credentials_wrong');
      guard.succeeded(body.username, address);
      const { kept, answer } = issueSession(body.device, clock);
      return answer(
        await db.write('auth.signIn', { account: known.id, passwordHash: known.passwordHash, session: kept }),
      );
    },

    exchange: async ({ body, address, isLocal }) => {
      limits.take('signInAddress', address);
      if (deps.exchangeKey === null || !isLocal) throw new SkerryError('code_invalid');
      const claim = readExchangeCode(body.code, { serverId: deps.serverId, key: deps.exchangeKey, now: clock.now() });
      const { kept, answer } = issueSession(body.device, clock);
      return answer(
        await db.write('auth.exchange', {
          username: claim.username,
          nonce: claim.nonce,
          expiresAt: claim.exp,
          session: kept,
        }),
      );
    },

    refresh: async ({ body, address }) => {
      limits.take('refresh', address);
      const session = sessionOfRefreshToken(body.refreshToken);
      if (session === undefined) throw new SkerryError('unauthorized');
      const successor = successorOf(body.refreshToken, session, deps.refreshKey);
      const { kept, answer } = issueAccess({ id: session, refreshToken: successor }, clock);
      const done = await db.write('auth.refresh', {
        hash: hashSecret(body.refreshToken),
        successorHash: hashSecret(successor),
        session: kept,
      });
      if (done.kind === 'reused') throw new SkerryError('session_revoked');
      return answer(done.account);
    },

    reset: async ({ body, address }) => {
      limits.take('reset', address);
      const passwordHash = await passwords.hash(body.password);
      return db.write('auth.resetPassword', { codeHash: hashSecret(body.code), passwordHash });
    },

    signOut: async ({ caller }) => {
      await db.write('auth.revokeSession', caller);
      return {};
    },

    changePassword: async ({ body, caller, address }) => {
      guard.admit(caller.account, address);
      // An account that is entered by key alone has no password to change: nothing here shows that its key is held.
      const known = await db.read('auth.credentials', { account: caller.account });
      if (known === null || !(await passwords.matches(body.current, known.passwordHash)))
        throw new SkerryError('credentials_wrong', { field: 'current' });
      const toHash = await passwords.hash(body.next);
      await db.write('auth.changePassword', { ...caller, fromHash: known.passwordHash, toHash });
      return {};
    },

    sessions: async ({ caller }) => ({
      sessions: await db.read('auth.sessions', { account: caller.account, current: caller.session }),
    }),

    revokeSession: async ({ caller, params }) => {
      await db.write('auth.revokeSession', { account: caller.account, session: params.sessionId });
      return {};
    },

    resetLink: async ({ caller, params }) => {
      const code = mintToken();
      const expiresAt = clock.now() + TIMES.resetLinkMs;
      await db.write('auth.makeResetCode', {
        actor: caller.account,
        target: params.accountId,
        codeHash: hashSecret(code),
        expiresAt,
      });
      return { code, expiresAt };
    },

    invites: async ({ caller }) => {
      const listed = await db.read('auth.invites', { actor: caller.account, now: clock.now() });
      return { invites: listed.map((invite) => ({ ...invite, code: null })) };
    },

    createInvite: async ({ caller, body }) => {
      const { expiresInMs, uses } = body;
      if (uses !== null && (uses < 1 || uses > MOST_USES))
        throw new SkerryError('bad_request', {
          field: 'uses',
          message: `An invite works for 1 to ${MOST_USES} people, or for any number.`,
        });
      if (expiresInMs !== null && (expiresInMs < 1_000 || expiresInMs > LONGEST_INVITE_MS))
        throw new SkerryError('bad_request', {
          field: 'expiresInMs',
          message: 'An invite lasts from a second to ten years, or for ever.',
        });
      const code = mintToken();
      const expiresAt = expiresInMs === null ? null : clock.now() + expiresInMs;
      const made = await db.write('auth.createInvite', {
        actor: caller.account,
        id: newId<InviteId>(clock),
        codeHash: hashSecret(code),
        expiresAt,
        uses,
      });
      return { ...made, code };
    },

    revokeInvite: async ({ caller, params }) => {
      await db.write('auth.revokeInvite', { actor: caller.account, id: params.inviteId });
      return {};
    },
  };
}
