import {
  type AccountId,
  type Command,
  type CommandRequest,
  type CommandResult,
  type SessionId,
  SkerryError,
} from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { KillSwitch } from '../testing/kill-points.ts';

export type CommandsOptions = {
  readonly db: Pick<Database, 'write'>;
  readonly limits: RateLimits;
  readonly kill: KillSwitch;
  /** Whether people may have machines here. */
  readonly machines?: boolean;
  /** Whether channels may be made for voice here. */
  readonly voice?: boolean;
  /** Told of each command once it is on the disk. */
  readonly onDone?: (done: Done) => void;
};

export type Done = { readonly account: AccountId; readonly command: Command; readonly result: CommandResult };

const OF_MACHINES = /^(?:machine|run|ask)\./;

/** The door for commands, the same for sockets and HTTP. */
export class Commands {
  readonly #options: CommandsOptions;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /**
   * Does a parsed command. Resolves once it is on the disk.
   * @throws SkerryError rate_limited, or what the command was refused with
   */
  async run(
    caller: { readonly account: AccountId; readonly session: SessionId },
    { id, command }: CommandRequest,
  ): Promise<CommandResult> {
    const { db, limits, kill, machines = false, voice = false, onDone } = this.#options;
    if (!machines && OF_MACHINES.test(command.kind)) throw new SkerryError('not_found');
    if (!voice && 'voice' in command && command.voice !== undefined)
      throw new SkerryError('not_found', { message: 'This server has no voice.', field: 'voice' });
    limits.take('command', caller.account);
    if (command.kind === 'envelopes.send') limits.take('envelopes', caller.account, command.envelopes.length);
    kill.pass('accepted');
    const result = await db.write('command.run', {
      account: caller.account,
      session: caller.session,
      id,
      json: JSON.stringify(command),
    });
    onDone?.({ account: caller.account, command, result });
    return result;
  }
}
