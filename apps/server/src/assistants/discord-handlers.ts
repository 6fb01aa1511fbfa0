import { type AccountId, SkerryError } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';
import { newId } from '../new-id.ts';
import type { AssistantDeps } from './assistant-deps.ts';
import { type BotRow, shownBot } from './discord-rows.ts';

type Route = 'discordStatus' | 'connectBot' | 'disconnectBot' | 'discordBot' | 'discordGuilds';

/** The bot of one person. Its token comes in and never goes out but to a runner, sealed. T36 */
export function discordHandlers(deps: AssistantDeps): Pick<Handlers, Route> {
  const { db, limits, clock, secrets, discord, changes } = deps;
  return {
    discordStatus: async ({ caller }) => {
      const status = await db.read('assistants.status', { account: caller.account });
      return { ...status, connected: status.connected && (await openedBot(deps, caller.account)) !== null };
    },

    connectBot: async ({ caller, body }) => {
      const { account } = caller;
      limits.take('connectBot', account);
      const checked = await discord.check(body.token);
      const id = newId(clock);
      const bot = {
        account,
        id,
        ...checked,
        token: secrets.seal(body.token, { use: 'bot', account, row: id }),
        connectedAt: clock.now(),
      };
      await db.write('assistants.connectBot', bot);
      changes.notify();
      return shownBot(bot);
    },

    disconnectBot: async ({ caller }) => {
      await db.write('assistants.disconnectBot', { account: caller.account });
      changes.notify();
      return {};
    },

    discordBot: async ({ caller }) => {
      const opened = await openedBot(deps, caller.account);
      return { bot: opened && shownBot(opened.bot) };
    },

    discordGuilds: async ({ caller }) => {
      limits.take('connectBot', caller.account);
      const guilds = await guildsOfBot(deps, caller.account);
      const added = new Set(
        (await db.read('assistants.guilds', { account: caller.account })).map(({ guildId }) => guildId),
      );
      return { guilds: guilds.map((guild) => ({ ...guild, added: added.has(guild.guildId) })) };
    },
  };
}

/** The bot of one person with its token; null without one, and for one that this server's key does not open. A-2 */
async function openedBot(
  { db, secrets }: AssistantDeps,
  account: AccountId,
): Promise<{ readonly bot: BotRow; readonly token: string } | null> {
  const bot = await db.read('assistants.bot', { account });
  const token = bot === null ? undefined : secrets.open(bot.token, { use: 'bot', account, row: bot.id });
  return bot === null || token === undefined ? null : { bot, token };
}

/** @throws SkerryError bot_missing without a token that can be read; bot_refused, upstream_failed */
export async function guildsOfBot(
  deps: AssistantDeps,
  account: AccountId,
): Promise<{ guildId: string; guildName: string }[]> {
  const opened = await openedBot(deps, account);
  if (opened !== null) return deps.discord.guilds(opened.token);
  const isKept = (await deps.db.read('assistants.bot', { account })) !== null;
  throw new SkerryError('bot_missing', {
    message: isKept
      ? 'This server can no longer open the token of your bot. Connect the bot again.'
      : 'Connect a bot first.',
  });
}
