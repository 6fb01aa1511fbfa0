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
  { method, url, headers, body, maxBytes }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method,
    headers,
    ...(body === null ? {} : { body }),
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
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    text: await readText(response, maxBytes),
  };
}

/** Reads no further than allowed, whatever the server says about the length. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new HttpError('tooLarge');
    }
    text += decoder.decode(value, { stream: true });
  }
}
