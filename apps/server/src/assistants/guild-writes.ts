import { type AccountId, ASSISTANT_LIMITS, type GuildConfig, type GuildUpdate, SkerryError } from '@skerry/protocol';
import type { Tx } from '../log/tx.ts';
import { type GuildOf, guildOf, requireGuild } from './guild-rows.ts';

type NewGuild = {
  readonly account: AccountId;
  readonly guildId: string;
  readonly guildName: string;
  /** Fresh ids: of the configuration, and of the guild, should nobody have it yet. */
  readonly id: string;
  readonly freshServerId: string;
};

/** @throws SkerryError already_exists, limit_reached. S3.9, S3.16 */
export function addGuild(tx: Tx, args: NewGuild): GuildConfig {
  const { db, now } = tx;
  const { account, guildId, guildName } = args;
  const known = db.value<string>('SELECT id FROM discord_guilds WHERE guild_id = ?', guildId);
  if (
    known !== undefined &&
    db.has('SELECT 1 FROM user_server_configs WHERE account_id = ? AND server_id = ?', account, known)
  )
    throw new SkerryError('already_exists', { field: 'guildId', message: 'You have added this guild already.' });
  const many = db.value<number>('SELECT count(*) FROM user_server_configs WHERE account_id = ?', account) ?? 0;
  if (many >= ASSISTANT_LIMITS.guilds) throw new SkerryError('limit_reached');
  const serverId = known ?? args.freshServerId;
  if (known === undefined)
    db.run(
      'INSERT INTO discord_guilds (id, guild_id, guild_name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
      serverId,
      guildId,
      guildName,
      now,
      now,
    );
  db.run(
    'INSERT INTO user_server_configs (id, account_id, server_id, guild_name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
    args.id,
    account,
    serverId,
    guildName,
    now,
    now,
  );
  return guildOf(db, { account, serverId });
}

/** What is missing stays. @throws SkerryError not_found. S3.18 */
export function updateGuild(tx: Tx, { guild, update }: { guild: GuildOf; update: GuildUpdate }): GuildConfig {
  const { db, now } = tx;
  const before = guildOf(db, guild);
  const next = { ...before, ...Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined)) };
  db.run(
    `UPDATE user_server_configs SET bot_name = ?, personality = ?, rules = ?, information = ?, bot_active = ?, updated_at = ?
     WHERE account_id = ? AND server_id = ?`,
    next.botName,
    next.personality,
    next.rules,
    next.information,
    next.botActive ? 1 : 0,
    now,
    guild.account,
    guild.serverId,
  );
  return guildOf(db, guild);
}

/** With its websites, statistics and log. Conversations stay, without a guild. @throws SkerryError not_found. S3.14, S3.19 */
export function removeGuild(tx: Tx, guild: GuildOf): null {
  const { db } = tx;
  requireGuild(db, guild);
  for (const table of ['chat_groups', 'chat_conversations'])
    db.run(
      `UPDATE ${table} SET server_id = NULL WHERE account_id = ? AND server_id = ?`,
      guild.account,
      guild.serverId,
    );
  db.run('DELETE FROM user_server_configs WHERE account_id = ? AND server_id = ?', guild.account, guild.serverId);
  // Nobody has it any more: its row goes as well.
  db.run(
    'DELETE FROM discord_guilds WHERE id = ? AND NOT EXISTS (SELECT 1 FROM user_server_configs c WHERE c.server_id = discord_guilds.id)',
    guild.serverId,
  );
  return null;
}
