import { createHash } from 'node:crypto';

export type Bucket = { readonly limit: number; readonly windowMs: number };
export type Verdict = {
  readonly isAllowed: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfterS: number;
  readonly isGlobal: boolean;
};

/** Buckets by route and what it is about, and one over all of a token. */
export class RateLimits {
  readonly #windows = new Map<string, { left: number; resetAt: number }>();
  /** How often somebody was told to wait. */
  refused = 0;
  messages: Bucket = { limit: 5, windowMs: 5_000 };
  other: Bucket = { limit: 50, windowMs: 1_000 };
  global: Bucket = { limit: 50, windowMs: 1_000 };
  /** Says nothing of buckets beforehand, so that nobody can wait in time. */
  isSilent = false;

  take(request: { token: string; route: string; about: string; isMessage: boolean }): Verdict {
    const { token, route, about, isMessage } = request;
    const all = this.#take(`global ${token}`, this.global);
    if (all.left < 0) return this.#refuse(all, this.global, { isGlobal: true, name: 'global' });
    const bucket = isMessage ? this.messages : this.other;
    const name = createHash('md5').update(route).digest('hex');
    const window = this.#take(`${token} ${route} ${about}`, bucket);
    if (window.left < 0) return this.#refuse(window, bucket, { isGlobal: false, name });
    return { isAllowed: true, headers: this.#headers(window, bucket, name), retryAfterS: 0, isGlobal: false };
  }

  #take(key: string, { limit, windowMs }: Bucket): { left: number; resetAt: number } {
    const now = Date.now();
    const known = this.#windows.get(key);
    const window = known !== undefined && known.resetAt > now ? known : { left: limit, resetAt: now + windowMs };
    window.left -= 1;
    this.#windows.set(key, window);
    return window;
  }

  #refuse(
    window: { left: number; resetAt: number },
    bucket: Bucket,
    why: { isGlobal: boolean; name: string },
  ): Verdict {
    this.refused += 1;
    const retryAfterS = Math.max(0.001, (window.resetAt - Date.now()) / 1000);
    const scope = why.isGlobal
      ? { 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' }
      : { 'x-ratelimit-scope': 'user' };
    const headers = {
      ...(why.isGlobal ? {} : this.#headers({ ...window, left: 0 }, bucket, why.name)),
      'retry-after': String(retryAfterS),
      ...scope,
    };
    return { isAllowed: false, headers, retryAfterS, isGlobal: why.isGlobal };
  }

  #headers(window: { left: number; resetAt: number }, bucket: Bucket, name: string): Record<string, string> {
    if (this.isSilent) return {};
    return {
      'x-ratelimit-limit': String(bucket.limit),
      'x-ratelimit-remaining': String(Math.max(0, window.left)),
      'x-ratelimit-reset': String(window.resetAt / 1000),
      'x-ratelimit-reset-after': String(Math.max(0, (window.resetAt - Date.now()) / 1000)),
      'x-ratelimit-bucket': name,
    };
  }
}
