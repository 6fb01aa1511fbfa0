import {
  encodeKeyRotation,
  encodeProof,
  fromBase64Url,
  type KeyRotation,
  type Proof,
  toBase64Url,
} from '@skerry/protocol';
import type { Crypto } from '../platform.ts';

/** What an entry remembers of its server. */
export type Pin = { readonly serverId: string; readonly key: string };

/** What was asked: the nonce is fresh, the origin is the one that was dialled. */
export type Asked = { readonly nonce: string; readonly origin: string };

export type Verdict =
  /** `key` differs from the pinned one only when the old key vouched for it. */
  | { readonly ok: true; readonly pin: Pin; readonly rotated: boolean }
  | { readonly ok: false; readonly problem: 'badSignature' | 'otherKey' };

/**
 * Decides whether an answer comes from the pinned server: its signature covers this nonce and this origin, and its key is
 * the pinned one or follows from it by rotations that each the older key signed. Without a pin any key it can prove will do.
 */
export async function verifyProof(
  crypto: Crypto,
  asked: Asked,
  answer: { proof: Proof; pin: Pin | null },
): Promise<Verdict> {
  const { proof, pin } = answer;
  const key = fromBase64Url(proof.key);
  const signature = fromBase64Url(proof.signature);
  if (key?.length !== 32 || signature?.length !== 64) return { ok: false, problem: 'badSignature' };
  const message = encodeProof({ nonce: asked.nonce, origin: asked.origin, serverId: proof.serverId });
  if (!(await crypto.verifyEd25519(key, signature, message))) return { ok: false, problem: 'badSignature' };
  const found: Pin = { serverId: proof.serverId, key: proof.key };
  if (pin === null) return { ok: true, pin: found, rotated: false };
  if (pin.serverId !== proof.serverId) return { ok: false, problem: 'otherKey' };
  if (pin.key === proof.key) return { ok: true, pin: found, rotated: false };
  const follows = await chainLeads(crypto, { pin, to: proof.key, rotations: proof.rotations });
  return follows ? { ok: true, pin: found, rotated: true } : { ok: false, problem: 'otherKey' };
}

/** Walks from the pinned key, each step signed by the key before it. Each rotation is used at most once, so it ends. */
async function chainLeads(
  crypto: Crypto,
  chain: { pin: Pin; to: string; rotations: readonly KeyRotation[] },
): Promise<boolean> {
  const left = [...chain.rotations];
  let at = chain.pin.key;
  while (at !== chain.to) {
    const index = left.findIndex((step) => step.from === at);
    const [step] = index < 0 ? [] : left.splice(index, 1);
    if (step === undefined || !(await vouches(crypto, chain.pin.serverId, step))) return false;
    at = step.to;
  }
  return true;
}

async function vouches(crypto: Crypto, serverId: string, step: KeyRotation): Promise<boolean> {
  const from = fromBase64Url(step.from);
  const to = fromBase64Url(step.to);
  const signature = fromBase64Url(step.signature);
  if (from?.length !== 32 || to?.length !== 32 || signature?.length !== 64) return false;
  return crypto.verifyEd25519(from, signature, encodeKeyRotation({ serverId, from, to }));
}

/** SHA-256 of a key, base64url, as links carry it. @throws RangeError when it is not base64url of 32 bytes */
export async function fingerprintOf(crypto: Crypto, key: string): Promise<string> {
  return toBase64Url(await digestOf(crypto, key));
}

/** The six words of a key, computed here and never taken from a server. @throws RangeError when it is not base64url of 32 bytes */
export async function wordsOf(crypto: Crypto, key: string): Promise<readonly string[]> {
  // The list of words is large and only needed when a server is added or its key changed.
  const { sixWords } = await import('@skerry/protocol/words');
  return sixWords(await digestOf(crypto, key));
}

async function digestOf(crypto: Crypto, key: string): Promise<Uint8Array> {
  const bytes = fromBase64Url(key);
  if (bytes?.length !== 32) throw new RangeError('A key has 32 bytes.');
  return crypto.sha256(bytes);
}
