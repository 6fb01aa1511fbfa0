import { toBase64Url } from './bytes.ts';
import { encodeFields as encode } from './encode-fields.ts';

/** What the holder of an account's key signs to sign in, to register, or to add the key to an account. SPEC P-29. */
export function encodeLogin(login: {
  serverId: string;
  origin: string;
  nonce: string;
  expiry: number;
  publicKey: string;
}): Uint8Array {
  return encode(['skerry/login/1', login.serverId, login.origin, login.nonce, String(login.expiry), login.publicKey]);
}

/** What a server signs to show that it holds its key: the caller's nonce and the origin the caller dialled. */
export function encodeProof(proof: { nonce: string; origin: string; serverId: string }): Uint8Array {
  return encode(['skerry/proof/1', proof.nonce, proof.origin, proof.serverId]);
}

/** What the old key signs when a server changes its key. */
export function encodeKeyRotation(rotation: { serverId: string; from: Uint8Array; to: Uint8Array }): Uint8Array {
  return encode(['skerry/rotate/1', rotation.serverId, toBase64Url(rotation.from), toBase64Url(rotation.to)]);
}

/** What a runner of assistants signs of a challenge, with the key it was registered by, for a token. SPEC A-3. */
export function encodeRunnerLogin(login: {
  serverId: string;
  origin: string;
  nonce: string;
  expiry: number;
  publicKey: string;
}): Uint8Array {
  return encode(['skerry/runner/1', login.serverId, login.origin, login.nonce, String(login.expiry), login.publicKey]);
}

/** What a bot token sealed for a runner is bound to: it opens for this runner, account and token alone. SPEC A-4. */
export function encodeRunnerSeal(seal: {
  serverId: string;
  runner: string;
  account: string;
  token: string;
}): Uint8Array {
  return encode(['skerry/runner-token/1', seal.serverId, seal.runner, seal.account, seal.token]);
}

/** What a secret of assistants is bound to where it is stored. SPEC A-2. */
export function encodeStoredSecret(secret: { use: 'bot' | 'model'; account: string; row: string }): Uint8Array {
  return encode(['skerry/stored/1', secret.use, secret.account, secret.row]);
}
