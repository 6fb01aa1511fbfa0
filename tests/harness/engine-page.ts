import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** The page's script, made of the same built packages as the client's. */
const ENTRY = fileURLToPath(new URL('../engines/page.ts', import.meta.url));
const PAGE = '<!doctype html><title>engine</title><script type="module" src="/page.js"></script>';

/** Serves a page that runs the storage rules, from this machine to itself. */
export async function serveEnginePage(): Promise<AsyncDisposable & { readonly url: string }> {
  const scripts = await bundle();
  const server = createServer((request, response) => {
    const script = scripts.get(path.basename(request.url ?? ''));
    response.setHeader('content-type', script === undefined ? 'text/html; charset=utf-8' : 'text/javascript');
    response.end(script ?? PAGE);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const made = await build({
    configFile: false,
    logLevel: 'error',
    root: path.dirname(ENTRY),
    build: {
      write: false,
      target: 'es2022',
      rollupOptions: { input: ENTRY, output: { entryFileNames: 'page.js', chunkFileNames: '[name].js' } },
    },
  });
  const scripts = new Map<string, string>();
  for (const { output } of Array.isArray(made) ? made : 'output' in made ? [made] : [])
    for (const file of output) if (file.type === 'chunk') scripts.set(path.basename(file.fileName), file.code);
  return scripts;
}
