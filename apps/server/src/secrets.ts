import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto';
import { fromBase64Url, toBase64Url, type SessionId } from '@skerry/protocol';

/** 32 random bytes, as a token or an invite's code. */
export function mintToken(): string {
  return toBase64Url(randomBytes(32));
}

/** What is kept of a token or a code: enough to know it again, useless to whoever reads the database. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

const READABLE = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** A code a person can type: 80 bits in four groups, without letters that look like others. */
export function mintTypedCode(): string {
  const group = () => Array.from({ length: 4 }, () => READABLE.charAt(randomInt(READABLE.length))).join('');
  return [group(), group(), group(), group()].join('-');
}

/** However it was typed: in small letters, without the dashes. */
export function normaliseTypedCode(code: string): string {
  const letters = code.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return letters.length === 16 ? (letters.match(/.{4}/g) ?? []).join('-') : code;
}

/**
 * A refresh token is 16 bytes that name its session and 16 bytes that only its holder knows. The name lets a token that
 * was traded in long ago be recognised as this session's: somebody else has it, and the session ends. T29.
 */
export function mintRefreshToken(session: SessionId): string {
  return joinRefreshToken(session, randomBytes(16));
}

/** The session a refresh token names; `undefined` for bytes that name none. */
export function sessionOfRefreshToken(token: string): SessionId | undefined {
  const bytes = fromBase64Url(token);
  if (bytes?.length !== 32) return undefined;
  const hex = Buffer.from(bytes.subarray(0, 16)).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as SessionId;
}

/** Always the same successor for the same token, so that an answer that got lost can be asked for again. */
export function successorOf(token: string, session: SessionId, key: Uint8Array): string {
  return joinRefreshToken(session, createHmac('sha256', key).update(token).digest().subarray(0, 16));
}

function joinRefreshToken(session: SessionId, secret: Uint8Array): string {
  return toBase64Url(Buffer.concat([Buffer.from(session.replaceAll('-', ''), 'hex'), secret]));
}
