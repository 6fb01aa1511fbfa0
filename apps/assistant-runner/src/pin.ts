import { createHash, createPublicKey, verify } from 'node:crypto';
import path from 'node:path';
import { encodeKeyRotation, encodeProof, fromBase64Url, type KeyRotation, type Proof } from '@skerry/protocol';
import { sixWords } from '@skerry/protocol/words';
import { readIfThere, replaceFile } from './files.ts';

/** What a runner remembers of its server. */
export type Pin = { readonly serverId: string; readonly key: string };

/** The one that answers is not the server this runner belongs to. */
export class OtherServerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OtherServerError';
  }
}

const FILE = 'server.json';

export function readPin(folder: string): Pin | null {
  const text = readIfThere(path.join(folder, FILE));
  return text === null ? null : (JSON.parse(text) as Pin);
}

export function keepPin(folder: string, pin: Pin): void {
  replaceFile(path.join(folder, FILE), `${JSON.stringify(pin)}\n`);
}

export function wordsOf(key: string): readonly string[] {
  return sixWords(createHash('sha256').update(bytesOf(key)).digest());
}

/**
 * Who answered, once it has shown that it holds its key; that key is the pinned one or follows from it, each step signed
 * by the key before.
 * @throws OtherServerError
 */
export function checkProof(asked: { nonce: string; origin: string }, proof: Proof, pin: Pin | null): Pin {
  const message = encodeProof({ ...asked, serverId: proof.serverId });
  if (!isSigned(message, proof.signature, proof.key))
    throw new OtherServerError('The server could not prove that it holds its key.');
  if (pin !== null && (pin.serverId !== proof.serverId || !leads(pin, proof)))
    throw new OtherServerError('Another server answers at this address, or its key was replaced without a word.');
  return { serverId: proof.serverId, key: proof.key };
}

/** Each step is used at most once, so the walk ends. */
function leads({ serverId, key }: Pin, proof: Proof): boolean {
  const left = [...proof.rotations];
  let at = key;
  while (at !== proof.key) {
    const index = left.findIndex(({ from }) => from === at);
    const [step] = index < 0 ? [] : left.splice(index, 1);
    if (step === undefined || !vouches(serverId, step)) return false;
    at = step.to;
  }
  return true;
}

function vouches(serverId: string, { from, to, signature }: KeyRotation): boolean {
  return isSigned(encodeKeyRotation({ serverId, from: bytesOf(from), to: bytesOf(to) }), signature, from);
}

function isSigned(bytes: Uint8Array, signature: string, key: string): boolean {
  const raw = fromBase64Url(signature);
  if (raw?.length !== 64 || fromBase64Url(key)?.length !== 32) return false;
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: key } });
  return verify(null, bytes, publicKey, raw);
}

function bytesOf(key: string): Uint8Array {
  return fromBase64Url(key) ?? new Uint8Array();
}
