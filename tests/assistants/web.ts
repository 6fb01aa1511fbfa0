import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Web = AsyncDisposable & { readonly url: string };

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<Web> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A page at every path, each with a sentence about the harbour and its own mark. */
export function servePages(): Promise<Web> {
  return serve(async ({ url = '/' }, response) => {
    if (url === '/robots.txt') return void response.writeHead(404).end();
    const words = `The harbour opens at nine, says mark-${url.slice(1)}. `.repeat(6);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(
      `<!doctype html><html><head><title>Harbour</title></head><body><article><h1>Harbour</h1><p>${words}</p></article></body></html>`,
    );
  });
}

/** An OpenAI-compatible model that says which marks it was told of before the question, and no more. */
export function serveModel(): Promise<Web> {
  return serve(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { messages } = JSON.parse(Buffer.concat(parts).toString()) as {
      messages: { role: string; content: unknown }[];
    };
    const told = JSON.stringify(messages.filter(({ role }) => role === 'system'));
    const marks = [...new Set(told.match(/mark-[a-z]+-[a-z]+/g))].sort().join(' ');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (choices: unknown[], more: object = {}) =>
      response.write(
        `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`,
      );
    chunk([{ index: 0, delta: { role: 'assistant', content: marks }, finish_reason: null }]);
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);
    chunk([], { usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 } });
    response.end('data: [DONE]\n\n');
  });
}
