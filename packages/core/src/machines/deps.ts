import type { Command, CommandId, CommandResult, MACHINE_ROUTES } from '@skerry/protocol';
import type { Api, FirstRoute } from '../api/api.ts';
import type { MachineWire } from '../connection/machine-wire.ts';
import type { Keys } from '../keys/ports.ts';
import type { Subtle } from '../keys/subtle.ts';
import type { Platform } from '../platform.ts';
import type { AgentKeys } from '../sealed/agent-keys.ts';
import type { Subscribable } from '../subscribable.ts';
import type { EntryId, ServerEntry } from '../views.ts';

/** What the parts of one server's machines share. All of it is of that one context, and none of it can reach another. */
export type MachineDeps = {
  readonly entryId: EntryId;
  readonly entry: Subscribable<ServerEntry>;
  readonly api: Api<FirstRoute | keyof typeof MACHINE_ROUTES>;
  readonly wire: MachineWire;
  readonly platform: Pick<Platform, 'clock' | 'random' | 'crypto'>;
  readonly subtle: Subtle;
  readonly keys: Subscribable<Keys | undefined>;
  /** Keys that machines sent; undefined while nothing encrypted is open here. */
  readonly agentKeys: Subscribable<AgentKeys | undefined>;
  readonly live: Subscribable<boolean>;
  /** Server time minus device time. */
  readonly skew: () => number;
  /** Does a command over the socket; the same id again gives the same answer. */
  readonly run: (id: CommandId, command: Command, signal: AbortSignal) => Promise<CommandResult>;
  readonly newId: () => CommandId;
  /** Ends with the context. */
  readonly signal: AbortSignal;
};
