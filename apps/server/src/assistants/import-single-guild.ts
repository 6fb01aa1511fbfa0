import { randomBytes } from 'node:crypto';
import { type AccountId, ASSISTANT_LIMITS, guildTexts, plainName, snowflake, uuidv7 } from '@skerry/protocol';
import type { SqliteDriver } from '../db/driver.ts';
import { Statements } from '../db/statements.ts';
import { type FoundBots, keepBots, type Unfit } from './import-bots.ts';
import { withOld } from './old-database.ts';
import { websiteAddress } from './website-address.ts';

/** What came of an import; `broken` names rows by their id and says what is wrong with them. */
export type ImportReport = {
  readonly imported: number;
  /** Imported by an earlier run. */
  readonly known: number;
  readonly withoutGuild: number;
  readonly groups: number;
  readonly websites: number;
  /** Bots whose tokens were carried over, and people whose were not; these connect theirs again. */
  readonly bots: number;
  readonly botless: readonly Unfit[];
  readonly broken: readonly Unfit[];
};

type OldUser = {
  id: string;
  username: string;
  selectedGuildId: string | null;
  selectedGuildName: string | null;
  serverId: string | null;
  discordBotActive: number;
  botName: string | null;
  personality: string | null;
  rules: string | null;
  information: string | null;
  messagesSentCount: number;
  messagesReceivedCount: number;
  lastMessageSentAt: number | null;
  lastMessageReceivedAt: number | null;
};

const OLD_COLUMNS = [
  'selectedGuildId',
  'selectedGuildName',
  'serverId',
  'discordBotActive',
  'botName',
  'personality',
  'rules',
  'information',
  'messagesSentCount',
  'messagesReceivedCount',
  'lastMessageSentAt',
  'lastMessageReceivedAt',
] as const;

type Import = { readonly from: string; readonly now: number; readonly bots: FoundBots };
type Copied = Omit<ImportReport, 'bots' | 'botless'>;

/**
 * Brings assistants over from a database of the shape in which a person had one guild (tables `User` and
 * `ChatConversationGroup`, and `ServerWebsite` where there is one). All or nothing: what was copied is counted and compared before the old
 * columns are dropped, in the same transaction. Run again it finds what it did and adds nothing. S3.36 to S3.39
 * @param driver the server's database, nobody else writing it
 * @throws Error when the copy does not agree with what was read; nothing is changed then
 */
export function importSingleGuild(driver: SqliteDriver, { from, now, bots }: Import): ImportReport {
  return withOld(driver, from, () => {
    driver.exec('BEGIN IMMEDIATE');
    try {
      const db = new Statements(driver);
      const copied = copy(db, now);
      // A second run finds the columns gone. What could not be copied keeps them, so that it can be mended and tried again.
      if (copied.broken.length === 0 && hasOldColumns(db))
        for (const column of OLD_COLUMNS) driver.exec(`ALTER TABLE old."User" DROP COLUMN "${column}"`);
      const { kept, botless } = keepBots(db, bots);
      driver.exec('COMMIT');
      return { ...copied, bots: kept, botless };
    } catch (error) {
      if (driver.inTransaction) driver.exec('ROLLBACK');
      throw error;
    }
  });
}

const hasOldColumns = (db: Statements): boolean =>
  db.has(`SELECT 1 FROM pragma_table_info('User', 'old') WHERE name = 'selectedGuildId'`);

function copy(db: Statements, now: number): Copied {
  const none = { imported: 0, known: 0, withoutGuild: 0, groups: 0, websites: 0, broken: [] };
  if (!hasOldColumns(db)) return none;
  const users = db.all<OldUser>(
    `SELECT "id", "username", ${OLD_COLUMNS.map((column) => `"${column}"`).join(', ')} FROM old."User" ORDER BY "id"`,
  );
  const report = { ...none, broken: [] as Unfit[] };
  const sums = { sent: 0, received: 0 };
  const expected: string[] = [];
  for (const user of users) {
    if (user.selectedGuildId === null) {
      report.withoutGuild += 1;
      continue;
    }
    const websites = oldWebsites(db, user);
    const why = faultOf(user) ?? websites.fault;
    const account = db.value<AccountId>('SELECT id FROM accounts WHERE username = ?', user.username);
    if (why !== undefined || account === undefined) {
      report.broken.push({ id: user.id, why: why ?? 'nobody here has this user name' });
      continue;
    }
    const serverId = guildRow(db, { guildId: user.selectedGuildId, name: nameOf(user), now });
    if (db.has('SELECT 1 FROM user_server_configs WHERE account_id = ? AND server_id = ?', account, serverId)) {
      report.known += 1;
      continue;
    }
    const id = freshId(now);
    insertConfig(db, user, { id, account, serverId, now });
    expected.push(id);
    report.imported += 1;
    sums.sent += user.messagesSentCount;
    sums.received += user.messagesReceivedCount;
    report.groups += copyGroups(db, user, { account, serverId, now });
    report.websites += copyWebsites(db, websites.urls, { account, serverId, now });
  }
  verify(db, expected, { ...sums, groups: report.groups, websites: report.websites });
  return report;
}

const freshId = (now: number): string => uuidv7<string>(now, randomBytes(10));
/** All rows of an import are of one moment, so their ids alone keep the order they had. */
const withIds = <T>(rows: readonly T[], now: number) =>
  rows
    .map(() => freshId(now))
    .sort()
    .map((id, at) => ({ id, row: rows[at] as T }));
const nameOf = (user: OldUser): string => user.selectedGuildName ?? 'Guild';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

/** What is wrong with a row, or nothing. */
function faultOf(user: OldUser): string | undefined {
  if (!snowflake.safeParse(user.selectedGuildId).success) return 'its guild is no id of Discord';
  if (!plainName(100).safeParse(nameOf(user)).success) return "its guild's name cannot be shown";
  for (const field of ['botName', 'personality', 'rules', 'information'] as const)
    if (user[field] !== null && !guildTexts[field].safeParse(user[field]).success)
      return `its ${field} is too long or cannot be shown`;
  if (!isCount(user.messagesSentCount) || !isCount(user.messagesReceivedCount)) return 'its counts are no counts';
  return undefined;
}

function guildRow(db: Statements, { guildId, name, now }: { guildId: string; name: string; now: number }): string {
  const known = db.value<string>('SELECT id FROM discord_guilds WHERE guild_id = ?', guildId);
  if (known !== undefined) return known;
  const id = freshId(now);
  db.run(
    'INSERT INTO discord_guilds (id, guild_id, guild_name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
    id,
    guildId,
    name,
    now,
    now,
  );
  return id;
}

type Into = { readonly account: AccountId; readonly serverId: string; readonly now: number };

function insertConfig(db: Statements, user: OldUser, { id, account, serverId, now }: Into & { id: string }): void {
  db.run(
    `INSERT INTO user_server_configs (id, account_id, server_id, guild_name, bot_name, personality, rules, information, bot_active,
     messages_sent_count, messages_received_count, last_message_sent_at, last_message_received_at, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    account,
    serverId,
    nameOf(user),
    user.botName ?? 'Assistant',
    user.personality ?? '',
    user.rules ?? '',
    user.information ?? '',
    user.discordBotActive === 1 ? 1 : 0,
    user.messagesSentCount,
    user.messagesReceivedCount,
    user.lastMessageSentAt,
    user.lastMessageReceivedAt,
    now,
    now,
  );
}

/** Groups of before belong to the guild of before. S3.38 */
function copyGroups(db: Statements, user: OldUser, { account, serverId, now }: Into): number {
  const hasPanes = db.has(`SELECT 1 FROM pragma_table_info('ChatConversationGroup', 'old') WHERE name = 'paneCount'`);
  const groups = db.all<{ name: string | null; panes: number }>(
    `SELECT "name", ${hasPanes ? '"paneCount"' : '1'} AS panes FROM old."ChatConversationGroup" WHERE "userId" = ? ORDER BY "id"`,
    user.id,
  );
  for (const { id, row } of withIds(groups, now))
    db.run(
      'INSERT INTO chat_groups (id, account_id, server_id, name, pane_count, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      account,
      serverId,
      row.name === null ? null : row.name.slice(0, 100),
      Math.max(1, Math.min(8, Math.trunc(Number(row.panes)) || 1)),
      now,
      now,
    );
  return groups.length;
}

/** Websites of before belonged to the guild, which had one person. */
function oldWebsites(db: Statements, { serverId }: OldUser): { urls: readonly string[]; fault: string | undefined } {
  if (serverId === null || !db.has(`SELECT 1 FROM pragma_table_info('ServerWebsite', 'old') WHERE name = 'url'`))
    return { urls: [], fault: undefined };
  const typed = db.values<string>('SELECT "url" FROM old."ServerWebsite" WHERE "serverId" = ? ORDER BY "id"', serverId);
  try {
    const urls = [...new Set(typed.map(websiteAddress))];
    return { urls, fault: urls.length > ASSISTANT_LIMITS.websites ? 'it has too many websites' : undefined };
  } catch {
    return { urls: [], fault: 'one of its websites has no address that can be read' };
  }
}

/** They are read once the server runs. S3.40 */
function copyWebsites(db: Statements, urls: readonly string[], { account, serverId, now }: Into): number {
  for (const { id, row: url } of withIds(urls, now))
    db.run(
      'INSERT INTO server_websites (id, account_id, server_id, url, due_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      account,
      serverId,
      url,
      now,
      now,
    );
  return urls.length;
}

type Sums = Record<'sent' | 'received' | 'groups' | 'websites', number>;

/** @throws Error when what stands there now is not what was read */
function verify(db: Statements, ids: readonly string[], sums: Sums): void {
  const found = { count: 0, sent: 0, received: 0, groups: 0, websites: 0 };
  for (const id of ids) {
    const row = db.get<Sums>(
      `SELECT c.messages_sent_count AS sent, c.messages_received_count AS received,
       (SELECT count(*) FROM chat_groups g WHERE g.account_id = c.account_id AND g.server_id = c.server_id) AS groups,
       (SELECT count(*) FROM server_websites w WHERE w.account_id = c.account_id AND w.server_id = c.server_id) AS websites
       FROM user_server_configs c WHERE c.id = ?`,
      id,
    );
    if (row === undefined) continue;
    found.count += 1;
    for (const what of ['sent', 'received', 'groups', 'websites'] as const) found[what] += row[what];
  }
  const agrees =
    found.count === ids.length && (Object.keys(sums) as (keyof Sums)[]).every((what) => found[what] === sums[what]);
  if (!agrees) throw new Error('The copy does not agree with what was read. Nothing was changed.');
}
