import {
  type AccountId,
  ASSISTANT_LIMITS,
  type AssistantAction,
  type DiscordStatus,
  type SeenMessage,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { dayOf, type GuildOf, iso, requireGuild } from './guild-rows.ts';

const DAY_MS = 24 * 60 * 60_000;

/** Figures over all guilds of one person. S3.23 */
export function discordStatus(db: Statements, { account }: { account: AccountId }): DiscordStatus {
  const row = db.get<
    Record<'serverCount' | 'activeServerCount' | 'totalMessagesSent' | 'totalMessagesReceived', number>
  >(
    `SELECT count(*) AS serverCount, coalesce(sum(bot_active), 0) AS activeServerCount,
     coalesce(sum(messages_sent_count), 0) AS totalMessagesSent, coalesce(sum(messages_received_count), 0) AS totalMessagesReceived
     FROM user_server_configs WHERE account_id = ?`,
    account,
  );
  const none = { serverCount: 0, activeServerCount: 0, totalMessagesSent: 0, totalMessagesReceived: 0 };
  return { connected: db.has('SELECT 1 FROM discord_bots WHERE account_id = ?', account), ...(row ?? none) };
}

type Day = { day: string; sent: number; received: number };

/** The last `days` days up to `now`, the oldest first, without gaps. */
export function statDays(db: Statements, args: { guild: GuildOf; days: number; now: number }): { days: Day[] } {
  const { account, serverId } = args.guild;
  requireGuild(db, args.guild);
  const many = Math.max(1, Math.min(args.days, ASSISTANT_LIMITS.statDays));
  const days = Array.from({ length: many }, (_, i) => dayOf(args.now - (many - 1 - i) * DAY_MS));
  const rows = db.all<Day>(
    'SELECT day, sent, received FROM assistant_days WHERE account_id = ? AND server_id = ? AND day >= ?',
    account,
    serverId,
    days[0] ?? '',
  );
  const known = new Map(rows.map((row) => [row.day, row]));
  return { days: days.map((day) => known.get(day) ?? { day, sent: 0, received: 0 }) };
}

type ActionCells = {
  n: number;
  id: string;
  kind: 'sent' | 'failed';
  at: number;
  channelId: string;
  channelName: string;
  messageId: string | null;
  text: string;
  context: string;
};

/** A page of the log, the newest first. @param before only entries older than the one with this number */
export function guildActions(
  db: Statements,
  args: { guild: GuildOf; before: number | null; limit: number },
): { actions: AssistantAction[]; next: number | null } {
  const { account, serverId } = args.guild;
  requireGuild(db, args.guild);
  const most = Math.max(1, Math.min(args.limit, 50));
  const rows = db.all<ActionCells>(
    `SELECT n, id, kind, at, channel_id AS channelId, channel_name AS channelName, message_id AS messageId, text, context
     FROM assistant_actions WHERE account_id = ? AND server_id = ? AND n < ? ORDER BY n DESC LIMIT ?`,
    account,
    serverId,
    args.before ?? Number.MAX_SAFE_INTEGER,
    most + 1,
  );
  const shown = rows.slice(0, most);
  return {
    actions: shown.map(({ n: _n, at, context, ...row }) => ({
      ...row,
      at: iso(at),
      context: JSON.parse(context) as SeenMessage[],
    })),
    next: rows.length > most ? (shown.at(-1)?.n ?? null) : null,
  };
}
