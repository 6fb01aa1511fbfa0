import { LIMITS, toBase64Url } from '@skerry/protocol';
import type { Crypto } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import { type Picture, pictureType } from './picture.ts';

/** Where a server's picture lies on its own address, and nowhere else. */
const PATH = /^\/api\/server\/icon\/([A-Za-z0-9_-]{43})$/;

export type ServerIconDeps = {
  /** What the server last said. */
  readonly iconUrl: () => string | null;
  readonly live: () => boolean;
  /** Asks the address that proved itself. @throws SkerryError, ReachError */
  readonly fetch: (digest: string, signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** What is kept on this device, under one name. Rejects where nothing can be kept. */
  readonly kept: { get(): Promise<unknown>; set(picture: Picture | null): Promise<void> };
  readonly signal: AbortSignal;
};

/** The digest that an icon's address names; undefined for null and for any other address, whatever it may lead to. */
export function iconDigest(iconUrl: string | null): string | undefined {
  return iconUrl === null ? undefined : PATH.exec(iconUrl)?.[1];
}

/**
 * A server's picture: from this device at once, else from the server when it is live. It is shown only when it is small, is
 * one of three kinds by its own bytes, and has the digest its address names; everything else is as if there was none.
 */
export class ServerIcon {
  readonly #deps: ServerIconDeps;
  readonly #picture = new Value<Picture | null>(null);
  #shown: string | undefined;
  /** Not asked for again before the next connection. */
  #refused: string | undefined;
  #tail: Promise<void> = Promise.resolve();

  constructor(deps: ServerIconDeps) {
    this.#deps = deps;
    this.changed();
  }

  get picture(): Subscribable<Picture | null> {
    return this.#picture;
  }

  /** The server says another address now, or became live. */
  changed(): void {
    this.#tail = this.#tail.then(() => this.#follow()).catch(() => undefined);
  }

  /** There is another connection: what failed on the last one may be had on this. */
  connected(): void {
    this.#refused = undefined;
    this.changed();
  }

  async #follow(): Promise<void> {
    const { iconUrl, live, fetch, kept, signal } = this.#deps;
    const digest = iconDigest(iconUrl());
    if (digest === this.#shown && (digest !== undefined || this.#picture.get() === null)) return;
    if (digest === undefined) {
      this.#show(undefined, null);
      await kept.set(null);
      return;
    }
    if (this.#shown !== undefined) this.#show(undefined, null);
    const stored = await this.#read(await kept.get().catch(() => undefined), digest);
    if (stored !== undefined) return this.#show(digest, stored);
    if (!live() || digest === this.#refused || signal.aborted) return;
    const fetched = await fetch(digest, signal).then(
      (bytes) => this.#read({ bytes }, digest),
      () => undefined,
    );
    if (iconDigest(iconUrl()) !== digest) return this.changed();
    if (fetched === undefined) {
      this.#refused = digest;
      return;
    }
    this.#show(digest, fetched);
    await kept.set(fetched);
  }

  async #read(value: unknown, digest: string): Promise<Picture | undefined> {
    const bytes = typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : undefined;
    if (!(bytes instanceof Uint8Array) || bytes.length > LIMITS.iconBytes) return undefined;
    const type = pictureType(bytes);
    if (type === undefined || toBase64Url(await this.#deps.crypto.sha256(bytes)) !== digest) return undefined;
    return { type, bytes: bytes as Uint8Array<ArrayBuffer> };
  }

  #show(digest: string | undefined, picture: Picture | null): void {
    this.#shown = digest;
    this.#picture.set(picture);
  }
}
