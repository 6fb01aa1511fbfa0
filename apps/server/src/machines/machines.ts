import type { AccountId } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Every } from '../housekeeping.ts';
import type { Handlers } from '../http/router.ts';
import type { Done } from '../log/commands.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';
import { AskClock } from './ask-clock.ts';
import { Live, type LiveDeps } from './live.ts';
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
  readonly #clock: Clock;
  #live: Live | undefined;

  constructor(deps: MachinesDeps) {
    this.handlers = {
      ...pairingHandlers(deps),
      ...runHandlers({ ...deps, online: (account) => this.online(account) }),
    };
    this.#clock = deps.clock;
    this.#asks = new AskClock(deps);
  }

  /** The machines of an account that are connected now. */
  online(account: AccountId): readonly number[] {
    return this.#live?.online(account) ?? [];
  }

  /** From here on there are sockets. */
  connect(deps: Omit<LiveDeps, 'now'>): Live {
    this.#live = new Live({ ...deps, now: () => this.#clock.now() });
    return this.#live;
  }

  /** A command was done and is on the disk. */
  done({ account, command, result }: Done): void {
    if (command.kind === 'ask.open') this.#asks.opened(command.expiresAt);
    if (command.kind === 'run.append') this.#live?.grown(account, command.run, result.n);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#asks[Symbol.asyncDispose]();
  }
}
