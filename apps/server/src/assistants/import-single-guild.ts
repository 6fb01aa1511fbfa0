import { randomBytes } from 'node:crypto';
import { type AccountId, guildTexts, plainName, snowflake, uuidv7 } from '@skerry/protocol';
import type { SqliteDriver } from '../db/driver.ts';
import { Statements } from '../db/statements.ts';

/** What came of an import; `broken` names rows by their id and says what is wrong with them. */
export type ImportReport = {
  readonly imported: number;
  /** Imported by an earlier run. */
  readonly known: number;
  readonly withoutGuild: number;
  readonly groups: number;
  readonly broken: readonly { readonly id: string; readonly why: string }[];
};

type OldUser = {
  id: string;
  username: string;
  selectedGuildId: string | null;
  selectedGuildName: string | null;
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

/**
 * Brings assistants over from a database of the shape in which a person had one guild (tables `User` and
 * `ChatConversationGroup`, attached as `old`). All or nothing: what was copied is counted and compared before the old
 * columns are dropped, in the same transaction. Run again it finds what it did and adds nothing. S3.36 to S3.39
 * @param driver the server's database, nobody else writing it
 * @throws Error when the copy does not agree with what was read; nothing is changed then
 */
export function importSingleGuild(driver: SqliteDriver, from: string, now: number): ImportReport {
  driver.prepare('ATTACH DATABASE ? AS old').run([from]);
  try {
    driver.exec('BEGIN IMMEDIATE');
    try {
      const report = copy(new Statements(driver), now);
      // A second run finds the columns gone. What could not be copied keeps them, so that it can be mended and tried again.
      if (report.broken.length === 0 && hasOldColumns(new Statements(driver)))
        for (const column of OLD_COLUMNS) driver.exec(`ALTER TABLE old."User" DROP COLUMN "${column}"`);
      driver.exec('COMMIT');
      return report;
    } catch (error) {
      if (driver.inTransaction) driver.exec('ROLLBACK');
      throw error;
    }
  } finally {
    driver.exec('DETACH DATABASE old');
  }
}

const hasOldColumns = (db: Statements): boolean =>
  db.has(`SELECT 1 FROM pragma_table_info('User', 'old') WHERE name = 'selectedGuildId'`);

function copy(db: Statements, now: number): ImportReport {
  const none = { imported: 0, known: 0, withoutGuild: 0, groups: 0, broken: [] };
  if (!hasOldColumns(db)) return none;
  const users = db.all<OldUser>(
    `SELECT "id", "username", ${OLD_COLUMNS.filter((column) => column !== 'serverId')
      .map((column) => `"${column}"`)
      .join(', ')} FROM old."User" ORDER BY "id"`,
  );
  const report = { ...none, broken: [] as { id: string; why: string }[] };
  const sums = { sent: 0, received: 0 };
  const expected: string[] = [];
  for (const user of users) {
    if (user.selectedGuildId === null) {
      report.withoutGuild += 1;
      continue;
    }
    const why = faultOf(user);
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
  }
  verify(db, expected, sums);
  return report;
}

const freshId = (now: number): string => uuidv7<string>(now, randomBytes(10));
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
  const names = db.values<string | null>(
    'SELECT "name" FROM old."ChatConversationGroup" WHERE "userId" = ? ORDER BY "id"',
    user.id,
  );
  for (const name of names)
    db.run(
      'INSERT INTO chat_groups (id, account_id, server_id, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
      freshId(now),
      account,
      serverId,
      name === null ? null : name.slice(0, 100),
      now,
      now,
    );
  return names.length;
}

/** @throws Error when what stands there now is not what was read */
function verify(db: Statements, ids: readonly string[], sums: { sent: number; received: number }): void {
  const found = { count: 0, sent: 0, received: 0 };
  for (const id of ids) {
    const row = db.get<{ sent: number; received: number }>(
      'SELECT messages_sent_count AS sent, messages_received_count AS received FROM user_server_configs WHERE id = ?',
      id,
    );
    if (row === undefined) continue;
    found.count += 1;
    found.sent += row.sent;
    found.received += row.received;
  }
  if (found.count !== ids.length || found.sent !== sums.sent || found.received !== sums.received)
    throw new Error('The copy does not agree with what was read. Nothing was changed.');
}
