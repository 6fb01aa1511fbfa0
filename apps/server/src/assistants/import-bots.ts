import { type AccountId, SkerryError } from '@skerry/protocol';
import type { SqliteDriver } from '../db/driver.ts';
import { Statements } from '../db/statements.ts';
import type { DiscordApi } from './discord-api.ts';
import { type BotRow, keepBot } from './discord-rows.ts';
import { withOld } from './old-database.ts';
import type { StoredSecrets } from './stored-secrets.ts';

/** Somebody of the old database, by id, and what is wrong. */
export type Unfit = { readonly id: string; readonly why: string };
/** A bot of the old database that Discord knows, sealed for this one. */
type FoundBot = { readonly id: string; readonly bot: BotRow };
export type FoundBots = { readonly bots: readonly FoundBot[]; readonly unfit: readonly Unfit[] };

type Parts = {
  /** File of the old database. */
  readonly from: string;
  readonly discord: Pick<DiscordApi, 'check'>;
  readonly secrets: StoredSecrets;
  readonly newId: () => string;
  readonly now: number;
};

type OldToken = { id: string; token: string; account: AccountId };

/**
 * The tokens of an old database, of people here who have no bot yet. Each is shown to Discord, as when
 * it is connected by hand, since a person's token is refused.
 */
export async function findBots(driver: SqliteDriver, parts: Parts): Promise<FoundBots> {
  const { from, discord, secrets, newId, now } = parts;
  const rows = withOld(driver, from, () => oldTokens(new Statements(driver)));
  const bots: FoundBot[] = [];
  const unfit: Unfit[] = [];
  for (const { id, token, account } of rows) {
    try {
      const checked = await discord.check(token);
      const row = newId();
      const sealed = secrets.seal(token, { use: 'bot', account, row });
      bots.push({ id, bot: { account, id: row, ...checked, token: sealed, connectedAt: now } });
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
      unfit.push({ id, why: whyOf(error) });
    }
  }
  return { bots, unfit };
}

function oldTokens(db: Statements): OldToken[] {
  if (!db.has(`SELECT 1 FROM pragma_table_info('User', 'old') WHERE name = 'discordToken'`)) return [];
  return db.all<OldToken>(
    `SELECT u."id", u."discordToken" AS token, a.id AS account FROM old."User" u JOIN accounts a ON a.username = u."username"
     WHERE u."discordToken" IS NOT NULL AND u."discordToken" <> ''
     AND NOT EXISTS (SELECT 1 FROM discord_bots b WHERE b.account_id = a.id) ORDER BY u."id"`,
  );
}

/** Within the transaction of the import. @returns how many were kept, and whose is taken already */
export function keepBots(db: Statements, { bots, unfit }: FoundBots): { kept: number; botless: readonly Unfit[] } {
  const botless = [...unfit];
  let kept = 0;
  for (const { id, bot } of bots) {
    try {
      keepBot(db, bot);
      kept += 1;
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
      botless.push({ id, why: 'another account here has connected this bot' });
    }
  }
  return { kept, botless };
}

const whyOf = ({ code }: SkerryError): string =>
  code === 'bot_refused'
    ? 'Discord does not know its token as the token of a bot'
    : 'Discord cannot be asked about its token now';
