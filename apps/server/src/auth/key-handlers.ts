import { SkerryError, TIMES } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';
import type { AuthDeps } from './auth-deps.ts';
import { issueSession } from '../issue-session.ts';
import { checkProof } from './key-login.ts';
import type { newAccounts } from './new-accounts.ts';
import { mintToken } from '../secrets.ts';
import type { SignInGuard } from './sign-in-guard.ts';

/** Coming in by key: challenge, sign, enter. SPEC P-29. */
export function keyLoginHandlers(
  deps: AuthDeps,
  { guard, enter }: { guard: SignInGuard; enter: ReturnType<typeof newAccounts> },
): Pick<Handlers, 'challenge' | 'keyRegister' | 'keySignIn' | 'addKey'> {
  const { db, passwords, limits, clock, serverId } = deps;
  const now = () => ({ serverId, now: clock.now() });

  return {
    challenge: async ({ address }) => {
      limits.take('challenge', address);
      const nonce = mintToken();
      const expiresAt = clock.now() + TIMES.challengeMs;
      await db.write('auth.challenge', { nonce, expiresAt, now: clock.now() });
      return { nonce, expiresAt };
    },

    keyRegister: ({ body, address }) => enter({ body, address, proof: body.proof }),

    keySignIn: async ({ body, address }) => {
      limits.take('signInAddress', address);
      const { kept, answer } = issueSession(body.device, clock);
      return answer(await db.write('auth.keySignIn', { proof: checkProof(body.proof, now()), session: kept }));
    },

    addKey: async ({ body, caller, address }) => {
      guard.admit(caller.account, address);
      const known = await db.read('auth.credentials', { account: caller.account });
      if (known === null || !(await passwords.matches(body.password, known.passwordHash)))
        throw new SkerryError('credentials_wrong', { field: 'password' });
      const proof = checkProof(body.proof, now());
      await db.write('auth.addKey', { account: caller.account, passwordHash: known.passwordHash, proof });
      guard.succeeded(caller.account, address);
      return {};
    },
  };
}
