import type { AccountId, ErrorBody, Position } from '@skerry/protocol';
import type { OutputItem } from '../log/output.ts';
import type { Faults } from '../testing/kill-points.ts';
import type { Op, Outcome } from './batch.ts';
import type { Bug } from './bug.ts';

/** What a worker is started with. */
export type WorkerSettings = { readonly file: string; readonly faults: Faults };

export type ToWriter = { readonly type: 'run'; readonly ops: readonly Op[] } | { readonly type: 'close' };
/** Items without their bytes: frames are ranges of the batch's one buffer. */
export type OutputOutline = {
  readonly items: readonly (
    | Exclude<OutputItem, { type: 'frame' }>
    | {
        readonly type: 'frame';
        readonly stream: string;
        readonly from: number;
        readonly to: number;
        readonly hidden: {
          readonly accounts: ReadonlySet<AccountId>;
          readonly from: number;
          readonly to: number;
        } | null;
      }
  )[];
  readonly markFrom: number;
  readonly bytes: Uint8Array;
  readonly position: Position;
};
export type FromWriter =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly reason: string }
  /** Answers to this many of the oldest unanswered writes, in order. */
  | { readonly type: 'done'; readonly outcomes: readonly Outcome[]; readonly output: OutputOutline | null }
  | { readonly type: 'bug'; readonly bug: Bug }
  | { readonly type: 'closed' };

export type ReadRequest = { readonly name: string; readonly args: unknown };
export type ToReader = { readonly type: 'run'; readonly requests: readonly ReadRequest[] } | { readonly type: 'close' };
export type ReadOutcome =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ErrorBody };
export type FromReader =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'done'; readonly outcomes: readonly ReadOutcome[] }
  | { readonly type: 'bug'; readonly bug: Bug }
  | { readonly type: 'closed' };

/** What the copier is started with. It says `ready` when the copy is whole. */
export type CopierSettings = { readonly file: string; readonly to: string };
