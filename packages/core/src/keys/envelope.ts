import type { Envelope } from '@skerry/crypto';
import { fromBase64Url, toBase64Url } from '@skerry/protocol';

const KINDS = { message: 1, prekey: 2 } as const;

/** The body of an envelope on the wire: a first byte says what kind of Signal message follows. SPEC E-8. */
export function envelopeBody({ kind, body }: Envelope): string {
  const bytes = new Uint8Array(1 + body.length);
  bytes[0] = KINDS[kind];
  bytes.set(body, 1);
  return toBase64Url(bytes);
}

/** Undefined for what is none. */
export function readEnvelope(text: string): Envelope | undefined {
  const bytes = fromBase64Url(text);
  const kind = bytes?.[0] === KINDS.message ? 'message' : bytes?.[0] === KINDS.prekey ? 'prekey' : undefined;
  return bytes && kind && { kind, body: bytes.slice(1) };
}
