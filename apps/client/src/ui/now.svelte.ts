import { createSubscriber } from 'svelte/reactivity';

/** The time as something a template can follow. */
export interface Ticker {
  /** Ms since 1970, renewed at the ticker's pace while somebody reads it. */
  readonly now: number;
}

function ticker(periodMs: number): Ticker {
  const follow = createSubscriber((update) => {
    const timer = setInterval(update, periodMs);
    return () => clearInterval(timer);
  });
  return {
    get now() {
      follow();
      return Date.now();
    },
  };
}

/** For countdowns. */
export const everySecond: Ticker = ticker(1000);

/** For ages and day headings. */
export const everyHalfMinute: Ticker = ticker(30_000);
