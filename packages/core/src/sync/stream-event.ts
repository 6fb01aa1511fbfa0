import type { SealedMessage } from '@skerry/protocol';

/** An event of an encrypted channel's stream. Only `sealed` and `chain` say something here; the others take a number. */
export type StreamEvent = {
  readonly n: number;
  readonly message: SealedMessage | null;
  /** The version a group's chain has reached. */
  readonly chain: number | null;
};
