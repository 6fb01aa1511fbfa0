import type { Subscribable } from './subscribable.ts';
import type { CacheStore, RegistryStore, StateStore, VaultStore } from './stores/stores.ts';
import type { Subtle } from './keys/subtle.ts';
import type { EntryId } from './views.ts';

/** Time, as the only way the core waits. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Runs `task` once after `ms`. @returns cancel */
  after(ms: number, task: () => void): () => void;
}

export interface Random {
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array;
  /** 0 <= x < 1, for jitter only. */
  fraction(): number;
}

export type WakeReason = 'online' | 'resumed' | 'focused';

/** What the device knows of its network and its person. `online` false is a hint, never a reason not to try. */
export interface Connectivity {
  readonly online: Subscribable<boolean>;
  /** Nobody has used this device here for some minutes; others are told that the person is away. */
  readonly idle: Subscribable<boolean>;
  onWake(listener: (reason: WakeReason) => void): () => void;
}

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** A body of plain bytes instead. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** An answer that is a success comes as plain bytes. */
  readonly asBytes?: boolean;
  /** Bytes that have gone up or come down so far; not every platform can tell of those that go up. */
  readonly onProgress?: (moved: number) => void;
  /** The text of an answer that is a success, in the pieces it comes in. Must not throw. */
  readonly onText?: (piece: string) => void;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number;
  /** Bytes of answer after which it is cut off and fails. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};
export type HttpAnswer = {
  readonly status: number;
  readonly contentType: string;
  /** Empty where `bytes` were asked for and came. */
  readonly text: string;
  readonly bytes?: Uint8Array<ArrayBuffer>;
};
export type HttpFailure = 'unreachable' | 'timeout' | 'redirected' | 'tooLarge' | 'aborted';

/** Sends no cookies, follows no redirect. Only a server's context may call it. @throws HttpError */
export interface Http {
  request(request: HttpRequest): Promise<HttpAnswer>;
}

export class HttpError extends Error {
  readonly failure: HttpFailure;
  constructor(failure: HttpFailure, cause?: unknown) {
    super(failure, { cause });
    this.name = 'HttpError';
    this.failure = failure;
  }
}

export type TransportEnd = { readonly code: number; readonly reason: string; readonly opened: boolean };

/** One WebSocket, reduced to what the connection needs. Frames are text; a larger one than `maxBytes` closes it. */
export interface Transport {
  send(frame: string): void;
  close(code: number, reason: string): void;
  /** Bytes handed over and not yet sent. */
  readonly buffered: number;
}
export type TransportHandlers = { opened(): void; frame(text: string): void; ended(end: TransportEnd): void };
export type OpenTransport = (url: string, options: { maxBytes: number }, handlers: TransportHandlers) => Transport;

export interface Crypto {
  /** Ed25519 (RFC 8032) over raw 32-byte keys. False for anything malformed. */
  verifyEd25519(key: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean>;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
}

/** One live client per storage: a lock that another tab can ask for. */
export interface TabLock {
  /**
   * Resolves true when held, false when another tab holds it and neither `steal` nor `wait` is set. With `steal`, takes it from
   * the holder, whose `lost` is then called; with `wait`, waits until the holder lets go. Aborting `signal` lets go.
   */
  acquire(options: { steal: boolean; wait: boolean; lost: () => void; signal: AbortSignal }): Promise<boolean>;
  /** Hands a link to the tab that lives. */
  handOver(link: string): void;
  onHandedOver(listener: (link: string) => void): () => void;
}

/** Per-entry databases, made and deleted by name. */
export interface Storage {
  registry(): Promise<RegistryStore>;
  vault(): Promise<VaultStore>;
  state(entry: EntryId): Promise<StateStore>;
  cache(entry: EntryId): Promise<CacheStore>;
  /** Deletes state and cache of an entry; the others stay byte-equal. */
  destroy(entry: EntryId): Promise<void>;
}

/** Everything the core needs from outside. One object, made by an adapter. */
export type Platform = {
  readonly clock: Clock;
  readonly random: Random;
  readonly connectivity: Connectivity;
  readonly http: Http;
  readonly openTransport: OpenTransport;
  readonly crypto: Crypto;
  /** WebCrypto; null on a page over plain http, where there can be no keys of a person. */
  readonly subtle: Subtle | null;
  readonly storage: Storage;
  readonly tabLock: TabLock;
  /** How this device calls itself to servers ("Firefox on Linux"). */
  readonly deviceLabel: string;
};
