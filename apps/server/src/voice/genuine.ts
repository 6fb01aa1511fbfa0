import { createHmac, timingSafeEqual } from 'node:crypto';

const HEADER = 20;
const COOKIE = 0x2112a442;
const MESSAGE_INTEGRITY = 0x0008;
/** Type and length of an attribute, and the 20 bytes of SHA-1. */
const INTEGRITY_BYTES = 24;
/** Addresses one person may be at: each network they have, before one is chosen. */
const MOST_ADDRESSES = 32;

/** A STUN message, as opposed to DTLS and SRTP. RFC 7983. */
const isStun = (data: Buffer): boolean =>
  data.length >= HEADER && (data.readUInt8(0) & 0xc0) === 0 && data.readUInt32BE(4) === COOKIE;

/** Whether a STUN message was made by somebody who has the password of this side. RFC 8489 14.5. */
function isSigned(data: Buffer, password: string): boolean {
  for (let at = HEADER; at + 4 <= data.length;) {
    const length = data.readUInt16BE(at + 2);
    if (data.readUInt16BE(at) === MESSAGE_INTEGRITY) {
      if (length !== 20 || at + INTEGRITY_BYTES > data.length) return false;
      const signed = Buffer.from(data.subarray(0, at));
      // What comes after counts as not there.
      signed.writeUInt16BE(at + INTEGRITY_BYTES - HEADER, 2);
      const expected = createHmac('sha1', password).update(signed).digest();
      return timingSafeEqual(expected, data.subarray(at + 4, at + INTEGRITY_BYTES));
    }
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return false;
}

/**
 * Whether what came to a port is from the person the port is for. The library answers, and takes for the client, whoever
 * sends a check, signed or not; so the unsigned are dropped before it, and so is everything from an address that never sent
 * a signed one. SPEC V-10.
 */
export class Genuine {
  readonly #addresses = new Set<string>();
  #password = '';

  /** @param answer the description that told the client the password */
  told(answer: string): void {
    this.#password = /^a=ice-pwd:(\S+)/m.exec(answer)?.[1] ?? '';
  }

  takes(data: Buffer, [host, port]: readonly [string, number]): boolean {
    const from = `${host} ${port}`;
    if (!isStun(data)) return this.#addresses.has(from);
    if (this.#password === '' || !isSigned(data, this.#password)) return false;
    if (this.#addresses.size < MOST_ADDRESSES) this.#addresses.add(from);
    return true;
  }
}
