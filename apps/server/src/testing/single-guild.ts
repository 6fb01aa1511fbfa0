import { openDriver } from '../db/driver.ts';

/** A database of the shape in which a person had one guild: one with a guild, one without, and broken rows. */
export async function writeSingleGuild(file: string, extra = ''): Promise<void> {
  const driver = await openDriver(file, 'write');
  driver.exec(`
    CREATE TABLE "User" ("id" TEXT PRIMARY KEY, "username" TEXT NOT NULL, "discordToken" TEXT, "email" TEXT, "selectedGuildId" TEXT,
      "selectedGuildName" TEXT, "serverId" TEXT, "discordBotActive" INTEGER NOT NULL DEFAULT 0, "botName" TEXT DEFAULT 'Assistant',
      "personality" TEXT DEFAULT '', "rules" TEXT DEFAULT '', "information" TEXT DEFAULT '', "messagesSentCount" INTEGER NOT NULL DEFAULT 0,
      "messagesReceivedCount" INTEGER NOT NULL DEFAULT 0, "lastMessageSentAt" INTEGER, "lastMessageReceivedAt" INTEGER);
    CREATE TABLE "ChatConversationGroup" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL, "name" TEXT);
    INSERT INTO "User" VALUES ('u1', 'ada', NULL, NULL, '200000000000000001', 'Harbour', 's1', 1, 'Lantern', 'Kind.', 'No spam.', 'Opens at seven.', 42, 100, 1700000000000, NULL);
    INSERT INTO "User" ("id", "username") VALUES ('u2', 'ben');
    INSERT INTO "User" ("id", "username", "selectedGuildId", "selectedGuildName", "serverId", "messagesSentCount") VALUES ('u3', 'cat', '200000000000000001', 'Harbour', 's1', 3);
    INSERT INTO "ChatConversationGroup" VALUES ('g1', 'u1', 'Tries'), ('g2', 'u1', NULL), ('g3', 'u2', 'Alone');
    ${extra}`);
  driver.close();
}

export const BROKEN_ROWS = `
  INSERT INTO "User" ("id", "username", "selectedGuildId") VALUES ('b1', 'dan', 'not-an-id');
  INSERT INTO "User" ("id", "username", "selectedGuildId") VALUES ('b2', 'nobody-here', '200000000000000002');
  INSERT INTO "User" ("id", "username", "selectedGuildId", "messagesSentCount") VALUES ('b3', 'dan', '200000000000000002', -5);`;
