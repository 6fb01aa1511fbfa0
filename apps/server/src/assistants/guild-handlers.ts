import { SkerryError } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';
import { Lines } from '../http/lines.ts';
import { newId } from '../new-id.ts';
import type { AssistantDeps } from './assistant-deps.ts';
import { guildsOfBot } from './discord-handlers.ts';
import { websiteAddress } from './website-address.ts';

type Route =
  | 'guilds'
  | 'addGuild'
  | 'guild'
  | 'updateGuild'
  | 'removeGuild'
  | 'guildStats'
  | 'guildActions'
  | 'websites'
  | 'addWebsite'
  | 'removeWebsite'
  | 'fetchWebsite';

/** The guilds of one person and what their assistants may quote. Everybody sees their own alone. T32 */
export function guildHandlers(deps: AssistantDeps): Pick<Handlers, Route> {
  const { db, limits, clock, changes, websites } = deps;
  /** After what runners are told of has changed. */
  const changed = <T>(value: T): T => (changes.notify(), value);

  return {
    guilds: async ({ caller }) => ({ servers: await db.read('assistants.guilds', { account: caller.account }) }),

    addGuild: async ({ caller, body }) => {
      const { account } = caller;
      await requireBotIn(deps, { account, guildId: body.guildId });
      return changed(
        await db.write('assistants.addGuild', { account, ...body, id: newId(clock), freshServerId: newId(clock) }),
      );
    },

    guild: ({ caller, params }) => db.read('assistants.guild', { account: caller.account, ...params }),

    updateGuild: async ({ caller, params, body }) =>
      changed(
        await db.write('assistants.updateGuild', { guild: { account: caller.account, ...params }, update: body }),
      ),

    removeGuild: async ({ caller, params }) => {
      await db.write('assistants.removeGuild', { account: caller.account, ...params });
      return changed({});
    },

    guildStats: ({ caller, params, query }) =>
      db.read('assistants.stats', {
        guild: { account: caller.account, ...params },
        days: query.days ?? 30,
        now: clock.now(),
      }),

    guildActions: ({ caller, params, query }) =>
      db.read('assistants.actions', {
        guild: { account: caller.account, ...params },
        before: query.before ?? null,
        limit: query.limit ?? 20,
      }),

    websites: async ({ caller, params }) => {
      const list = await db.read('assistants.websites', { account: caller.account, ...params });
      return {
        websites: list.map((one) => (websites.isFetching(one.id) ? { ...one, status: 'fetching' as const } : one)),
      };
    },

    addWebsite: async ({ caller, params, body }) => {
      limits.take('fetchWebsite', caller.account);
      const guild = { account: caller.account, ...params };
      const made = await db.write('assistants.addWebsite', {
        guild,
        id: newId(clock),
        url: websiteAddress(body.url),
        now: clock.now(),
      });
      websites.refresh();
      return changed(made);
    },

    removeWebsite: async ({ caller, params }) => {
      await db.write('assistants.removeWebsite', { account: caller.account, ...params });
      return changed({});
    },

    fetchWebsite: async ({ caller, params, wantsLines, gone }) => {
      limits.take('fetchWebsite', caller.account);
      const of = { account: caller.account, ...params };
      await db.read('assistants.websiteSource', of);
      if (wantsLines) return new Lines(websites.fetchLines(of, gone));
      const read = await websites.fetch(of, () => undefined);
      if (read === null) throw new SkerryError('not_found');
      return read;
    },
  };
}

/** A guild that a connected bot is not in would never be answered in. While Discord cannot say, it may be added. */
async function requireBotIn(
  deps: AssistantDeps,
  { account, guildId }: { account: Parameters<typeof guildsOfBot>[1]; guildId: string },
): Promise<void> {
  let guilds: readonly { guildId: string }[];
  try {
    guilds = await guildsOfBot(deps, account);
  } catch {
    return;
  }
  if (!guilds.some((guild) => guild.guildId === guildId))
    throw new SkerryError('bot_missing', {
      field: 'guildId',
      message: 'Your bot is not in this guild. Invite it first.',
    });
}
