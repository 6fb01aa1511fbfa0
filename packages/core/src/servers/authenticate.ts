import { ACCOUNT_ROUTES, type SignedIn, SkerryError } from '@skerry/protocol';
import type { Api } from '../api/api.ts';
import { LocalError } from '../errors.ts';
import type { Credentials } from '../face.ts';
import type { KeyLogin } from '../keys/key-login.ts';
import { unreachable } from '../unreachable.ts';

/** Signs with the person's keys: loaded by those who have some. */
const byKey = () => import('../keys/key-login.ts');

/**
 * Trades a password, a code or a signature for a sign-in, at a server that has proved its key.
 * @param options.login makes signatures for that server; null where there are no keys
 * @throws LocalError `forbidden` for a sign-in by key while the person has none here · SkerryError what the server said · ReachError · IdentityError
 */
export function authenticate(
  api: Api,
  credentials: Credentials,
  options: { device: string; signal: AbortSignal; login: KeyLogin | null },
): Promise<SignedIn> {
  const { device, signal, login } = options;
  const account = api.with(ACCOUNT_ROUTES);
  switch (credentials.kind) {
    case 'signIn': {
      const { username, password } = credentials;
      return account.call('signIn', { body: { username, password, device }, signal });
    }
    case 'register': {
      const { username, password, displayName, code } = credentials;
      return account.call('register', { body: { username, password, displayName, device, code }, signal });
    }
    case 'exchange':
      return account.call('exchange', { body: { code: credentials.code, device }, signal });
    case 'registerByKey': {
      const { username, password, displayName, code } = credentials;
      return signed(login, ({ registerByKey }, keys) =>
        registerByKey(keys, { username, password, displayName, device, code }, signal),
      );
    }
    case 'signInByKey':
      return signed(login, ({ signInByKey }, keys) => signInByKey(keys, { device, signal }));
    default:
      return unreachable(credentials);
  }
}

/**
 * After a sign-in with a password by somebody who wants their key on the account, too. That the account has one already, or
 * that it can't be had now, keeps nobody from signing in.
 */
export async function giveKey(login: KeyLogin | null, credentials: Credentials, signal: AbortSignal): Promise<void> {
  if (credentials.kind !== 'signIn' || credentials.withKey !== true || login === null) return;
  try {
    await (await byKey()).addKey(login, { password: credentials.password, signal });
  } catch (error) {
    if (!(error instanceof SkerryError)) throw error;
  }
}

async function signed(
  login: KeyLogin | null,
  enter: (by: Awaited<ReturnType<typeof byKey>>, login: KeyLogin) => Promise<SignedIn>,
): Promise<SignedIn> {
  if (login?.person.state.get().kind !== 'ready')
    throw new LocalError('forbidden', 'Your keys are not open on this device.');
  return enter(await byKey(), login);
}
