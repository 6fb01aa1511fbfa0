import { openDriver } from '../db/driver.ts';

/** Tokens as the old shape kept them: in the clear. */
export const OLD_TOKENS = { ada: 'bot-token-of-ada.canary-old-61', ben: 'token-of-a-person-000000' } as const;

/** A database of the shape in which a person had one guild: one with a guild, one without, and broken rows. */
export async function writeSingleGuild(file: string, extra = ''): Promise<void> {
  const driver = await openDriver(file, 'write');
  driver.exec(`
    CREATE TABLE "User" ("id" TEXT PRIMARY KEY, "username" TEXT NOT NULL, "discordToken" TEXT, "email" TEXT, "selectedGuildId" TEXT,
      "selectedGuildName" TEXT, "serverId" TEXT, "discordBotActive" INTEGER NOT NULL DEFAULT 0, "botName" TEXT DEFAULT 'Assistant',
      "personality" TEXT DEFAULT '', "rules" TEXT DEFAULT '', "information" TEXT DEFAULT '', "messagesSentCount" INTEGER NOT NULL DEFAULT 0,
      "messagesReceivedCount" INTEGER NOT NULL DEFAULT 0, "lastMessageSentAt" INTEGER, "lastMessageReceivedAt" INTEGER);
    CREATE TABLE "ChatConversationGroup" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL, "name" TEXT, "paneCount" INTEGER NOT NULL DEFAULT 1);
    CREATE TABLE "ServerWebsite" ("id" TEXT PRIMARY KEY, "serverId" TEXT NOT NULL, "url" TEXT NOT NULL);
    INSERT INTO "ServerWebsite" VALUES ('w1', 's1', 'http://127.0.0.1:9/harbour#top'), ('w2', 's1', 'http://127.0.0.1:9/mill'), ('w3', 's9', 'http://127.0.0.1:9/of-nobody');
    INSERT INTO "User" VALUES ('u1', 'ada', '${OLD_TOKENS.ada}', NULL, '200000000000000001', 'Harbour', 's1', 1, 'Lantern', 'Kind.', 'No spam.', 'Opens at seven.', 42, 100, 1700000000000, NULL);
    INSERT INTO "User" ("id", "username", "discordToken") VALUES ('u2', 'ben', '${OLD_TOKENS.ben}');
    INSERT INTO "User" ("id", "username", "selectedGuildId", "selectedGuildName", "serverId", "messagesSentCount") VALUES ('u3', 'cat', '200000000000000001', 'Harbour', 's2', 3);
    INSERT INTO "ChatConversationGroup" VALUES ('g1', 'u1', 'Tries', 2), ('g2', 'u1', NULL, 1), ('g3', 'u2', 'Alone', 1);
    ${extra}`);
  driver.close();
}

export const BROKEN_ROWS = `
  INSERT INTO "User" ("id", "username", "selectedGuildId") VALUES ('b1', 'dan', 'not-an-id');
  INSERT INTO "User" ("id", "username", "selectedGuildId") VALUES ('b2', 'nobody-here', '200000000000000002');
  INSERT INTO "User" ("id", "username", "selectedGuildId", "messagesSentCount") VALUES ('b3', 'dan', '200000000000000002', -5);
  INSERT INTO "User" ("id", "username", "selectedGuildId", "serverId") VALUES ('b4', 'dan', '200000000000000002', 's4');
  INSERT INTO "ServerWebsite" VALUES ('w4', 's4', 'file:///etc/passwd');`;
