import type { AccountId, Body, ChannelId, KeyProof } from '@skerry/protocol';
import { newId } from '../new-id.ts';
import type { AuthDeps } from './auth-deps.ts';
import { issueSession } from '../issue-session.ts';
import { checkProof } from './key-login.ts';
import { hashSecret, normaliseTypedCode } from '../secrets.ts';

type Wanted = {
  readonly body: Omit<Body<'keyRegister'>, 'proof'>;
  readonly address: string;
  /** Of the key that the account is to be entered by; `null` for a password alone. */
  readonly proof: KeyProof | null;
};

/** The one way to a new account, by password, by key or by both. What is dear is done only for those who may have one. */
export function newAccounts({ db, passwords, limits, clock, serverId }: AuthDeps) {
  return async ({ body, address, proof: given }: Wanted) => {
    limits.take('register', address);
    const codeHash = body.code === null ? null : hashSecret(normaliseTypedCode(body.code));
    await db.read('auth.admission', { codeHash, now: clock.now() });
    const proof = given && checkProof(given, { serverId, now: clock.now() });
    // With a signature that is wrong it is not worth a hash: the transaction refuses it.
    const isWorthAHash = proof?.isGenuine ?? true;
    const passwordHash = body.password === null || !isWorthAHash ? null : await passwords.hash(body.password);
    const { kept, answer } = issueSession(body.device, clock);
    const { username, displayName } = body;
    return answer(
      await db.write('auth.register', {
        id: newId<AccountId>(clock),
        username,
        displayName,
        passwordHash,
        proof,
        codeHash,
        session: kept,
        firstChannel: newId<ChannelId>(clock),
      }),
    );
  };
}
