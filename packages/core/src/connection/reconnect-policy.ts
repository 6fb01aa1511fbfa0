import type { Random } from '../platform.ts';

export const BACKOFF = {
  floorMs: 500,
  firstMs: 1_000,
  capMs: 300_000,
  /** For the server the person looks at. */
  focusedCapMs: 60_000,
  /** A server may ask for more patience than the cap, but not for ever. */
  longestAskedMs: 3_600_000,
  /** Only a connection that stayed live this long shows that things are well again. */
  stableMs: 60_000,
} as const;

export type Try = {
  /** Tries since things were last well; 0 for the first. */
  readonly attempt: number;
  /** What the server asked to wait; null when it did not. */
  readonly retryAfterMs: number | null;
  readonly focused: boolean;
  /** No use to be quick: what ended it will hardly pass by itself. */
  readonly hopeless: boolean;
};

export type Delay = {
  readonly delayMs: number;
  /** Waking up may not shorten the wait below this. */ readonly leastMs: number;
};

/**
 * How long to wait before the next try: a floor, plus full jitter over a span that doubles, capped in total.
 * What the server asks for is honoured and spread by up to half of it, so that those it told do not return together.
 */
export function reconnectDelay(random: Random, { attempt, retryAfterMs, focused, hopeless }: Try): Delay {
  const cap = focused && !hopeless ? BACKOFF.focusedCapMs : BACKOFF.capMs;
  const span = hopeless ? BACKOFF.capMs : Math.min(cap, BACKOFF.firstMs * 2 ** Math.min(Math.max(attempt, 0), 30));
  const least = hopeless ? span / 2 : 0;
  const own = Math.min(cap, BACKOFF.floorMs + least + Math.floor(random.fraction() * (span - least)));
  if (retryAfterMs === null) return { delayMs: own, leastMs: 0 };
  const asked = Math.min(Math.max(0, retryAfterMs), BACKOFF.longestAskedMs);
  return { delayMs: Math.max(own, asked + Math.floor(random.fraction() * 0.5 * asked)), leastMs: asked };
}

/** The number of the next try after a connection ended that was live for `liveMs` (0 when it never was); 1 is the first after all was well. */
export function attemptAfter(attempt: number, liveMs: number): number {
  return liveMs >= BACKOFF.stableMs ? 1 : attempt + 1;
}
