import {
  type AccountId,
  ASSISTANT_LIMITS,
  type ReportedAction,
  type Role,
  type Runner,
  SkerryError,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { isAtLeast } from '../log/command-handler.ts';
import type { Tx } from '../log/tx.ts';
import { dayOf, iso, isoOrNull } from './guild-rows.ts';

type Cells = Omit<Runner, 'createdAt' | 'lastSeenAt'> & { createdAt: number; lastSeenAt: number | null };
const RUNNER = `SELECT id, label, sign_key AS publicKey, box_key AS boxKey, created_at AS createdAt, last_seen_at AS lastSeenAt FROM runners`;
const shown = (cells: Cells): Runner => ({
  ...cells,
  createdAt: iso(cells.createdAt),
  lastSeenAt: isoOrNull(cells.lastSeenAt),
});

/** @throws SkerryError forbidden for whoever is no admin */
function requireAdmin(db: Statements, account: AccountId): void {
  const role = db.value<Role>('SELECT role FROM accounts WHERE id = ? AND NOT disabled', account);
  if (role === undefined || !isAtLeast({ role }, 'admin')) throw new SkerryError('forbidden');
}

/** @throws SkerryError forbidden */
export function runnersFor(db: Statements, { actor }: { actor: AccountId }): Runner[] {
  requireAdmin(db, actor);
  return db.all<Cells>(`${RUNNER} ORDER BY created_at, id`).map(shown);
}

type NewRunner = {
  readonly actor: AccountId;
  readonly id: string;
  readonly label: string;
  readonly publicKey: string;
  readonly boxKey: string;
};

/** @throws SkerryError forbidden, already_exists, limit_reached */
export function addRunner(tx: Tx, { actor, id, label, publicKey, boxKey }: NewRunner): Runner {
  const { db, now } = tx;
  requireAdmin(db, actor);
  if (db.has('SELECT 1 FROM runners WHERE sign_key = ?', publicKey)) throw new SkerryError('already_exists');
  if ((db.value<number>('SELECT count(*) FROM runners') ?? 0) >= ASSISTANT_LIMITS.runners)
    throw new SkerryError('limit_reached');
  db.run(
    'INSERT INTO runners (id, label, sign_key, box_key, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    label,
    publicKey,
    boxKey,
    actor,
    now,
  );
  return shown({ id, label, publicKey, boxKey, createdAt: now, lastSeenAt: null });
}

/** @throws SkerryError forbidden, not_found */
export function removeRunner(tx: Tx, { actor, id }: { actor: AccountId; id: string }): null {
  requireAdmin(tx.db, actor);
  if (!tx.db.has('SELECT 1 FROM runners WHERE id = ?', id)) throw new SkerryError('not_found');
  tx.db.run('DELETE FROM runners WHERE id = ?', id);
  return null;
}

type SignIn = {
  readonly publicKey: string;
  readonly nonce: string;
  readonly expiry: number;
  readonly isGenuine: boolean;
  /** Unix milliseconds, by the clock that challenges are made with. */
  readonly now: number;
};

/**
 * Uses the challenge up, in the same transaction in which the runner is looked up.
 * @throws SkerryError challenge_invalid; credentials_wrong for a wrong signature and an unknown key alike
 */
export function runnerSignIn(
  tx: Tx,
  { publicKey, nonce, expiry, isGenuine, now }: SignIn,
): { id: string; boxKey: string } {
  const { db } = tx;
  const expiresAt = db.value<number>('SELECT expires_at FROM challenges WHERE nonce = ?', nonce);
  if (expiresAt === undefined || expiresAt !== expiry || expiresAt <= now) throw new SkerryError('challenge_invalid');
  const known = db.get<{ id: string; boxKey: string }>(
    'SELECT id, box_key AS boxKey FROM runners WHERE sign_key = ?',
    publicKey,
  );
  if (known === undefined || !isGenuine)
    throw new SkerryError('credentials_wrong', { message: 'No runner here is known by this key.' });
  db.run('DELETE FROM challenges WHERE nonce = ?', nonce);
  db.run('UPDATE runners SET last_seen_at = ? WHERE id = ?', now, known.id);
  return known;
}

export const assistantsVersion = (db: Statements, _args: null): number =>
  db.value<number>('SELECT version FROM assistants_version') ?? 0;

type TokenServer = {
  serverId: string;
  guildId: string;
  guildName: string;
  botActive: boolean;
  botName: string;
  personality: string;
  rules: string;
  information: string;
  websites: { url: string; title: string | null }[];
};
export type TokenRow = { account: AccountId; id: string; botId: string; token: Uint8Array; servers: TokenServer[] };

/** Every connected bot of people who are not switched off, with its guilds, in one transaction with the version. S3.24 */
export function runnerConfig(db: Statements, _args: null): { version: number; tokens: TokenRow[] } {
  const bots = db.all<Omit<TokenRow, 'servers'>>(
    `SELECT b.account_id AS account, b.id, b.bot_id AS botId, b.token FROM discord_bots b
     JOIN accounts a ON a.id = b.account_id WHERE NOT a.disabled ORDER BY b.connected_at, b.id`,
  );
  type ServerCells = Omit<TokenServer, 'botActive' | 'websites'> & { botActive: number };
  const tokens = bots.map((bot) => ({
    ...bot,
    servers: db
      .all<ServerCells>(
        `SELECT c.server_id AS serverId, g.guild_id AS guildId, c.guild_name AS guildName, c.bot_active AS botActive, c.bot_name AS botName,
         c.personality, c.rules, c.information FROM user_server_configs c JOIN discord_guilds g ON g.id = c.server_id
         WHERE c.account_id = ? ORDER BY c.created_at, c.id`,
        bot.account,
      )
      .map((cells) => ({
        ...cells,
        botActive: cells.botActive === 1,
        websites: db.all<{ url: string; title: string | null }>(
          'SELECT url, title FROM server_websites WHERE account_id = ? AND server_id = ? ORDER BY created_at, id',
          bot.account,
          cells.serverId,
        ),
      })),
  }));
  return { version: assistantsVersion(db, null), tokens };
}

/** Counts and logs what was reported, each id once. What is of a guild that is gone is dropped. */
export function takeReports(
  tx: Tx,
  { actions, now }: { actions: readonly ReportedAction[]; now: number },
): { taken: number; known: number; dropped: number } {
  const { db } = tx;
  const told = { taken: 0, known: 0, dropped: 0 };
  for (const action of actions) {
    if (db.has('SELECT 1 FROM assistant_reports WHERE id = ?', action.id)) {
      told.known += 1;
      continue;
    }
    const serverId = db.value<string>(
      `SELECT c.server_id FROM user_server_configs c JOIN discord_guilds g ON g.id = c.server_id
       WHERE c.account_id = ? AND g.guild_id = ?`,
      action.accountId,
      action.guildId,
    );
    db.run('INSERT INTO assistant_reports (id, at) VALUES (?, ?)', action.id, now);
    if (serverId === undefined) {
      told.dropped += 1;
      continue;
    }
    told.taken += 1;
    take(tx, action, { serverId, now });
  }
  return told;
}

function take({ db }: Tx, action: ReportedAction, { serverId, now }: { serverId: string; now: number }): void {
  // A runner's clock may be wrong, but nothing happens later than now.
  const at = Math.min(action.at, now);
  const sent = action.kind === 'sent' ? 1 : 0;
  const received = action.kind === 'received' ? action.count : 0;
  if (sent + received > 0) {
    const column = sent > 0 ? 'last_message_sent_at' : 'last_message_received_at';
    db.run(
      `UPDATE user_server_configs SET messages_sent_count = messages_sent_count + ?, messages_received_count = messages_received_count + ?,
       ${column} = max(coalesce(${column}, 0), ?) WHERE account_id = ? AND server_id = ?`,
      sent,
      received,
      at,
      action.accountId,
      serverId,
    );
    db.run(
      `INSERT INTO assistant_days (account_id, server_id, day, sent, received) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (account_id, server_id, day) DO UPDATE SET sent = sent + excluded.sent, received = received + excluded.received`,
      action.accountId,
      serverId,
      dayOf(at),
      sent,
      received,
    );
  }
  if (action.kind === 'received') return;
  db.run(
    `INSERT INTO assistant_actions (id, account_id, server_id, kind, at, channel_id, channel_name, message_id, text, context)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    action.id,
    action.accountId,
    serverId,
    action.kind,
    at,
    action.channelId,
    action.channelName,
    action.messageId,
    action.text,
    JSON.stringify(action.context),
  );
  db.run(
    `DELETE FROM assistant_actions WHERE account_id = ? AND server_id = ? AND n <= (SELECT n FROM assistant_actions
     WHERE account_id = ? AND server_id = ? ORDER BY n DESC LIMIT 1 OFFSET ?)`,
    action.accountId,
    serverId,
    action.accountId,
    serverId,
    ASSISTANT_LIMITS.actionsKept,
  );
}

const REPORTS_MS = 30 * 24 * 60 * 60_000;
const DAYS_MS = 2 * 366 * 24 * 60 * 60_000;

/** Forgets what no repetition can name any more, and figures of long ago. */
export function tidyAssistants(tx: Tx, { now }: { now: number }): null {
  tx.db.run('DELETE FROM assistant_reports WHERE at <= ?', now - REPORTS_MS);
  tx.db.run('DELETE FROM assistant_spending WHERE day < ?', dayOf(now - DAYS_MS));
  tx.db.run('DELETE FROM assistant_days WHERE day < ?', dayOf(now - DAYS_MS));
  return null;
}
