import type { FastifyRequest } from 'fastify';

/** A request's header and its JSON are here by then; an upload may take longer. */
export const JSON_MS = 30_000;
export const UPLOAD_MS = 10 * 60_000;
/** What still comes of a body after its request was answered is thrown away for so long, so that the answer is read. */
const LEFTOVER_MS = 5_000;

/** Whoever sends JSON slower than this is not waited for. */
export async function hurry(request: FastifyRequest): Promise<void> {
  const { raw } = request;
  const late = setTimeout(() => raw.destroy(), JSON_MS);
  late.unref();
  raw.once('close', () => clearTimeout(late));
}

/** Lets the caller finish what it was sending when it was refused, for a while, so that it gets to read why. */
export function dropRest({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  const enough = setTimeout(() => raw.destroy(), LEFTOVER_MS);
  enough.unref();
  raw.once('close', () => clearTimeout(enough));
  raw.resume();
}
