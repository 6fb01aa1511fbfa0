import type {
  AccountId,
  ChannelId,
  Command,
  CommandId,
  CommandOf,
  CommandResult,
  Role,
  SealedKind,
  SessionId,
} from '@skerry/protocol';
import type { Tx } from './tx.ts';

/** Who asks: looked up in the transaction that does what is asked. */
export type Actor = {
  readonly account: AccountId;
  readonly session: SessionId;
  readonly role: Role;
  /** The session is a machine's. */
  readonly isMachine: boolean;
};

/**
 * Does one kind of command, permission included. Refuses with a SkerryError, before or after writing: either way
 * nothing stays. The id becomes that of what a command makes.
 */
export type CommandHandler<Kind extends Command['kind']> = (
  call: { readonly tx: Tx; readonly actor: Actor; readonly id: CommandId },
  command: CommandOf<Kind>,
) => CommandResult;

/** The answer where everything was already so. */
export const UNCHANGED: CommandResult = { seq: 0, n: 0 };

export const RANK: Readonly<Record<Role, number>> = { member: 0, moderator: 1, admin: 2, owner: 3 };

export const isAtLeast = (actor: { readonly role: Role }, role: Role): boolean => RANK[actor.role] >= RANK[role];

/** A channel as a command sees it: what decides about permission, and the actor's own place in it. */
export type ChannelAccess = {
  readonly id: ChannelId;
  readonly isPublic: boolean;
  readonly isArchived: boolean;
  readonly isMember: boolean;
  readonly isCreator: boolean;
  /** Null where the server can read what is said. */
  readonly sealed: SealedKind | null;
  /** Number from which the actor may read; 0: from the beginning, or not a member. */
  readonly visibleFrom: number;
};
