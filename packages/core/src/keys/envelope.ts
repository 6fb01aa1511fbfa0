import type { Envelope } from '@skerry/crypto';
import { toBase64Url } from '@skerry/protocol';

const KINDS = { message: 1, prekey: 2 } as const;

/** The body of an envelope on the wire: a first byte says what kind of Signal message follows. SPEC E-8. */
export function envelopeBody({ kind, body }: Envelope): string {
  const bytes = new Uint8Array(1 + body.length);
  bytes[0] = KINDS[kind];
  bytes.set(body, 1);
  return toBase64Url(bytes);
}
