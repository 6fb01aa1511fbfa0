import type { EntryId, FleetAssistants, FleetAssistantsView } from '@skerry/core';
import type { ChatGroup } from '@skerry/protocol';
import type { GuildRef } from './places.ts';

/** Test conversations with the assistant of one guild, on one server. */
export type ChatSection = {
  readonly key: string;
  readonly entry: EntryId;
  readonly server: string;
  /** Undefined: the guild was removed, its conversations stayed. */
  readonly serverId: string | null;
  readonly guildName: string | undefined;
  readonly groups: readonly ChatGroup[];
};

/** The test conversations of all servers, as far as they can be asked. S3.32, S3.34 */
export class ChatBook {
  readonly #fleet: FleetAssistants;
  #groups: ReadonlyMap<EntryId, readonly ChatGroup[]> = $state.raw(new Map());
  #loading: number = $state(0);

  constructor(fleet: FleetAssistants) {
    this.#fleet = fleet;
  }

  get isLoading(): boolean {
    return this.#loading > 0 && this.#groups.size === 0;
  }

  groupsOf(entry: EntryId): readonly ChatGroup[] {
    return this.#groups.get(entry) ?? [];
  }

  /** Asks one server. One that does not answer leaves what is known of it, and the others, as they are. */
  async load(entry: EntryId, signal?: AbortSignal): Promise<void> {
    this.#loading += 1;
    try {
      const groups = await (await this.#fleet.server(entry)).chatGroups(signal);
      if (signal?.aborted !== true) this.#groups = new Map([...this.#groups, [entry, groups]]);
    } catch {
      // That its server cannot be asked is said by the overview's state of that server.
    } finally {
      this.#loading -= 1;
    }
  }
}

/** Sections by guild, the guild used last first; of one guild, or of all. */
export function chatSections(
  book: Pick<ChatBook, 'groupsOf'>,
  view: FleetAssistantsView,
  filter: GuildRef | undefined,
): readonly ChatSection[] {
  const sections = view.servers.flatMap(({ entryId, label, view: of }) => {
    const rows = new Map<string | null, ChatGroup[]>();
    for (const group of book.groupsOf(entryId)) rows.set(group.serverId, [...(rows.get(group.serverId) ?? []), group]);
    return [...rows].map(([serverId, groups]): ChatSection => ({
      key: `${entryId}/${serverId ?? ''}`,
      entry: entryId,
      server: label,
      serverId,
      guildName: of.guilds.find((guild) => guild.serverId === serverId)?.guildName,
      groups,
    }));
  });
  const last = ({ groups }: ChatSection): string =>
    groups.reduce((at, group) => (group.updatedAt > at ? group.updatedAt : at), '');
  return sections
    .filter((one) => filter === undefined || (one.entry === filter.entry && one.serverId === filter.serverId))
    .sort((a, b) => (last(a) < last(b) ? 1 : -1));
}
