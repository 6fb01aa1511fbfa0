import { SkerryError } from '@skerry/protocol';
import type { ServerHandle, SkerryClient } from '../face.ts';
import { Value } from '../value.ts';
import type { EntryId, ServerView } from '../views.ts';
import type {
  AssistantsHandle,
  AssistantsView,
  FleetAssistants,
  FleetAssistantsView,
  FleetGuild,
  FleetPart,
  FleetTotals,
} from './face.ts';

type Source = Pick<SkerryClient, 'servers' | 'server'>;
type Held = { readonly handle: ServerHandle; assistants: AssistantsHandle | undefined; readonly end: () => void };

const UNKNOWN: AssistantsView = {
  standing: 'loading',
  problem: null,
  guilds: [],
  bot: undefined,
  model: undefined,
  weeks: new Map(),
  heardAt: null,
};

/** One view over the assistants of all servers, made of what each of them says of itself. S3.29, S3.49 */
export function fleetAssistants(client: Source): FleetAssistants {
  const view = new Value<FleetAssistantsView>(merged([]));
  let held = new Map<EntryId, Held>();
  let watchers = 0;
  let endServers = (): void => undefined;

  const show = (): void => {
    view.set(merged(client.servers.get().flatMap((server) => partOf(server, held.get(server.entry.id)?.assistants))));
  };
  const follow = (): void => {
    const next = new Map<EntryId, Held>();
    for (const { entry } of client.servers.get()) {
      const handle = client.server(entry.id);
      const known = held.get(entry.id);
      if (handle !== undefined) next.set(entry.id, known?.handle === handle ? known : hold(handle));
    }
    for (const [id, one] of held) if (next.get(id) !== one) one.end();
    held = next;
    show();
  };
  /** Each is loaded, asked and followed alone. */
  const hold = (handle: ServerHandle): Held => {
    let isOver = false;
    const ends: (() => void)[] = [];
    const one: Held = {
      handle,
      assistants: undefined,
      end: () => {
        isOver = true;
        ends.forEach((end) => end());
      },
    };
    handle.assistants().then(
      (assistants) => {
        if (isOver) return;
        one.assistants = assistants;
        ends.push(assistants.view.subscribe(show), assistants.watch());
        show();
      },
      () => undefined,
    );
    return one;
  };

  return {
    view,
    watch: () => {
      watchers += 1;
      if (watchers === 1) {
        endServers = client.servers.subscribe(follow);
        follow();
      }
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        watchers -= 1;
        if (watchers > 0) return;
        endServers();
        for (const one of held.values()) one.end();
        held = new Map();
      };
    },
    server: async (entry) => {
      const handle = client.server(entry);
      if (handle === undefined) throw new SkerryError('not_found');
      return handle.assistants();
    },
  };
}

/** A server nobody has signed in to yet has no account whose assistants could be shown. */
function partOf(server: ServerView, assistants: AssistantsHandle | undefined): FleetPart[] {
  if (server.entry.account === null) return [];
  return [{ entryId: server.entry.id, label: server.label, view: assistants?.view.get() ?? UNKNOWN }];
}

/** Pure: keyed by (entry, guild row), so equal ids of two servers stay two guilds. */
export function merged(servers: readonly FleetPart[]): FleetAssistantsView {
  const guilds = servers
    .flatMap(({ entryId, label, view }) =>
      view.guilds.map((guild): FleetGuild => ({
        key: `${entryId}/${guild.serverId}`,
        entryId,
        label,
        guild,
        week: view.weeks.get(guild.serverId),
        stale: view.standing !== 'ready',
      })),
    )
    .sort((a, b) => a.guild.guildName.localeCompare(b.guild.guildName) || a.label.localeCompare(b.label));
  return {
    servers,
    guilds,
    totals: totalsOf(servers, guilds),
    missing: servers.filter(({ view }) => view.standing === 'away' || view.standing === 'loading'),
  };
}

function totalsOf(servers: readonly FleetPart[], guilds: readonly FleetGuild[]): FleetTotals {
  const sum = (of: (one: FleetGuild) => number): number =>
    // What a server claims to have counted must not make the sum of all unusable.
    Math.min(
      Number.MAX_SAFE_INTEGER,
      guilds.reduce((total, one) => total + of(one), 0),
    );
  return {
    guilds: guilds.length,
    active: guilds.filter(({ guild }) => guild.botActive).length,
    sent: sum(({ guild }) => guild.messagesSentCount),
    received: sum(({ guild }) => guild.messagesReceivedCount),
    websites: sum(({ guild }) => guild.websiteCount),
    sentToday: sum(({ week }) => week?.at(-1)?.sent ?? 0),
    bots: servers.filter(({ view }) => view.bot != null).length,
  };
}
