import type { Clock, Random } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Replica } from '../sync/replica.ts';
import { PAGE_LIMIT, type Pager } from './pager.ts';
import { newestSpan } from './spans.ts';

export type PrefetchDeps = {
  readonly replica: Replica;
  readonly pager: Pager;
  readonly clock: Clock;
  readonly random: Random;
  readonly live: Subscribable<boolean>;
  readonly isFocused: () => boolean;
  readonly signal: AbortSignal;
};

/** Channels of which the newest page is fetched unasked: of the server one looks at, and of each other one. */
const FOCUSED_CHANNELS = 20;
const OTHER_CHANNELS = 5;
/** Servers one does not look at wait up to this long, so that a hundred of them don't ask at once. */
const OTHERS_WAIT_MS = 10_000;

/**
 * Fetches the newest page of the channels where something happened lately, one after the other, so that opening one
 * shows messages at once, and so does a start without any server.
 */
export async function prefetch(deps: PrefetchDeps): Promise<void> {
  const { replica, pager, clock, random, live, signal } = deps;
  const isFocused = deps.isFocused();
  if (!isFocused) await clock.sleep(1_000 + random.fraction() * OTHERS_WAIT_MS, signal);
  const rows = [...replica.tables.channels.values()].filter(
    // What is encrypted comes by itself, and is kept.
    ({ member, lastAt, channel }) => member && lastAt > 0 && channel.sealed === undefined,
  );
  rows.sort((a, b) => b.lastAt - a.lastAt);
  for (const { channel } of rows.slice(0, isFocused ? FOCUSED_CHANNELS : OTHER_CHANNELS)) {
    if (!live.get() || signal.aborted) return;
    const row = replica.tables.channels.get(channel.id);
    if (row?.member !== true) continue;
    const span = newestSpan(row.spans, row.head);
    if (span !== undefined && (span.from === 0 || row.head - span.from >= PAGE_LIMIT)) continue;
    await pager.load(channel.id, { kind: 'newest' }, signal);
  }
}
