import { type AccountId, type ChannelId, encodeGroupBlock, type GroupBlock, LIMITS } from '@skerry/protocol';

/** Why a change of a group's membership is not taken. Nothing that was kept changes by any of these. SPEC E-9 */
export type BlockRefusal =
  | 'wrong_channel'
  /** Its version isn't one more than the last one's. */
  | 'wrong_version'
  /** It doesn't name the digest of the one before. */
  | 'forked'
  /** Its author is no member. */
  | 'not_a_member'
  /** The device that signed it was never on a list of its author. */
  | 'unknown_device'
  | 'signature_wrong'
  /** The first one adds its author, and removes nobody. */
  | 'no_beginning'
  /** It adds a member, somebody twice, or somebody it removes. */
  | 'added_twice'
  /** It names another account key for somebody than that account's own. */
  | 'other_key'
  /** It removes somebody who is no member, or twice. */
  | 'not_there'
  /** Only the founder may remove others. */
  | 'not_the_founder'
  | 'too_many'
  | 'changes_nothing';

export type GroupMember = {
  readonly account: AccountId;
  readonly accountKey: string;
  /** Version of the block that added them. */
  readonly since: number;
  /** Version of the block that removed them; null while they are in. */
  readonly until: number | null;
};

/** A group's membership as its chain says, past members included. */
export type GroupState = {
  readonly channel: ChannelId;
  readonly version: number;
  readonly digest: string;
  /** In the order of their coming: the first one who is still in is the founder. */
  readonly members: readonly GroupMember[];
};

export type ChainDeps = {
  readonly serverId: string;
  readonly digest: (bytes: Uint8Array) => Promise<string>;
  readonly verify: (signed: { bytes: Uint8Array; signature: string; publicKey: string }) => Promise<boolean>;
  /** The signing key of a device that is or was on a verified list of that account. */
  readonly signKeyOf: (account: AccountId, device: number) => string | undefined;
  /** Every account key that was ever verified of it. */
  readonly accountKeysOf: (account: AccountId) => readonly string[];
};

export type Verdict =
  { readonly ok: true; readonly state: GroupState } | { readonly ok: false; readonly reason: BlockRefusal };

/** Those who are in, the founder first. */
export function membersOf(state: GroupState): readonly GroupMember[] {
  return state.members.filter(({ until }) => until === null);
}

export function founderOf(state: GroupState): AccountId | undefined {
  return membersOf(state)[0]?.account;
}

/** Whether the account was in when the chain was at that version. */
export function wasMember(state: GroupState, account: AccountId, version: number): boolean {
  return state.members.some(
    (one) => one.account === account && one.since <= version && (one.until === null || version < one.until),
  );
}

/** What a chain is after one more block, or why it is not: changes nothing, asks only for digests and signatures. */
export async function verifyBlock(
  state: GroupState | undefined,
  block: GroupBlock,
  deps: ChainDeps & { channel: ChannelId },
): Promise<Verdict> {
  const reason = follows(state, block, deps.channel) ?? allowed(state, block) ?? known(block, deps);
  if (reason !== undefined) return { ok: false, reason };
  const publicKey = deps.signKeyOf(block.author, block.device);
  if (publicKey === undefined) return { ok: false, reason: 'unknown_device' };
  const bytes = encodeGroupBlock(deps.serverId, block);
  if (!(await deps.verify({ bytes, signature: block.signature, publicKey })))
    return { ok: false, reason: 'signature_wrong' };
  const { version, channel } = block;
  const gone = new Set<AccountId>(block.remove);
  const stayed = (state?.members ?? []).map((one) =>
    one.until === null && gone.has(one.account) ? { ...one, until: version } : one,
  );
  const come = block.add.map((one): GroupMember => ({ ...one, since: version, until: null }));
  // Whoever makes a group is in before those they bring.
  if (state === undefined) come.sort((a, b) => Number(b.account === block.author) - Number(a.account === block.author));
  return { ok: true, state: { channel, version, digest: await deps.digest(bytes), members: [...stayed, ...come] } };
}

function follows(state: GroupState | undefined, block: GroupBlock, channel: ChannelId): BlockRefusal | undefined {
  if (block.channel !== channel) return 'wrong_channel';
  if (block.version !== (state?.version ?? 0) + 1) return 'wrong_version';
  return block.previous === (state?.digest ?? null) ? undefined : 'forked';
}

function allowed(state: GroupState | undefined, { author, add, remove }: GroupBlock): BlockRefusal | undefined {
  const members = new Set(state === undefined ? [] : membersOf(state).map(({ account }) => account));
  if (state === undefined) {
    if (remove.length > 0 || add.every(({ account }) => account !== author)) return 'no_beginning';
  } else if (!members.has(author)) return 'not_a_member';
  if (add.length === 0 && remove.length === 0) return 'changes_nothing';
  const added = new Set<AccountId>();
  for (const { account } of add) {
    if (members.has(account) || added.has(account)) return 'added_twice';
    added.add(account);
  }
  const removed = new Set<AccountId>();
  for (const account of remove) {
    if (!members.has(account) || removed.has(account)) return 'not_there';
    if (account !== author && state !== undefined && founderOf(state) !== author) return 'not_the_founder';
    removed.add(account);
  }
  return members.size + added.size - removed.size > LIMITS.groupMembers ? 'too_many' : undefined;
}

function known({ add }: GroupBlock, deps: ChainDeps): BlockRefusal | undefined {
  return add.every(({ account, accountKey }) => deps.accountKeysOf(account).includes(accountKey))
    ? undefined
    : 'other_key';
}
