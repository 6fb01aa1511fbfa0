/** One line of the table that BENCH.md holds. */
export type Row = {
  /** What was measured, and with how much. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The peer or physical limit of the same run, with its own value. */
  readonly peer: { readonly name: string; readonly value: number } | null;
  /** Skerry's figure over the peer's, so that the goal reads as stated. */
  readonly ratio: number | null;
  /** As the project promises it; null where none is set. */
  readonly goal: string | null;
  readonly reached: boolean | null;
};
