import type { EntryId } from '@skerry/core';
import { hrefOf } from '../../shell/route.ts';

export const GUILD_SECTIONS = ['config', 'websites', 'stats', 'log'] as const;
export type GuildSection = (typeof GUILD_SECTIONS)[number];
/** A guild over all servers: its row on one of them. */
export type GuildRef = { readonly entry: EntryId; readonly serverId: string };
export type ConversationRef = { readonly entry: EntryId; readonly conversationId: string };

/** Where in the assistants the person is. */
export type Place =
  | { readonly at: 'overview' }
  | { readonly at: 'add' }
  | { readonly at: 'guild'; readonly guild: GuildRef; readonly section: GuildSection }
  /** Conversations of one guild, or of all; with one of them open. */
  | {
      readonly at: 'chat';
      readonly guild: GuildRef | undefined;
      readonly conversation: ConversationRef | undefined;
    };

/** Reads the rest of the address. Total: what is not known is undefined. */
export function placeOf(path: readonly string[]): Place | undefined {
  const [head, entry, id, last] = path;
  if (head === undefined) return { at: 'overview' };
  if (head === 'add') return path.length === 1 ? { at: 'add' } : undefined;
  if (head === 'chat') return chatOf(path.slice(1));
  if (head !== 'g' || entry === undefined || id === undefined || path.length > 4) return undefined;
  const section = last === undefined ? 'config' : GUILD_SECTIONS.find((one) => one === last);
  const guild: GuildRef = { entry: entry as EntryId, serverId: id };
  return section === undefined ? undefined : { at: 'guild', guild, section };
}

function chatOf([kind, entry, id, ...more]: readonly string[]): Place | undefined {
  if (kind === undefined) return { at: 'chat', guild: undefined, conversation: undefined };
  if (entry === undefined || id === undefined || more.length > 0) return undefined;
  const of = entry as EntryId;
  if (kind === 'g') return { at: 'chat', guild: { entry: of, serverId: id }, conversation: undefined };
  if (kind === 'c') return { at: 'chat', guild: undefined, conversation: { entry: of, conversationId: id } };
  return undefined;
}

export function pathOf(place: Place): readonly string[] {
  switch (place.at) {
    case 'overview':
      return [];
    case 'add':
      return ['add'];
    case 'guild': {
      const { entry, serverId } = place.guild;
      return ['g', entry, serverId, ...(place.section === 'config' ? [] : [place.section])];
    }
    case 'chat':
      if (place.conversation !== undefined)
        return ['chat', 'c', place.conversation.entry, place.conversation.conversationId];
      return place.guild === undefined ? ['chat'] : ['chat', 'g', place.guild.entry, place.guild.serverId];
  }
}

export const hrefOfPlace = (place: Place): string => hrefOf({ kind: 'assistants', path: pathOf(place) });
