import {
  type AccountId,
  type ChannelId,
  type Command,
  type CommandId,
  type Role,
  type SessionId,
  SkerryError,
} from '@skerry/protocol';
import { addAccount, hasAccounts } from '../auth/registration.ts';
import { COMMAND_HANDLERS } from '../db/command-handlers.ts';
import type { CommandHandler } from '../log/command-handler.ts';
import { createDefaultChannel, joinDefaultChannels } from '../log/membership.ts';
import type { Tx } from '../log/tx.ts';

export type SeedAccount = {
  readonly id: AccountId;
  readonly username: string;
  readonly displayName: string;
  readonly role: Role;
  readonly passwordHash: string;
  /** Unix milliseconds. */
  readonly at: number;
};
export type SeedStep = {
  readonly at: number;
  readonly account: AccountId;
  /** Becomes the id of what the command makes. */
  readonly id: CommandId;
  readonly command: Command;
};

/** A life to begin with: who is there, and what they did, in the order they did it. */
export type Seed = {
  readonly firstChannel: { readonly id: ChannelId; readonly name: string; readonly at: number };
  readonly accounts: readonly SeedAccount[];
  readonly steps: readonly SeedStep[];
};

/**
 * Fills an empty server with the past: every step is done by the handler that does it in real life, permission included,
 * at the time it names. For samples and measurements; never reached by a request.
 * @throws SkerryError limit_reached when the server has accounts already
 */
export function applySeed(tx: Tx, { firstChannel, accounts, steps }: Seed): null {
  if (hasAccounts(tx.db)) throw new SkerryError('limit_reached', { message: 'Only an empty server can be filled.' });
  createDefaultChannel(new PastTx(tx, firstChannel.at), firstChannel);
  const roles = new Map(accounts.map(({ id, role }) => [id, role]));
  for (const account of accounts) {
    const past = new PastTx(tx, account.at);
    addAccount(past, account);
    joinDefaultChannels(past, account.id);
  }
  for (const { at, account, id, command } of steps) {
    const actor = { account, session: '' as SessionId, role: roles.get(account) ?? 'member', isMachine: false };
    (COMMAND_HANDLERS[command.kind] as CommandHandler<Command['kind']>)({ tx: new PastTx(tx, at), actor, id }, command);
  }
  tx.db.run('UPDATE server SET setup_code_hash = NULL');
  return null;
}

/** The same transaction at another time. */
class PastTx implements Tx {
  readonly #tx: Tx;
  readonly now: number;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.now = now;
  }

  get db() {
    return this.#tx.db;
  }
  append(...args: Parameters<Tx['append']>) {
    return this.#tx.append(...args);
  }
  presetBody(...args: Parameters<Tx['presetBody']>) {
    this.#tx.presetBody(...args);
  }
  countMessage(...args: Parameters<Tx['countMessage']>) {
    this.#tx.countMessage(...args);
  }
  settleCount(...args: Parameters<Tx['settleCount']>) {
    this.#tx.settleCount(...args);
  }
  headOf(...args: Parameters<Tx['headOf']>) {
    return this.#tx.headOf(...args);
  }
  memberChanged(...args: Parameters<Tx['memberChanged']>) {
    this.#tx.memberChanged(...args);
  }
  sessionEnded(...args: Parameters<Tx['sessionEnded']>) {
    this.#tx.sessionEnded(...args);
  }
  prekeysLow(...args: Parameters<Tx['prekeysLow']>) {
    this.#tx.prekeysLow(...args);
  }
  queueGrown(...args: Parameters<Tx['queueGrown']>) {
    this.#tx.queueGrown(...args);
  }
}
