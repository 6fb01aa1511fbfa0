import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { StaticSite } from '@skerry/server/static';

/** The built client. */
export const CLIENT = fileURLToPath(new URL('../../apps/client/dist', import.meta.url));

/** The client's files in hub mode on an origin of their own, which belongs to no server. */
export class Hub implements AsyncDisposable {
  readonly origin: string;
  readonly #http: Server;

  private constructor(http: Server) {
    this.#http = http;
    this.origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  static async start(): Promise<Hub> {
    const site = new StaticSite({ folder: CLIENT, mode: 'hub', welcome: '' });
    const http = createServer((request, response) => {
      if (!site.handle(request, response)) response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return new Hub(http);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
