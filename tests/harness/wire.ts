import type { Platform, Transport } from '@skerry/core';

export type WireLine =
  | {
      readonly way: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | null;
    }
  | { readonly way: 'dial'; readonly url: string }
  | { readonly way: 'up' | 'down'; readonly url: string; readonly frame: string };

/** Stands between a client and its network: sees everything that passes and can cut it. */
export class Wire {
  readonly lines: WireLine[] = [];
  /** Whether a line is worth keeping; a long run sees very many. */
  keeps: (line: WireLine) => boolean = () => true;
  /** Asked for each frame from a server before it is handed on; false cuts the socket instead. */
  letDown: (frame: string, url: string) => boolean = () => true;
  readonly #open = new Map<Transport, { url: string; end: () => void }>();
  #severed = false;

  /** The same platform with its network going through here. */
  around(platform: Platform): Platform {
    return {
      ...platform,
      http: {
        request: async (request) => {
          if (this.#severed) return new Promise(() => undefined);
          const { url, headers, body } = request;
          this.#note({ way: 'http', url, headers, body });
          return platform.http.request(request);
        },
      },
      openTransport: (url, options, handlers) => {
        this.#note({ way: 'dial', url });
        let over = false;
        const end = (): void => {
          if (over) return;
          over = true;
          this.#open.delete(seen);
          inner.close(1000, '');
          if (!this.#severed) handlers.ended({ code: 1006, reason: '', opened: true });
        };
        const inner = platform.openTransport(url, options, {
          opened: () => {
            if (!over) handlers.opened();
          },
          frame: (frame) => {
            if (over || this.#severed) return;
            this.#note({ way: 'down', url, frame });
            if (this.letDown(frame, url)) handlers.frame(frame);
            else end();
          },
          ended: (how) => {
            this.#open.delete(seen);
            if (!over) handlers.ended(how);
            over = true;
          },
        });
        const seen: Transport = {
          send: (frame) => {
            if (over || this.#severed) return;
            this.#note({ way: 'up', url, frame });
            inner.send(frame);
          },
          close: (code, reason) => inner.close(code, reason),
          get buffered() {
            return inner.buffered;
          },
        };
        this.#open.set(seen, { url, end });
        return seen;
      },
    };
  }

  #note(line: WireLine): void {
    if (this.keeps(line)) this.lines.push(line);
  }

  /** Cuts every socket, or those to one origin. */
  cut(origin?: string): void {
    const prefix = origin?.replace(/^http/, 'ws');
    for (const { url, end } of [...this.#open.values()]) if (prefix === undefined || url.startsWith(prefix)) end();
  }

  /** The process is gone: nothing passes any more in either direction, and nobody is told. */
  sever(): void {
    this.#severed = true;
    for (const { end } of [...this.#open.values()]) end();
  }

  /** Frames sent to an origin, parsed. */
  sentTo(origin: string): { t: string; [field: string]: unknown }[] {
    const prefix = origin.replace(/^http/, 'ws');
    return this.lines.flatMap((line) =>
      line.way === 'up' && line.url.startsWith(prefix) ? [JSON.parse(line.frame) as { t: string }] : [],
    );
  }
}
