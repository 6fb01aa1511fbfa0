import * as z from 'zod/mini';
import { deviceLabel } from './accounts.ts';
import { askId, askKind } from './asks.ts';
import { bytes64, deviceNumber, digest } from './keys.ts';
import { MACHINE_LIMITS as L } from './machine-limits.ts';
import { count } from './route.ts';
import { newEntry, runId, runState } from './runs.ts';
import { signature } from './server.ts';

/** What a server with the capability `machines` also does; without it each of these is `not_found`. */
export const MACHINE_COMMANDS = [
  /** A person names a machine. */
  z.strictObject({ kind: z.literal('machine.rename'), machine: deviceNumber, label: deviceLabel }),
  /** Takes away a machine that no signed list names. One that is listed goes by `devices.set`. */
  z.strictObject({ kind: z.literal('machine.remove'), machine: deviceNumber }),
  // a listed machine, of itself and its own runs
  z.strictObject({ kind: z.literal('machine.describe'), info: z.nullable(bytes64(L.infoBytes)) }),
  z.strictObject({ kind: z.literal('run.create'), meta: bytes64(L.runMetaBytes) }),
  /** What is null stays. */
  z.strictObject({
    kind: z.literal('run.set'),
    run: runId,
    state: z.nullable(runState),
    meta: z.nullable(bytes64(L.runMetaBytes)),
  }),
  /** The answer's `n` is the number of the run's last entry; its `seq` is 0. */
  z.strictObject({
    kind: z.literal('run.append'),
    run: runId,
    entries: z.array(newEntry).check(z.minLength(1), z.maxLength(L.entriesPerAppend)),
  }),
  z.strictObject({
    kind: z.literal('ask.open'),
    run: runId,
    ask: askKind,
    digest,
    expiresAt: count,
    body: bytes64(L.askBytes),
  }),
  z.strictObject({ kind: z.literal('ask.cancel'), ask: askId }),
  /** The machine has checked the answer and acts on it. */
  z.strictObject({ kind: z.literal('ask.taken'), ask: askId }),
  // a listed device of the person
  z.strictObject({
    kind: z.literal('ask.answer'),
    ask: askId,
    digest,
    expiresAt: count,
    decision: digest,
    body: bytes64(L.askAnswerBytes),
    signature,
  }),
  /** Erases what was said in a run and its asks; the shells stay. */
  z.strictObject({ kind: z.literal('run.erase'), run: runId }),
  /** Anyone of the account, once its time has come. The server does it as well. */
  z.strictObject({ kind: z.literal('ask.expire'), ask: askId }),
] as const;
