import type { Ask, Machine, MachinesItem, MachinesSnapshot, PairingNotice, Run } from '@skerry/protocol';

/** What one server says of its account's machines: states by id, of each the newest by its `rev`. */
export type Heard = {
  readonly machines: ReadonlyMap<number, Machine>;
  readonly runs: ReadonlyMap<string, Run>;
  readonly asks: ReadonlyMap<string, Ask>;
  readonly pairings: ReadonlyMap<string, PairingNotice>;
};

export const NOTHING: Heard = { machines: new Map(), runs: new Map(), asks: new Map(), pairings: new Map() };

/** Far more than is shown; with more, what changed longest ago is let go, and what is over first. T34 */
const MOST = { machines: 1_000, runs: 2_000, asks: 2_000, pairings: 50 };

/**
 * The whole state as it was read, in the place of what was known, except for what events told that happened since. Nothing of
 * another server is in here, so nothing of one can go with it. S2.27
 */
export function withSnapshot(heard: Heard, snapshot: MachinesSnapshot): Heard {
  const { account } = snapshot;
  return {
    machines: replaced(heard.machines, snapshot.machines, { account, id: ({ device }) => device }),
    runs: replaced(heard.runs, snapshot.runs, { account, id: ({ id }) => id }),
    asks: replaced(heard.asks, snapshot.asks, { account, id: ({ id }) => id }),
    pairings: heard.pairings,
  };
}

/** One state that an event told. The same, or an older one, changes nothing. */
export function withItem(heard: Heard, item: MachinesItem): Heard {
  switch (item.kind) {
    case 'machine': {
      const machines = put(heard.machines, item.machine.device, item.machine);
      return machines === heard.machines ? heard : { ...heard, machines: few(machines, MOST.machines, isRemoved) };
    }
    case 'run': {
      const runs = put(heard.runs, item.run.id, item.run);
      return runs === heard.runs ? heard : { ...heard, runs: few(runs, MOST.runs, isEnded) };
    }
    case 'ask': {
      const asks = put(heard.asks, item.ask.id, item.ask);
      return asks === heard.asks ? heard : { ...heard, asks: few(asks, MOST.asks, ({ state }) => state !== 'open') };
    }
    case 'pairing': {
      const pairings = put(heard.pairings, item.pairing.key, item.pairing);
      return pairings === heard.pairings ? heard : { ...heard, pairings: few(pairings, MOST.pairings, () => true) };
    }
    case 'gone':
      return heard;
  }
}

function isEnded({ state }: Pick<Run, 'state'>): boolean {
  return state === 'ended' || state === 'failed';
}

function isRemoved({ removed }: Machine): boolean {
  return removed;
}

function put<K, V extends { readonly rev: number }>(known: ReadonlyMap<K, V>, id: K, value: V): ReadonlyMap<K, V> {
  const before = known.get(id);
  return before !== undefined && before.rev >= value.rev ? known : new Map(known).set(id, value);
}

function replaced<K, V extends { readonly rev: number }>(
  known: ReadonlyMap<K, V>,
  read: readonly V[],
  { account, id }: { account: number; id: (value: V) => K },
): ReadonlyMap<K, V> {
  const next = new Map<K, V>();
  for (const value of read) {
    const before = next.get(id(value)) ?? known.get(id(value));
    next.set(id(value), before !== undefined && before.rev > value.rev ? before : value);
  }
  for (const [key, value] of known) if (!next.has(key) && value.rev > account) next.set(key, value);
  return next;
}

function few<K, V extends { readonly rev: number }>(
  all: ReadonlyMap<K, V>,
  most: number,
  isOver: (value: V) => boolean,
): ReadonlyMap<K, V> {
  if (all.size <= most) return all;
  const worth = (value: V): number => (isOver(value) ? value.rev - Number.MAX_SAFE_INTEGER : value.rev);
  return new Map([...all].sort(([, a], [, b]) => worth(b) - worth(a)).slice(0, most));
}
