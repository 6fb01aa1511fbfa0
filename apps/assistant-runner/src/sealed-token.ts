import { createDecipheriv, hkdfSync } from 'node:crypto';
import { encodeRunnerSeal, fromBase64Url } from '@skerry/protocol';
import type { RunnerKeys } from './runner-keys.ts';

const KEY = 32;
const IV = 12;
const TAG = 16;

/** What a sealed token is bound to: it opens for this server, runner, account and token alone. */
export type SealedFor = {
  readonly serverId: string;
  readonly runner: string;
  readonly account: string;
  readonly token: string;
};

/**
 * Opens a bot token that the server sealed for this runner. SPEC A-4.
 * @throws Error when it was sealed for another one, or changed
 */
export function openToken(keys: RunnerKeys, sealed: string, bound: SealedFor): string {
  const bytes = fromBase64Url(sealed);
  if (bytes === undefined || bytes.length <= KEY + IV + TAG) throw new Error('A sealed token is too short.');
  const ephemeral = bytes.subarray(0, KEY);
  const own = fromBase64Url(keys.boxKey) ?? new Uint8Array();
  const info = encodeRunnerSeal(bound);
  const key = Buffer.from(hkdfSync('sha256', keys.agree(ephemeral), Buffer.concat([ephemeral, own]), info, KEY));
  const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(KEY, KEY + IV), { authTagLength: TAG });
  cipher.setAAD(info);
  cipher.setAuthTag(bytes.subarray(-TAG));
  return Buffer.concat([cipher.update(bytes.subarray(KEY + IV, -TAG)), cipher.final()]).toString('utf8');
}
