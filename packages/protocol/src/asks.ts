import * as z from 'zod/mini';
import { bytes64, deviceNumber, digest } from './keys.ts';
import { MACHINE_LIMITS } from './machine-limits.ts';
import { count } from './route.ts';
import { runId } from './runs.ts';
import { signature } from './server.ts';

/** The id of the command that opened it. */
export const askId = runId;

export const askKind = z.enum(['question', 'report', 'permission']);
export type AskKind = z.infer<typeof askKind>;

export const askState = z.enum(['open', 'answered', 'cancelled', 'expired']);
export type AskState = z.infer<typeof askState>;

/** A person's answer, signed by one of their devices over `encodeAskAnswer`, so that the machine can check it. */
export const askAnswer = z.object({
  device: deviceNumber,
  at: count,
  /** SHA-256 of what was decided, before it was encrypted. It holds a random value, so nobody can guess by it. */
  decision: digest,
  body: bytes64(MACHINE_LIMITS.askAnswerBytes),
  signature,
});
export type AskAnswer = z.infer<typeof askAnswer>;

/** Something an agent wants from a person. Whatever happens, it is closed once. SPEC M-10. */
export const ask = z.object({
  id: askId,
  run: runId,
  machine: deviceNumber,
  ask: askKind,
  state: askState,
  /** SHA-256 of what is asked, before it was encrypted, with a random value in it. Answers name it. */
  digest,
  /** Encrypted with the run's key; null when the run was erased. */
  body: z.nullable(bytes64(MACHINE_LIMITS.askBytes)),
  openedAt: count,
  expiresAt: count,
  closedAt: z.nullable(count),
  answer: z.nullable(askAnswer),
  /** When the machine said that it has the answer. */
  takenAt: z.nullable(count),
  rev: count,
});
export type Ask = z.infer<typeof ask>;
