import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { Agent as HttpsAgent, request as requestTls } from 'node:https';
import { StringDecoder } from 'node:string_decoder';
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
  const { method, url, headers, body, bytes, asBytes, timeoutMs, maxBytes, onProgress, onText, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new HttpError('aborted'));
    const isTls = url.startsWith('https:');
    const send = isTls ? requestTls : requestPlain;
    const size = bytes?.length ?? (body === null ? undefined : Buffer.byteLength(body));
    const length = size === undefined ? {} : { 'content-length': String(size) };
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
      const isSuccess = status >= 200 && status < 300;
      const isBytes = asBytes === true && isSuccess;
      const decoder = new StringDecoder('utf8');
      const onPart = (part: Buffer, moved: number): void => {
        if (isBytes) onProgress?.(moved);
        else if (isSuccess) onText?.(decoder.write(part));
      };
      read(answer, maxBytes, onPart).then(
        (content) => {
          settle();
          const head = { status, contentType: answer.headers['content-type'] ?? '' };
          // A copy of its own, since small buffers of Node share memory.
          resolve(
            isBytes
              ? { ...head, text: '', bytes: new Uint8Array(content) }
              : { ...head, text: content.toString('utf8') },
          );
        },
        (error: unknown) => fail(error instanceof HttpError ? error : new HttpError('unreachable', error)),
      );
    });
    if (bytes === undefined) sent.end(body ?? undefined);
    else upload(sent, bytes, onProgress);
  });
}

const PIECE = 256 * 1024;

function upload(sent: ClientRequest, bytes: Uint8Array, onProgress: ((moved: number) => void) | undefined): void {
  const next = (from: number): void => {
    if (sent.destroyed) return;
    if (from >= bytes.length) return void sent.end();
    const to = Math.min(bytes.length, from + PIECE);
    sent.write(bytes.subarray(from, to), (error) => {
      if (error !== null && error !== undefined) return;
      onProgress?.(to);
      next(to);
    });
  };
  next(0);
}

async function read(
  answer: IncomingMessage,
  maxBytes: number,
  onPart: (part: Buffer, moved: number) => void,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new HttpError('tooLarge');
    parts.push(part);
    onPart(part, bytes);
  }
  return Buffer.concat(parts);
}
