import { type AccountId, type GuildConfig, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';

/** One guild of one person, which everything of assistants is keyed by. */
export type GuildOf = { readonly account: AccountId; readonly serverId: string };

export const iso = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
/** The day of UTC that a time falls on. */
export const dayOf = (ms: number): string => iso(ms).slice(0, 10);

type Cells = {
  id: string;
  serverId: string;
  guildId: string;
  guildName: string;
  botActive: number;
  botName: string;
  personality: string;
  rules: string;
  information: string;
  messagesSentCount: number;
  messagesReceivedCount: number;
  lastMessageSentAt: number | null;
  lastMessageReceivedAt: number | null;
  websiteCount: number;
  createdAt: number;
  updatedAt: number;
};

const CONFIG = `SELECT c.id, c.server_id AS serverId, g.guild_id AS guildId, c.guild_name AS guildName, c.bot_active AS botActive,
  c.bot_name AS botName, c.personality, c.rules, c.information, c.messages_sent_count AS messagesSentCount,
  c.messages_received_count AS messagesReceivedCount, c.last_message_sent_at AS lastMessageSentAt,
  c.last_message_received_at AS lastMessageReceivedAt, c.created_at AS createdAt, c.updated_at AS updatedAt,
  (SELECT count(*) FROM server_websites w WHERE w.account_id = c.account_id AND w.server_id = c.server_id) AS websiteCount
  FROM user_server_configs c JOIN discord_guilds g ON g.id = c.server_id`;

const config = (cells: Cells): GuildConfig => ({
  ...cells,
  botActive: cells.botActive === 1,
  lastMessageSentAt: isoOrNull(cells.lastMessageSentAt),
  lastMessageReceivedAt: isoOrNull(cells.lastMessageReceivedAt),
  createdAt: iso(cells.createdAt),
  updatedAt: iso(cells.updatedAt),
});

/** The guilds of one person, in the order they were added. S3.15 */
export function guildsOf(db: Statements, { account }: { account: AccountId }): GuildConfig[] {
  return db.all<Cells>(`${CONFIG} WHERE c.account_id = ? ORDER BY c.created_at, c.id`, account).map(config);
}

/** @throws SkerryError not_found, for somebody else's as for none. T32 */
export function guildOf(db: Statements, { account, serverId }: GuildOf): GuildConfig {
  const cells = db.get<Cells>(`${CONFIG} WHERE c.account_id = ? AND c.server_id = ?`, account, serverId);
  if (cells === undefined) throw new SkerryError('not_found');
  return config(cells);
}

/** By Discord's id. @throws SkerryError not_found */
export function guildByDiscord(
  db: Statements,
  { account, guildId }: { account: AccountId; guildId: string },
): GuildConfig {
  const cells = db.get<Cells>(`${CONFIG} WHERE c.account_id = ? AND g.guild_id = ?`, account, guildId);
  if (cells === undefined) throw new SkerryError('not_found');
  return config(cells);
}

/** @throws SkerryError not_found */
export function requireGuild(db: Statements, { account, serverId }: GuildOf): void {
  if (!db.has('SELECT 1 FROM user_server_configs WHERE account_id = ? AND server_id = ?', account, serverId))
    throw new SkerryError('not_found');
}
