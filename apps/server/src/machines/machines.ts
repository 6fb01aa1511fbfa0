import type { AccountId } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Every } from '../housekeeping.ts';
import type { Handlers } from '../http/router.ts';
import type { Done } from '../log/commands.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';
import { AskClock } from './ask-clock.ts';
import type { MachineRoute } from './off.ts';
import { pairingHandlers } from './pairing-handlers.ts';
import { runHandlers } from './run-handlers.ts';

export type MachinesDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly every: Every;
  readonly serverId: string;
  readonly onFault: (error: unknown) => void;
};

/** Computers that run people's agents, as far as a server has to do with them: all that is said on them is ciphertext here. */
export class Machines implements AsyncDisposable {
  readonly handlers: Pick<Handlers, MachineRoute>;
  readonly #asks: AskClock;

  constructor(deps: MachinesDeps) {
    this.handlers = {
      ...pairingHandlers(deps),
      ...runHandlers({ ...deps, online: (account) => this.online(account) }),
    };
    this.#asks = new AskClock(deps);
  }

  /** The machines of an account that are connected now. */
  online(_account: AccountId): readonly number[] {
    return [];
  }

  /** A command was done and is on the disk. */
  done({ command }: Done): void {
    if (command.kind === 'ask.open') this.#asks.opened(command.expiresAt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#asks[Symbol.asyncDispose]();
  }
}
