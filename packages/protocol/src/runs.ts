import * as z from 'zod/mini';
import { bytes64, deviceNumber } from './keys.ts';
import { MACHINE_LIMITS } from './machine-limits.ts';
import { count } from './route.ts';

const uuid = z.string().check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));

/** The id of the command that made it. */
export const runId = uuid;
/** Made by the machine before it first sends the entry. */
export const entryId = uuid;

/** What an agent is doing, as far as the server may know. */
export const runState = z.enum(['starting', 'working', 'idle', 'ended', 'failed']);
export type RunState = z.infer<typeof runState>;

/** One agent session on a machine. What it is about stands in `meta`, encrypted with the run's key. */
export const run = z.object({
  id: runId,
  machine: deviceNumber,
  state: runState,
  /** Number of its last entry when this was read. */
  head: count,
  /** Null when it was erased. */
  meta: z.nullable(bytes64(MACHINE_LIMITS.runMetaBytes)),
  startedAt: count,
  updatedAt: count,
  erased: z.boolean(),
  rev: count,
});
export type Run = z.infer<typeof run>;

/** A piece of a run's transcript, encrypted with the run's key. Its number never changes. */
export const runEntry = z.object({
  n: count,
  id: entryId,
  at: count,
  body: bytes64(MACHINE_LIMITS.entryBytes),
});
export type RunEntry = z.infer<typeof runEntry>;

export const runPage = z.object({
  head: count,
  /** In ascending order of their numbers. */
  entries: z.array(runEntry).check(z.maxLength(200)),
  more: z.boolean(),
});
export type RunPage = z.infer<typeof runPage>;

/** An entry as the machine sends it. The same id is never kept twice; with other bytes it is refused. */
export const newEntry = z.strictObject({
  id: entryId,
  body: bytes64(MACHINE_LIMITS.entryBytes).check(z.minLength(1)),
});
export type NewEntry = z.infer<typeof newEntry>;
