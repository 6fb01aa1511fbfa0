import { type AccountId, type DiscordBot, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';
import { iso } from './guild-rows.ts';

/** A connected bot as it is kept; the token is a ciphertext that names its row. T36 */
export type BotRow = {
  readonly account: AccountId;
  readonly id: string;
  readonly botId: string;
  readonly botName: string;
  readonly applicationId: string;
  readonly readsMessages: boolean | null;
  readonly token: Uint8Array;
  /** Unix milliseconds. */
  readonly connectedAt: number;
};

type Cells = Omit<BotRow, 'readsMessages'> & { readsMessages: number | null };
const BOT = `SELECT account_id AS account, id, bot_id AS botId, bot_name AS botName, application_id AS applicationId,
  reads_messages AS readsMessages, token, connected_at AS connectedAt FROM discord_bots`;
const row = (cells: Cells): BotRow => ({
  ...cells,
  readsMessages: cells.readsMessages === null ? null : cells.readsMessages === 1,
});

export function botOf(db: Statements, { account }: { account: AccountId }): BotRow | null {
  const cells = db.get<Cells>(`${BOT} WHERE account_id = ?`, account);
  return cells === undefined ? null : row(cells);
}

export const connectBot = (tx: Tx, bot: BotRow): null => keepBot(tx.db, bot);

/** Takes the place of the one before. @throws SkerryError already_exists when another account has this bot */
export function keepBot(db: Statements, bot: BotRow): null {
  if (db.has('SELECT 1 FROM discord_bots WHERE bot_id = ? AND account_id <> ?', bot.botId, bot.account))
    throw new SkerryError('already_exists', {
      field: 'token',
      message: 'Another account here has connected this bot.',
    });
  db.run('DELETE FROM discord_bots WHERE account_id = ?', bot.account);
  db.run(
    `INSERT INTO discord_bots (account_id, id, bot_id, bot_name, application_id, reads_messages, token, connected_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    bot.account,
    bot.id,
    bot.botId,
    bot.botName,
    bot.applicationId,
    bot.readsMessages === null ? null : bot.readsMessages ? 1 : 0,
    bot.token,
    bot.connectedAt,
  );
  return null;
}

/** @throws SkerryError not_found when there is none */
export function disconnectBot(tx: Tx, { account }: { account: AccountId }): null {
  if (botOf(tx.db, { account }) === null) throw new SkerryError('not_found');
  tx.db.run('DELETE FROM discord_bots WHERE account_id = ?', account);
  return null;
}

/** View Channels, Send Messages, Read Message History: the least an assistant can work with. */
const PERMISSIONS = 0x400 + 0x800 + 0x10000;

export function shownBot(bot: BotRow): DiscordBot {
  const { botId, botName, applicationId, readsMessages } = bot;
  return {
    botId,
    botName,
    applicationId,
    readsMessages,
    connectedAt: iso(bot.connectedAt),
    inviteUrl: `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot&permissions=${PERMISSIONS}`,
  };
}
