import { type Proof, toBase64Url } from '@skerry/protocol';
import { unlessAborted } from '../abort.ts';
import { callOpen } from '../api/api.ts';
import { type Asked, type Pin, verifyProof, wordsOf } from '../connection/proof.ts';
import { IdentityError, ReachError } from '../errors.ts';
import type { Clock, Crypto, Http, Random } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';

export type IdentityDeps = {
  readonly http: Http;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  /** Null trusts the first key that is proved: only for a page its own server delivered. */
  readonly pin: () => Pin | null;
  /** The person's addresses of this server, in order; read anew each time. */
  readonly origins: () => readonly string[];
  /** The server showed a key that the pinned one vouched for, or its first one. Called before anything secret leaves. */
  readonly onPin: (pin: Pin, words: readonly string[]) => void;
  readonly onMismatch: (error: IdentityError) => void;
  /** Ends with whoever owns this. */
  readonly signal: AbortSignal;
};

/** Knows which address has proved to be the pinned server, and when. Nothing secret leaves for an address without it. */
export class Identity {
  readonly #deps: IdentityDeps;
  readonly #provenAt = new Map<string, number>();
  readonly #checks = new Map<string, Promise<void>>();
  readonly #inUse = new Value<string | null>(null);
  #held: string | null = null;

  constructor(deps: IdentityDeps) {
    this.#deps = deps;
  }

  /** The address that last proved itself; null until one did. */
  get inUse(): Subscribable<string | null> {
    return this.#inUse;
  }

  /** Fresh for each question, so that an answer cannot be replayed. */
  nonce(): string {
    return toBase64Url(this.#deps.random.bytes(32));
  }

  /**
   * Judges an answer to `asked`, by socket or HTTP.
   * @throws IdentityError when it is not the pinned server
   */
  async check(asked: Asked, proof: Proof): Promise<void> {
    const pin = this.#deps.pin();
    const verdict = await verifyProof(this.#deps.crypto, asked, { proof, pin });
    if (!verdict.ok) {
      this.forget();
      const words = await wordsOf(this.#deps.crypto, proof.key).catch(() => []);
      const error = new IdentityError(verdict.problem, { serverId: proof.serverId, key: proof.key, words });
      this.#deps.onMismatch(error);
      throw error;
    }
    if (pin === null || verdict.rotated)
      this.#deps.onPin(verdict.pin, await wordsOf(this.#deps.crypto, verdict.pin.key));
    this.#provenAt.set(asked.origin, this.#deps.clock.now());
    this.#inUse.set(asked.origin);
  }

  /**
   * While a socket that proved itself lives, its address counts as proved. Null when it has gone: from then on only the age
   * of the proof counts, since whoever made the socket end may be the one who answers next. SPEC P-28.
   */
  hold(origin: string | null): void {
    this.#held = origin;
  }

  /** Every address has to prove itself again. */
  forget(): void {
    this.#held = null;
    this.#provenAt.clear();
  }

  /**
   * An address that proved itself within `maxAgeMs`, asking them in order when none has.
   * @throws IdentityError as soon as one shows another key · ReachError when none answers
   */
  async proven(maxAgeMs: number, signal: AbortSignal): Promise<string> {
    const used = this.#inUse.get();
    const known = this.#deps.origins();
    const origins =
      used !== null && known.includes(used) ? [used, ...known.filter((origin) => origin !== used)] : known;
    const ready = origins.find((origin) => this.#isProven(origin, maxAgeMs));
    if (ready !== undefined) return ready;
    let failure: unknown = new ReachError({ kind: 'unreachable' });
    for (const origin of origins) {
      try {
        await unlessAborted(this.#ask(origin), signal);
        return origin;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ReachError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  #isProven(origin: string, maxAgeMs: number): boolean {
    if (origin === this.#held && maxAgeMs >= HELD_FROM_MS) return true;
    const at = this.#provenAt.get(origin);
    if (at === undefined) return false;
    const age = this.#deps.clock.now() - at;
    return age >= 0 && age <= maxAgeMs;
  }

  /** Many who need the same proof at once wait for one, which none of them can call off for the others. */
  #ask(origin: string): Promise<void> {
    const running = this.#checks.get(origin);
    if (running !== undefined) return running;
    const check = this.#askNow(origin).finally(() => this.#checks.delete(origin));
    this.#checks.set(origin, check);
    return check;
  }

  async #askNow(origin: string): Promise<void> {
    const { http, signal } = this.#deps;
    const nonce = this.nonce();
    const proof = await callOpen(http, { origin, name: 'proof' }, { body: { nonce, origin }, signal });
    await this.check({ nonce, origin }, proof);
  }
}

/** A held address vouches for ordinary requests; those that carry a password or a refresh token ask again. */
const HELD_FROM_MS = 60_000;
