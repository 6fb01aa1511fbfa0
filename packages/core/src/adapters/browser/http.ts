import { type Http, type HttpAnswer, HttpError, type HttpRequest } from '../../platform.ts';

/**
 * Requests by `fetch`, without cookies, cache or referrer. A redirect is never followed: with `manual` it comes back as a
 * marked, empty answer, which tells it apart from a network that failed.
 */
export const fetchHttp: Http = {
  async request(request) {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new HttpError('timeout')), request.timeoutMs);
    const abort = (): void => limit.abort(new HttpError('aborted'));
    request.signal.addEventListener('abort', abort, { once: true });
    try {
      if (request.signal.aborted) throw new HttpError('aborted');
      return await exchange(request, limit.signal);
    } catch (error) {
      if (error instanceof HttpError) throw error;
      if (limit.signal.reason instanceof HttpError) throw limit.signal.reason;
      throw new HttpError('unreachable', error);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', abort);
    }
  },
};

async function exchange(
  { method, url, headers, body, bytes, asBytes, maxBytes, onProgress, onText }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method,
    headers,
    ...(bytes === undefined ? (body === null ? {} : { body }) : { body: bytes }),
    redirect: 'manual',
    credentials: 'omit',
    mode: 'cors',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    signal,
  });
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
    await response.body?.cancel();
    throw new HttpError('redirected');
  }
  // Only now is it known that all of it has gone up: `fetch` tells nothing on the way.
  if (bytes !== undefined) onProgress?.(bytes.length);
  const head = { status: response.status, contentType: response.headers.get('content-type') ?? '' };
  if (asBytes === true && response.ok) {
    const parts: Uint8Array[] = [];
    const length = await readAll(response, maxBytes, (part, moved) => {
      parts.push(part);
      onProgress?.(moved);
    });
    return { ...head, text: '', bytes: joined(parts, length) };
  }
  const decoder = new TextDecoder();
  let text = '';
  const take = (piece: string): void => {
    text += piece;
    if (response.ok && piece !== '') onText?.(piece);
  };
  await readAll(response, maxBytes, (part) => take(decoder.decode(part, { stream: true })));
  take(decoder.decode());
  return { ...head, text };
}

/** Reads no further than allowed, whatever the server says about the length. @returns how much it was */
async function readAll(
  response: Response,
  maxBytes: number,
  take: (part: Uint8Array, moved: number) => void,
): Promise<number> {
  const reader = response.body?.getReader();
  let moved = 0;
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return moved;
    moved += next.value.byteLength;
    if (moved > maxBytes) {
      await reader?.cancel();
      throw new HttpError('tooLarge');
    }
    take(next.value, moved);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
