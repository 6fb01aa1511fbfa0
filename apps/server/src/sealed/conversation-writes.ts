import { hash } from 'node:crypto';
import {
  encodeGroupBlock,
  LIMITS,
  SkerryError,
  type AccountId,
  type ChannelId,
  type GroupBlock,
  type SealedKind,
} from '@skerry/protocol';
import { isSigned } from '../ed25519.ts';
import { memberChannel } from '../log/access.ts';
import type { Actor, CommandHandler } from '../log/command-handler.ts';
import { MOST_CONVERSATIONS } from '../log/channel-limits.ts';
import { requireFreshId } from '../log/fresh-id.ts';
import { joinChannel, leaveChannel } from '../log/membership.ts';
import { channelStream } from '../log/stream-key.ts';
import type { Appended, Tx } from '../log/tx.ts';
import { devicesOf, listedDevice } from './devices.ts';

export const createDirect: CommandHandler<'direct.create'> = ({ tx, actor, id }, { account }) => {
  if (account === actor.account)
    throw new SkerryError('bad_request', { field: 'account', message: 'A conversation needs two people.' });
  listedDevice(tx, actor);
  requireAccount(tx, account);
  if (devicesOf(tx.db, account).listed.size === 0) throw new SkerryError('peer_without_keys');
  const pair: [AccountId, AccountId] = actor.account < account ? [actor.account, account] : [account, actor.account];
  if (tx.db.has('SELECT 1 FROM channels WHERE pair_a = ? AND pair_b = ?', ...pair))
    throw new SkerryError('direct_exists');
  requireFreshId(tx.db, id);
  for (const member of pair) requireRoom(tx, member);
  const channel = id as string as ChannelId;
  const event = insertChannel(tx, { channel, kind: 'direct', by: actor.account, pair });
  joinChannel(tx, channel, actor.account);
  joinChannel(tx, channel, account);
  return event;
};

export const createGroup: CommandHandler<'group.create'> = ({ tx, actor, id }, { block }) => {
  if (block.channel !== (id as string)) throw refused('channel', "The block's channel is the id of the command.");
  if (block.version !== 1 || block.previous !== null) throw new SkerryError('chain_conflict');
  if (block.remove.length > 0 || !block.add.some(({ account }) => account === actor.account))
    throw refused('add', 'The first block adds its author and removes nobody.');
  const digest = requireSigned(tx, actor, block);
  requireFreshId(tx.db, id);
  requireAdditions(tx, block, new Set());
  const event = insertChannel(tx, { channel: block.channel, kind: 'group', by: actor.account, pair: null });
  keepBlock(tx, block, digest);
  // Who comes first has been in longest: whoever made the group, then the others as the block names them.
  joinChannel(tx, block.channel, actor.account);
  for (const { account } of block.add) if (account !== actor.account) joinChannel(tx, block.channel, account);
  return event;
};

export const changeGroup: CommandHandler<'group.change'> = ({ tx, actor }, { block }) => {
  const channel = memberChannel(tx.db, actor, block.channel);
  if (channel.sealed !== 'group') throw refused('channel', 'This is no encrypted group.');
  const last = tx.db.get<{ version: number; digest: string }>(
    'SELECT version, digest FROM group_blocks WHERE channel_id = ? ORDER BY version DESC LIMIT 1',
    block.channel,
  );
  if (last === undefined) throw new Error('a group has no chain');
  if (block.version !== last.version + 1 || block.previous !== last.digest) throw new SkerryError('chain_conflict');
  const digest = requireSigned(tx, actor, block);
  const members = tx.db.values<AccountId>(
    'SELECT account_id FROM intervals WHERE channel_id = ? AND to_seq IS NULL ORDER BY from_seq',
    block.channel,
  );
  requireRemovals(block, members);
  requireAdditions(tx, block, new Set(members));
  const event = keepBlock(tx, block, digest);
  for (const account of block.remove) leaveChannel(tx, block.channel, account);
  for (const { account } of block.add) joinChannel(tx, block.channel, account);
  return event;
};

/** The author is the actor on a listed device, and this device signed it. @returns the digest that the next block names */
function requireSigned(tx: Tx, actor: Actor, block: GroupBlock): string {
  const device = listedDevice(tx, actor);
  if (block.author !== actor.account) throw refused('author', 'A block is written by the one who sends it.');
  if (block.device !== device.device) throw refused('device', 'A block is signed by the device that sends it.');
  const serverId = tx.db.value<string>('SELECT server_id FROM server') ?? '';
  const bytes = encodeGroupBlock(serverId, block);
  if (!isSigned({ bytes, signature: block.signature, publicKey: device.signKey }))
    throw refused('signature', 'The signature is not that of this device.');
  return hash('sha256', bytes, 'base64url');
}

/** The founder, who is in first, may remove anyone; everyone themselves. SPEC E-9. */
function requireRemovals({ author, add, remove }: GroupBlock, members: readonly AccountId[]): void {
  if (add.length + remove.length === 0) throw refused('add', 'A block changes something.');
  if (new Set(remove).size < remove.length || remove.some((account) => !members.includes(account)))
    throw refused('remove', 'Whoever is removed is a member, and named once.');
  if (members[0] !== author && remove.some((account) => account !== author)) throw new SkerryError('forbidden');
  if (members.length + add.length - remove.length > LIMITS.groupMembers) throw new SkerryError('limit_reached');
}

/** @throws SkerryError bad_request, not_found, peer_without_keys, devices_changed (another account key), limit_reached */
function requireAdditions(tx: Tx, { add }: GroupBlock, members: ReadonlySet<AccountId>): void {
  const seen = new Set(members);
  for (const { account, accountKey } of add) {
    if (seen.has(account)) throw refused('add', 'Whoever is added is no member, and named once.');
    seen.add(account);
    requireAccount(tx, account);
    const devices = devicesOf(tx.db, account);
    if (devices.listed.size === 0) throw new SkerryError('peer_without_keys');
    if (devices.accountKey !== accountKey) throw new SkerryError('devices_changed');
    requireRoom(tx, account);
  }
}

/** Before the members change, so that it reaches those who are removed by it, and not those who come by it. */
function keepBlock(tx: Tx, block: GroupBlock, digest: string): Appended {
  const event = tx.append(channelStream(block.channel), 'chain', String(block.version));
  tx.db.run(
    'INSERT INTO group_blocks (channel_id, version, digest, json) VALUES (?, ?, ?, ?)',
    block.channel,
    block.version,
    digest,
    JSON.stringify(block),
  );
  return event;
}

type NewChannel = {
  readonly channel: ChannelId;
  readonly kind: SealedKind;
  readonly by: AccountId;
  readonly pair: readonly [AccountId, AccountId] | null;
};

/** What it is really called is encrypted; the name here is for programs that know no better. */
function insertChannel(tx: Tx, { channel, kind, by, pair }: NewChannel): Appended {
  const event = tx.append(channelStream(channel), 'channel', channel);
  tx.db.run(
    `INSERT INTO channels (id, name, topic, visibility, history, created_by, created_at, rev, sealed, pair_a, pair_b)
     VALUES (?, ?, '', 'private', 'joined', ?, ?, ?, ?, ?, ?)`,
    channel,
    kind === 'direct' ? 'Direct' : 'Group',
    by,
    tx.now,
    event.n,
    kind,
    pair?.[0] ?? null,
    pair?.[1] ?? null,
  );
  return event;
}

/** @throws SkerryError not_found for an account that does not exist, or is disabled */
function requireAccount(tx: Tx, account: AccountId): void {
  if (!tx.db.has('SELECT 1 FROM accounts WHERE id = ? AND disabled = 0', account))
    throw new SkerryError('not_found', { field: 'account' });
}

const CONVERSATIONS_SQL = `SELECT count(*) FROM intervals i JOIN channels c ON c.id = i.channel_id
  WHERE i.account_id = ? AND i.to_seq IS NULL AND c.sealed IS NOT NULL`;

/** A snapshot holds so many channels and no more. @throws SkerryError limit_reached */
function requireRoom(tx: Tx, account: AccountId): void {
  if ((tx.db.value<number>(CONVERSATIONS_SQL, account) ?? 0) >= MOST_CONVERSATIONS)
    throw new SkerryError('limit_reached');
}

const refused = (field: string, message: string): SkerryError =>
  new SkerryError('bad_request', { field: `block.${field}`, message });
