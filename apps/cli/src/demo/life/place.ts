import type { SeedOptions } from '@skerry/server';

/** One of the two servers: who it is, what happened on it, and what people say there while one looks. */
export type Place = {
  readonly name: string;
  readonly description: string;
  /** @param now Unix milliseconds; the past ends there */
  life(now: number): SeedOptions['seed'];
  /** Short exchanges for later, each in one channel. */
  readonly later: readonly { readonly channel: string; readonly script: string }[];
};

const DAY = 86_400_000;

/** A time of day, so many days before `now`, in this machine's own time; moved into the past when it lies ahead. */
export function clockOf(now: number): (daysAgo: number, hour: number, minute?: number) => number {
  return (daysAgo, hour, minute = 0) => {
    const day = new Date(now);
    day.setHours(hour, minute, 0, 0);
    const at = day.getTime() - daysAgo * DAY;
    return at < now ? at : at - DAY;
  };
}
