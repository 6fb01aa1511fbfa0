import * as z from 'zod/mini';
import { deviceLabel } from './accounts.ts';
import { ask } from './asks.ts';
import { position } from './events.ts';
import { bytes64, deviceNumber } from './keys.ts';
import { MACHINE_LIMITS, machineText } from './machine-limits.ts';
import { pairingNotice } from './pairing.ts';
import { count } from './route.ts';
import { run } from './runs.ts';

/** A computer that runs a person's agents: a device of the account that only does that. SPEC M-1. */
export const machine = z.object({
  /** Its number among the devices of its account. */
  device: deviceNumber,
  label: deviceLabel,
  system: machineText(MACHINE_LIMITS.system),
  program: machineText(MACHINE_LIMITS.program),
  /** What it says of itself, encrypted with its key: agents, folders. Null until it has said something. */
  info: z.nullable(bytes64(MACHINE_LIMITS.infoBytes)),
  pairedAt: count,
  /** The device that approved it. */
  pairedBy: deviceNumber,
  /** False until it has fetched its token, after which nobody can. */
  joined: z.boolean(),
  lastSeenAt: count,
  removed: z.boolean(),
  /** Number, in the account's stream, of its last change: the higher one wins. */
  rev: count,
});
export type Machine = z.infer<typeof machine>;

/** What an event of the kind `machines` tells, each an absolute state with a `rev`. */
export const machinesItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('machine'), machine }),
  z.object({ kind: z.literal('pairing'), pairing: pairingNotice }),
  z.object({ kind: z.literal('run'), run }),
  z.object({ kind: z.literal('ask'), ask }),
  /** It named something that the server no longer has. */
  z.object({ kind: z.literal('gone') }),
]);
export type MachinesItem = z.infer<typeof machinesItem>;

/** Everything of this account's machines, read in one transaction: all that is not over, and the newest of the rest. */
export const machinesSnapshot = z.object({
  asOf: position,
  /** Number of the account stream's last event at `asOf`. */
  account: count,
  machines: z.array(machine).check(z.maxLength(1_000)),
  online: z.array(deviceNumber).check(z.maxLength(1_000)),
  runs: z.array(run).check(z.maxLength(1_000)),
  asks: z.array(ask).check(z.maxLength(1_000)),
});
export type MachinesSnapshot = z.infer<typeof machinesSnapshot>;
