import type { AssistantsView, FleetGuild } from '@skerry/core';
import type { Status } from '../../ui/status.ts';

export type GuildState = 'answering' | 'off' | 'noBot' | 'away';

/** How an assistant stands, as far as its server tells: one that is on without a bot reaches nobody. */
export function guildState({ guild, stale }: FleetGuild, bot: AssistantsView['bot']): GuildState {
  if (stale) return 'away';
  if (!guild.botActive) return 'off';
  return bot === null ? 'noBot' : 'answering';
}

export const STATUS_OF: Record<GuildState, Status> = {
  answering: 'live',
  off: 'paused',
  noBot: 'attention',
  away: 'down',
};

/** Those that need the person first, the others as they were. */
export function troubledFirst(
  guilds: readonly FleetGuild[],
  stateOf: (one: FleetGuild) => GuildState,
): readonly FleetGuild[] {
  const rank = (one: FleetGuild): number => (['noBot', 'away'].includes(stateOf(one)) ? 0 : 1);
  return [...guilds].sort((a, b) => rank(a) - rank(b));
}
