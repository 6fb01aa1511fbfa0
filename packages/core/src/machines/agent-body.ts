import { type AgentBody, encodeAgentBody } from '@skerry/protocol/agents';
import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import type { Random } from '../platform.ts';
import type { Subtle } from '../keys/subtle.ts';

const NONCE = 12;
const TAG = 16;

/** Of whom and what a body is: a server cannot put one in another's place. */
export type BodyPlace = {
  readonly serverId: string;
  readonly account: string;
  readonly machine: number;
  readonly body: AgentBody;
};

/** Encrypts a body under a key of 32 bytes: AES-256-GCM with a random nonce in front. SPEC M-13. @returns base64url */
export async function sealAgentBody(
  plain: Uint8Array,
  place: BodyPlace,
  by: { readonly key: Uint8Array; readonly subtle: Subtle; readonly random: Random },
): Promise<string> {
  const nonce = Uint8Array.from(by.random.bytes(NONCE));
  const additionalData = Uint8Array.from(encodeAgentBody(place));
  const key = await by.subtle.importKey('raw', Uint8Array.from(by.key), { name: 'AES-GCM' }, false, ['encrypt']);
  const sealed = await by.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData }, key, Uint8Array.from(plain));
  const bytes = new Uint8Array(NONCE + sealed.byteLength);
  bytes.set(nonce);
  bytes.set(new Uint8Array(sealed), NONCE);
  return toBase64Url(bytes);
}

/** Opens a body with the first of the keys that does. @returns undefined where none does */
export async function openAgentBody(
  body: string,
  place: BodyPlace,
  by: { readonly keys: readonly Uint8Array[]; readonly subtle: Subtle },
): Promise<Uint8Array | undefined> {
  const bytes = fromBase64Url(body);
  if (bytes === undefined || bytes.length < NONCE + TAG) return undefined;
  const iv = Uint8Array.from(bytes.subarray(0, NONCE));
  const sealed = Uint8Array.from(bytes.subarray(NONCE));
  const additionalData = Uint8Array.from(encodeAgentBody(place));
  for (const one of by.keys) {
    try {
      const key = await by.subtle.importKey('raw', Uint8Array.from(one), { name: 'AES-GCM' }, false, ['decrypt']);
      return new Uint8Array(await by.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, sealed));
    } catch {
      // Another key of the same thing, or none.
    }
  }
  return undefined;
}
