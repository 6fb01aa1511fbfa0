import { type Account, type SessionId, type SignedIn, TIMES } from '@skerry/protocol';
import { newId } from './new-id.ts';
import type { Clock } from './rate-limits.ts';
import { hashSecret, mintRefreshToken, mintToken } from './secrets.ts';
import type { NewSession } from './log/sessions.ts';

/** The tokens of a session as they go out, and what the database keeps of them. */
export type Issued<Kept> = {
  readonly kept: Kept;
  readonly tokens: Omit<SignedIn, 'account'>;
  answer(account: Account): SignedIn;
};

/** A new session with its first tokens. */
export function issueSession(device: string, clock: Clock): Issued<NewSession> {
  const id = newId<SessionId>(clock);
  const refreshToken = mintRefreshToken(id);
  const { kept, ...going } = issueAccess({ id, refreshToken }, clock);
  return { kept: { ...kept, device, refreshHash: hashSecret(refreshToken) }, ...going };
}

/** A new access token for a session that exists, going out together with its refresh token. */
export function issueAccess(
  session: { id: SessionId; refreshToken: string },
  clock: Clock,
): Issued<Pick<NewSession, 'id' | 'accessHash' | 'accessExpiresAt'>> {
  const accessToken = mintToken();
  const tokens = {
    sessionId: session.id,
    accessToken,
    accessExpiresIn: TIMES.accessTokenMs,
    refreshToken: session.refreshToken,
  };
  return {
    kept: { id: session.id, accessHash: hashSecret(accessToken), accessExpiresAt: clock.now() + TIMES.accessTokenMs },
    tokens,
    answer: (account) => ({ account, ...tokens }),
  };
}
