import {
  type Http,
  type HttpAnswer,
  HttpError,
  type HttpRequest,
  type OpenTransport,
  type TransportEnd,
} from '../platform.ts';

/** The far end of one socket. */
export interface Peer {
  readonly url: string;
  readonly isOpen: boolean;
  send(frame: unknown): void;
  sendText(text: string): void;
  close(code: number, reason?: string): void;
}
export type PeerHandlers = { frame(text: string): void; closed(end: { code: number }): void };

/** What stands at one origin. */
export interface NetworkServer {
  /** @throws HttpError to fail as a network does */
  http(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
  /** Undefined refuses the upgrade. */
  socket(peer: Peer): PeerHandlers | undefined;
}

/** Everything that left the device: what a test about secrets looks through. */
export type Sent =
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | null;
    }
  | { readonly kind: 'dial'; readonly url: string }
  | { readonly kind: 'frame'; readonly url: string; readonly text: string };

/** A network of servers in memory that records every request and frame, and never delivers in the same turn. */
export class ScriptedNetwork {
  readonly sent: Sent[] = [];
  readonly #servers = new Map<string, NetworkServer>();
  readonly #open = new Map<string, number>();
  /** The most sockets that were open or opening to one origin at the same time. */
  readonly mostAtOnce = new Map<string, number>();
  down = false;

  serve(origin: string, server: NetworkServer | undefined): void {
    if (server === undefined) this.#servers.delete(origin);
    else this.#servers.set(origin, server);
  }

  readonly http: Http = {
    request: async (request) => {
      if (request.signal.aborted) throw new HttpError('aborted');
      this.sent.push({ kind: 'http', url: request.url, headers: request.headers, body: request.body });
      await Promise.resolve();
      const server = this.#at(request.url);
      if (server === undefined) throw new HttpError('unreachable');
      const answer = await server.http(request);
      if (request.signal.aborted) throw new HttpError('aborted');
      if (answer.status >= 300 && answer.status < 400) throw new HttpError('redirected');
      if (answer.text.length > request.maxBytes) throw new HttpError('tooLarge');
      if (answer.status < 300) for (const piece of answer.text.match(/[^]{1,7}/g) ?? []) request.onText?.(piece);
      return answer;
    },
  };

  readonly openTransport: OpenTransport = (url, { maxBytes }, handlers) => {
    this.sent.push({ kind: 'dial', url });
    const origin = originOf(url);
    this.#count(origin, 1);
    let state: 'opening' | 'open' | 'closed' = 'opening';
    let far: PeerHandlers | undefined;
    const end = (told: TransportEnd): void => {
      if (state === 'closed') return;
      state = 'closed';
      this.#count(origin, -1);
      queueMicrotask(() => handlers.ended(told));
    };
    const peer: Peer = {
      url,
      get isOpen() {
        return state === 'open';
      },
      send: (frame) => peer.sendText(JSON.stringify(frame)),
      sendText: (text) => {
        if (text.length > maxBytes) return end({ code: 1006, reason: '', opened: true });
        queueMicrotask(() => {
          if (state === 'open') handlers.frame(text);
        });
      },
      // After what was sent before it.
      close: (code, reason = '') => queueMicrotask(() => end({ code, reason, opened: true })),
    };
    queueMicrotask(() => {
      if (state !== 'opening') return;
      far = this.#at(url)?.socket(peer);
      if (far === undefined) return end({ code: 1006, reason: '', opened: false });
      state = 'open';
      handlers.opened();
    });
    return {
      send: (text) => {
        if (state !== 'open') return;
        this.sent.push({ kind: 'frame', url, text });
        queueMicrotask(() => {
          if (state === 'open') far?.frame(text);
        });
      },
      close: (code) => {
        if (state === 'closed') return;
        state = 'closed';
        this.#count(origin, -1);
        queueMicrotask(() => far?.closed({ code }));
        queueMicrotask(() => handlers.ended({ code, reason: '', opened: far !== undefined }));
      },
      buffered: 0,
    };
  };

  #at(url: string): NetworkServer | undefined {
    return this.down ? undefined : this.#servers.get(originOf(url));
  }

  #count(origin: string, by: 1 | -1): void {
    const open = (this.#open.get(origin) ?? 0) + by;
    this.#open.set(origin, open);
    this.mostAtOnce.set(origin, Math.max(open, this.mostAtOnce.get(origin) ?? 0));
  }
}

/** Of http and socket addresses alike. */
function originOf(url: string): string {
  return new URL(url.replace(/^ws/, 'http')).origin;
}
