import Database from 'libsql';
import type { Guild } from '../discord/world.ts';

export type OldUser = {
  readonly username: string;
  /** In the clear, as it was. */
  readonly token: string | null;
  readonly guild: Guild | null;
  readonly active: boolean;
  readonly botName: string;
  readonly personality: string;
  readonly rules: string;
  readonly information: string;
  readonly sent: number;
  readonly received: number;
  readonly website: string | null;
};

/** A database of the shape in which a person had one guild, and its assistant was part of the person. */
export function writeSingleGuild(file: string, users: readonly OldUser[]): void {
  const db = new Database(file);
  db.exec(`
    CREATE TABLE "User" ("id" TEXT PRIMARY KEY, "username" TEXT NOT NULL, "discordToken" TEXT, "email" TEXT, "selectedGuildId" TEXT,
      "selectedGuildName" TEXT, "serverId" TEXT, "discordBotActive" INTEGER NOT NULL DEFAULT 0, "botName" TEXT DEFAULT 'Assistant',
      "personality" TEXT DEFAULT '', "rules" TEXT DEFAULT '', "information" TEXT DEFAULT '', "messagesSentCount" INTEGER NOT NULL DEFAULT 0,
      "messagesReceivedCount" INTEGER NOT NULL DEFAULT 0, "lastMessageSentAt" INTEGER, "lastMessageReceivedAt" INTEGER);
    CREATE TABLE "ChatConversationGroup" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL, "name" TEXT);
    CREATE TABLE "ServerWebsite" ("id" TEXT PRIMARY KEY, "serverId" TEXT NOT NULL, "url" TEXT NOT NULL);`);
  const add = (sql: string, ...cells: (string | number | null)[]) => void db.prepare(sql).run(cells);
  for (const [n, user] of users.entries()) {
    const { username, token, guild, active, botName, personality, rules, information, sent, received, website } = user;
    add(
      'INSERT INTO "User" VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)',
      `u${n}`,
      username,
      token,
      guild?.id ?? null,
      guild?.name ?? null,
      `s${n}`,
      active ? 1 : 0,
      botName,
      personality,
      rules,
      information,
      sent,
      received,
    );
    if (website !== null) add('INSERT INTO "ServerWebsite" VALUES (?, ?, ?)', `w${n}`, `s${n}`, website);
    if (guild !== null) add('INSERT INTO "ChatConversationGroup" VALUES (?, ?, ?)', `g${n}`, `u${n}`, `of ${username}`);
  }
  db.close();
}
