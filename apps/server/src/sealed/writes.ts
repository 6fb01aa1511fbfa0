import { SkerryError, type AccountId, type CommandOf, type Envelope } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { openChannel } from '../log/access.ts';
import { UNCHANGED, type Actor, type CommandHandler } from '../log/command-handler.ts';
import { requireFreshId } from '../log/fresh-id.ts';
import { channelStream } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';
import { devicesOf, listedDevice, listedMachine, rosterOf } from './devices.ts';
import { judgeEnvelopes } from './envelopes.ts';
import { enqueue } from './queue-writes.ts';

type Send = CommandOf<'sealed.send'>;
type Target = { readonly author: AccountId; readonly n: number; readonly op: string; readonly erased: number };

/** Says something in an encrypted conversation. SPEC E-5, E-6. */
export const sendSealed: CommandHandler<'sealed.send'> = ({ tx, actor, id }, send) => {
  const { channel: channelId, op } = send;
  const { sealed, visibleFrom } = openChannel(tx.db, actor, channelId);
  if (sealed === null) throw refused('channel', 'This is no encrypted conversation.');
  const { device } = listedDevice(tx, actor);
  const roster = rosterOf(tx.db, channelId);
  if (sealed === 'direct' && [...roster.members.values()].some(({ version }) => version === 0))
    throw new SkerryError('peer_without_keys');
  if (send.roster !== roster.digest) throw new SkerryError('devices_changed');
  if ((sealed === 'direct') !== (send.body === null) || send.body === '')
    throw refused('body', 'A group has one body for all; in a direct conversation each device has its own.');
  judgeEnvelopes({ kind: sealed, envelopes: send.envelopes, roster, sender: { account: actor.account, device } });
  const target = requireTarget(tx, { author: actor.account, visibleFrom, ...send });
  requireBlobs(tx, actor, send);
  requireFreshId(tx.db, id);

  const stream = channelStream(channelId);
  const { head, messages } = tx.headOf(stream);
  tx.db.run(
    'INSERT INTO sealed (channel_id, n, id, author, device, at, op, target, body, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    channelId,
    head + 1,
    id,
    actor.account,
    device,
    tx.now,
    op,
    send.target,
    send.body,
    op === 'post' ? messages + 1 : messages,
  );
  if (op === 'post') tx.countMessage(channelId, actor.account);
  for (const blob of send.blobs) tx.db.run('UPDATE blobs SET message_id = ? WHERE id = ?', id, blob);
  // A group's envelopes bring keys, which outlive the message they came with.
  const message = sealed === 'direct' ? id : null;
  for (const { body, ...to } of send.envelopes)
    enqueue(tx, to, { from: actor.account, fromDevice: device, message, body });
  if (op === 'delete' && send.target !== null) eraseWithChanges(tx, send.target);
  // What changes a message that is gone is gone with it.
  else if (target?.erased === 1) erase(tx, id);
  return tx.append(stream, 'sealed', id);
};

/** Brings devices what belongs to no message. It makes no event, so the answer has no numbers. */
export const sendEnvelopes: CommandHandler<'envelopes.send'> = ({ tx, actor }, { envelopes }) => {
  const { device } = actor.isMachine ? listedMachine(tx, actor) : listedDevice(tx, actor);
  for (const envelope of envelopes) {
    // A machine brings its person the keys of its runs, and nobody anything else.
    if (actor.isMachine && envelope.account !== actor.account) throw new SkerryError('forbidden');
    if (envelope.account === actor.account && envelope.device === device)
      throw refused('envelopes', 'A device sends nothing to itself.');
    if (envelope.body === '') throw refused('envelopes', 'An envelope holds something.');
    requireReachable(tx, actor, envelope);
  }
  for (const { body, ...to } of envelopes)
    enqueue(tx, to, { from: actor.account, fromDevice: device, message: null, body });
  return UNCHANGED;
};

/**
 * A post is something of its own, a deletion names a post of its author's, a change names a post that its author can see,
 * or the conversation itself. @throws SkerryError bad_request, not_found, forbidden
 */
function requireTarget(
  tx: Tx,
  { author, visibleFrom, channel, op, target }: Send & { readonly author: AccountId; readonly visibleFrom: number },
): Target | undefined {
  if (target === null) {
    if (op === 'delete') throw refused('target', 'A deletion names what it deletes.');
    return undefined;
  }
  if (op === 'post') throw refused('target', 'What a post answers is encrypted with it.');
  const found = tx.db.get<Target>(
    'SELECT author, n, op, erased FROM sealed WHERE id = ? AND channel_id = ?',
    target,
    channel,
  );
  const isOwn = found?.author === author;
  if (found === undefined || (found.n < visibleFrom && !isOwn)) throw new SkerryError('not_found', { field: 'target' });
  if (found.op !== 'post') throw refused('target', 'Only a post can be changed or deleted.');
  if (op === 'delete' && !isOwn) throw new SkerryError('forbidden');
  return found;
}

const LOOSE_BLOB_SQL = 'SELECT 1 FROM blobs WHERE id = ? AND channel_id = ? AND account_id = ? AND message_id IS NULL';

/** Blobs were uploaded by the actor for this conversation, and no message has them yet. SPEC E-12. */
function requireBlobs(tx: Tx, actor: Actor, { channel, op, blobs }: Send): void {
  if (blobs.length === 0) return;
  if (op === 'delete' || new Set(blobs).size < blobs.length)
    throw refused('blobs', 'Attachments belong to a post or a change, each named once.');
  for (const blob of blobs)
    if (!tx.db.has(LOOSE_BLOB_SQL, blob, channel, actor.account))
      throw new SkerryError('not_found', { field: 'blobs' });
}

/** Erases the ciphertexts of a message and of all that changes it, wherever they are kept. SPEC E-6. */
function eraseWithChanges(tx: Tx, message: string): void {
  const changes = tx.db.values<string>("SELECT id FROM sealed WHERE target = ? AND op = 'change'", message);
  for (const id of [message, ...changes]) erase(tx, id);
}

/** Queued copies keep their place, since a queue has no gaps, and lose what was in them. */
function erase({ db }: Tx, message: string): void {
  db.run('UPDATE sealed SET body = NULL, erased = 1 WHERE id = ?', message);
  db.run("UPDATE queue SET body = '' WHERE message_id = ?", message);
  // Their bytes are nobody's from here on; housekeeping overwrites them, a few at a time.
  db.run('DELETE FROM blobs WHERE message_id = ?', message);
}

const BOUND_SQL = 'SELECT 1 FROM sessions WHERE account_id = ? AND device_number = ? AND ended_at IS NULL';

/**
 * An own device that is signed in, listed or not yet; of people one shares a channel with, a listed one.
 * @throws SkerryError not_found, devices_changed
 */
function requireReachable({ db }: Tx, actor: Actor, { account, device }: Envelope): void {
  const isOwn = account === actor.account;
  if (!isOwn && !sharesChannel(db, actor.account, account)) throw new SkerryError('not_found', { field: 'envelopes' });
  if (devicesOf(db, account).listed.has(device) || (isOwn && db.has(BOUND_SQL, account, device))) return;
  throw new SkerryError('devices_changed', { field: 'envelopes' });
}

const SHARED_SQL = `SELECT 1 FROM intervals a JOIN intervals b ON b.channel_id = a.channel_id
  WHERE a.account_id = ? AND a.to_seq IS NULL AND b.account_id = ? AND b.to_seq IS NULL LIMIT 1`;

function sharesChannel(db: Statements, one: AccountId, other: AccountId): boolean {
  return db.remember(`shares ${one} ${other}`, ['intervals'], () => db.has(SHARED_SQL, one, other));
}

const refused = (field: string, message: string): SkerryError => new SkerryError('bad_request', { field, message });
