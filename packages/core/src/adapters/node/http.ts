import { Agent as HttpAgent, type IncomingMessage, request as requestPlain } from 'node:http';
import { Agent as HttpsAgent, request as requestTls } from 'node:https';
import { type Http, type HttpAnswer, HttpError, type HttpRequest } from '../../platform.ts';

/** Requests on kept-alive connections. Node follows no redirect by itself, and here one is an error. */
export function nodeHttp(): Http {
  const agents = {
    plain: new HttpAgent({ keepAlive: true, maxSockets: 8 }),
    tls: new HttpsAgent({ keepAlive: true, maxSockets: 8 }),
  };
  return { request: (request) => exchange(request, agents) };
}

function exchange(options: HttpRequest, agents: { plain: HttpAgent; tls: HttpsAgent }): Promise<HttpAnswer> {
  const { method, url, headers, body, timeoutMs, maxBytes, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new HttpError('aborted'));
    const isTls = url.startsWith('https:');
    const send = isTls ? requestTls : requestPlain;
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = send(url, { method, headers: { ...headers, ...length }, agent: isTls ? agents.tls : agents.plain });
    const fail = (error: HttpError): void => {
      settle();
      sent.destroy();
      reject(error);
    };
    const abort = (): void => fail(new HttpError('aborted'));
    const timer = setTimeout(() => fail(new HttpError('timeout')), timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort, { once: true });
    sent.on('error', (error) => fail(new HttpError('unreachable', error)));
    sent.on('response', (answer) => {
      const status = answer.statusCode ?? 0;
      if (status >= 300 && status < 400) return fail(new HttpError('redirected'));
      read(answer, maxBytes).then(
        (text) => {
          settle();
          resolve({ status, contentType: answer.headers['content-type'] ?? '', text });
        },
        (error: unknown) => fail(error instanceof HttpError ? error : new HttpError('unreachable', error)),
      );
    });
    sent.end(body ?? undefined);
  });
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new HttpError('tooLarge');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
