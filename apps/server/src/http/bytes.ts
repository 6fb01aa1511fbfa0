import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { SkerryError } from '@skerry/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Bytes of one part; so much of an upload or a download is in memory at once. */
export const PART_BYTES = 256 * 1024;

/** A body of plain bytes as it comes in. SPEC P-30. @throws SkerryError too_large, bad_request when it was cut off */
export type BytesBody = AsyncIterable<Uint8Array>;

/** An answer of plain bytes. */
export type BytesAnswer = {
  readonly type: string;
  /** All of them together. */
  readonly size: number;
  readonly parts: AsyncIterable<Uint8Array>;
  /** `forever`: anyone may keep it, since what the address names never changes. */
  readonly cache: 'never' | 'forever';
};

export const OCTETS = 'application/octet-stream';

/**
 * The request's body in parts of {@link PART_BYTES}, the last one shorter. Nothing is read ahead of whoever asks, and
 * the request stays open for an answer when they stop asking.
 * @param most bytes
 * @throws SkerryError bad_request for another content type, too_large
 */
export function bytesBody(request: IncomingMessage, most: number): BytesBody {
  if (request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() !== OCTETS)
    throw new SkerryError('bad_request', { message: `The body must be plain bytes, with content-type ${OCTETS}.` });
  if (Number(request.headers['content-length'] ?? 0) > most) throw new SkerryError('too_large');
  return read(request, most);
}

async function* read(request: IncomingMessage, most: number): AsyncGenerator<Uint8Array> {
  // A buffer of its own each time: what is sent to another thread is copied whole.
  let part = Buffer.allocUnsafeSlow(PART_BYTES);
  let filled = 0;
  let total = 0;
  for await (const chunk of chunksOf(request)) {
    total += chunk.length;
    if (total > most) throw new SkerryError('too_large');
    for (let from = 0; from < chunk.length;) {
      const taken = chunk.copy(part, filled, from);
      from += taken;
      filled += taken;
      if (filled < PART_BYTES) continue;
      yield part;
      part = Buffer.allocUnsafeSlow(PART_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield new Uint8Array(part.subarray(0, filled));
}

async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false });
  } catch (cause) {
    throw new SkerryError('bad_request', { message: 'The upload was cut off.', cause });
  }
}

/** All of a body that is small. @throws SkerryError too_large, bad_request */
export async function wholeBody(body: BytesBody): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

/** Ciphertexts are told to be kept as a file and never in a cache; what is for everybody may be shown. */
export function sendBytes(request: FastifyRequest, reply: FastifyReply, answer: BytesAnswer): FastifyReply {
  const { type, size, parts, cache } = answer;
  void reply.headers({ 'content-type': type, 'content-length': size });
  if (cache === 'forever') void reply.header('cache-control', 'public, max-age=31536000, immutable');
  else void reply.headers({ 'cache-control': 'private, no-store', 'content-disposition': 'attachment' });
  // Whoever asks for the header alone costs no reading.
  return reply.send(Readable.from(request.method === 'HEAD' ? [] : parts, { objectMode: false }));
}
