import { type AccountId, type GuildConfig } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { guildByDiscord, type GuildOf, guildOf } from './guild-rows.ts';

/** A text an assistant may quote. */
export type KnownWebsite = { readonly url: string; readonly title: string | null; readonly content: string };
/** What the assistant of one guild of one person knows; nothing of anybody else's is in it. */
export type Knowledge = { readonly guild: GuildConfig; readonly websites: readonly KnownWebsite[] };

type By = { readonly guild: GuildOf } | { readonly account: AccountId; readonly guildId: string };

/** @throws SkerryError not_found */
export function knowledge(db: Statements, by: By): Knowledge {
  const guild = 'guild' in by ? guildOf(db, by.guild) : guildByDiscord(db, by);
  const account = 'guild' in by ? by.guild.account : by.account;
  const websites = db.all<KnownWebsite>(
    "SELECT url, title, content FROM server_websites WHERE account_id = ? AND server_id = ? AND content <> '' ORDER BY created_at, id",
    account,
    guild.serverId,
  );
  return { guild, websites };
}
