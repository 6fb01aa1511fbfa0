/** Lengths in characters, times in seconds. */
export const ASK_LIMITS = {
  text: 20_000,
  choices: 20,
  choice: 200,
  answer: 8_000,
  folder: 4_096,
  agent: 80,
  leastSeconds: 1,
  mostSeconds: 30 * 24 * 3_600,
} as const;

/** What an agent wants from the person. */
export type AskContent = {
  /** A report is confirmed, or the agent is told how to go on. */
  readonly kind: 'question' | 'report';
  readonly text: string;
  readonly choices: readonly string[];
  readonly folder: string;
  readonly agent: string;
  /** The server whose person is asked; the one this computer was first paired with when it is left out. */
  readonly server?: string;
};

export type LocalAsk = AskContent & {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  readonly expiresAt: number;
};

/** How an ask ended. It ends once. */
export type Closing = {
  readonly state: 'answered' | 'cancelled' | 'expired';
  /** The choice that was taken, and what was said in words; both may be there. */
  readonly choice: string | null;
  readonly text: string | null;
  readonly at: number;
  /** The device of the person that answered from afar. */
  readonly by?: number;
};

export const CONFIRM = 'Confirm';
export const GO_ON = 'Continue';
