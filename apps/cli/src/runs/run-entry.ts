import type { PermissionOption, SessionModeState, SessionUpdate, StopReason } from '@agentclientprotocol/sdk';

/** A command with everything that decides what it does. */
export type Command = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly cwd: string;
};

/** What a permission is about, as data: what is shown is made of it, and what is done is compared with it. */
export type Subject =
  | ({ readonly kind: 'command' } & Command)
  | { readonly kind: 'write'; readonly path: string; readonly before: string | null; readonly after: string }
  | {
      readonly kind: 'tool';
      readonly title: string;
      readonly tool: string;
      readonly input: unknown;
      readonly writes: readonly { readonly path: string; readonly before: string | null; readonly after: string }[];
    };

export type Choice = Pick<PermissionOption, 'optionId' | 'name' | 'kind'>;

export type Ask = {
  readonly id: string;
  readonly subject: Subject;
  /** SHA-256 of the subject's one form, base64url. */
  readonly digest: string;
  readonly choices: readonly Choice[];
};

/** One entry of a run's log. */
export type RunEntry =
  | {
      readonly kind: 'begun';
      readonly agent: readonly string[];
      readonly folder: string;
      /** The agent's own name for the conversation. */
      readonly session: string;
      /** How this conversation came about: a first one, the same one again, or one that knows nothing of before. */
      readonly start: 'new' | 'loaded' | 'anew';
      readonly modes: SessionModeState | null;
    }
  /** `by`: the device of the person that said it from afar; `op`: its wish, done once. */
  | { readonly kind: 'prompt'; readonly text: string; readonly by?: number; readonly op?: string }
  | { readonly kind: 'update'; readonly update: SessionUpdate }
  | { readonly kind: 'mode'; readonly mode: string }
  | { readonly kind: 'asked'; readonly ask: Ask }
  /** `choice` is `null` when nobody decided: the turn was cancelled, or the agent ended. */
  | { readonly kind: 'answered'; readonly ask: string; readonly choice: string | null; readonly by?: number }
  | { readonly kind: 'read'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'wrote'; readonly path: string; readonly bytes: number; readonly digest: string }
  | ({ readonly kind: 'command'; readonly terminal: string } & Command)
  | { readonly kind: 'output'; readonly terminal: string; readonly text: string }
  | {
      readonly kind: 'exited';
      readonly terminal: string;
      readonly code: number | null;
      readonly signal: string | null;
    }
  /** Something the agent wanted that was not done. */
  | { readonly kind: 'refused'; readonly what: string; readonly why: string }
  | { readonly kind: 'turn'; readonly stop: StopReason | 'failed'; readonly why: string | null }
  | { readonly kind: 'ended'; readonly why: 'closed' | 'agent_ended' | 'cut' };

/** An entry as it stands in the log. */
export type Line = {
  /** From 1 up, without gaps. */
  readonly n: number;
  /** Made on this machine, once; whoever gets the entry twice knows it by this. */
  readonly id: string;
  /** Milliseconds since 1970 by this machine's clock. */
  readonly at: number;
  readonly entry: RunEntry;
};
