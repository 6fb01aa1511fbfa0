import type { EntryId } from '@skerry/core';

/** Where one can go from a pairing; leaving ends it. */
export type PairWays = {
  readonly close: () => void;
  readonly another: () => void;
  readonly agents: () => void;
  readonly signIn: (entry: EntryId) => void;
  readonly devices: (entry: EntryId) => void;
  readonly server: (entry: EntryId) => void;
};
