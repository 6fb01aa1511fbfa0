import type { SignedIn } from '@skerry/protocol';
import type { Api } from '../api/api.ts';
import type { Credentials } from '../face.ts';
import { unreachable } from '../unreachable.ts';

/**
 * Trades a password or a code for a sign-in, at a server that has proved its key.
 * @throws SkerryError what the server said · ReachError · IdentityError
 */
export function authenticate(
  api: Api,
  credentials: Credentials,
  options: { device: string; signal: AbortSignal },
): Promise<SignedIn> {
  const { device, signal } = options;
  switch (credentials.kind) {
    case 'signIn': {
      const { username, password } = credentials;
      return api.call('signIn', { body: { username, password, device }, signal });
    }
    case 'register': {
      const { username, password, displayName, code } = credentials;
      return api.call('register', { body: { username, password, displayName, device, code }, signal });
    }
    case 'exchange':
      return api.call('exchange', { body: { code: credentials.code, device }, signal });
    default:
      return unreachable(credentials);
  }
}
