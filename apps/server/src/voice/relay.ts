import { createHmac } from 'node:crypto';
import type { AccountId } from '@skerry/protocol';
import type { VoiceSayOf } from '@skerry/protocol/voice';

/** A TURN server of the operator's that takes credentials made with a shared secret, as coturn's `use-auth-secret`. */
export type RelayConfig = { readonly urls: readonly string[]; readonly secret: string };

/** A conversation longer than this asks anew when it reconnects. */
const LIFE_MS = 12 * 3_600_000;

/** Credentials of one person that end by themselves. */
export function relayFor(
  relay: RelayConfig | null,
  account: AccountId,
  now: number,
): VoiceSayOf<'joined'>['iceServers'] {
  if (relay === null) return [];
  const username = `${Math.floor((now + LIFE_MS) / 1_000)}:${account}`;
  const credential = createHmac('sha1', relay.secret).update(username).digest('base64');
  return [{ urls: [...relay.urls], username, credential }];
}
