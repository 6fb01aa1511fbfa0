import { type Link, parseAddress, SkerryError } from '@skerry/protocol';
import type { SkerryClient } from '../face.ts';
import type { ServerContext } from '../servers/context.ts';
import { Value } from '../value.ts';
import type { EntryId } from '../views.ts';
import type { FleetMachines, FleetMachinesView } from './face.ts';
import { type MachineParts, NO_PART, ServerMachines, type ServerPart } from './server-machines.ts';

type Source = Pick<SkerryClient, 'servers' | 'primary' | 'entryOfLink'>;
type Held = { readonly machines: ServerMachines; readonly end: () => void };

const MOST_CLOSED = 200;
const MOST_NOTICES = 50;

/** One view over the machines of all servers, made of what each of them says of itself; nothing goes to another server. */
export function fleetMachines(client: Source, partsOf: (entry: EntryId) => MachineParts | undefined): FleetMachines {
  const view = new Value<FleetMachinesView>(merged([]));
  const dismissed = new Set<string>();
  let held = new Map<EntryId, Held>();

  const show = (): void => {
    const parts = client.servers.get().flatMap(({ entry, label }): ServerPart[] => {
      // Nobody has signed in there yet, so there is nobody whose machines these could be.
      if (entry.account === null) return [];
      return [held.get(entry.id)?.machines.view.get() ?? NO_PART({ entryId: entry.id, label })];
    });
    const all = merged(parts);
    view.set({ ...all, notices: all.notices.filter(({ key }) => !dismissed.has(key)).slice(0, MOST_NOTICES) });
  };
  /** That of a server is made once, and another one when its entry is opened anew. */
  const made = new WeakMap<ServerContext, ServerMachines>();
  const find = (entry: EntryId): ServerMachines | undefined => {
    const parts = partsOf(entry);
    if (parts === undefined) return undefined;
    const machines = made.get(parts.context) ?? new ServerMachines(parts);
    made.set(parts.context, machines);
    return machines;
  };
  /** The part of exactly that server. @throws SkerryError `not_found` */
  const of = (entry: EntryId): ServerMachines => {
    const machines = find(entry);
    if (machines === undefined) throw new SkerryError('not_found');
    return machines;
  };
  /** Each is asked and followed alone. */
  const follow = (): void => {
    const next = new Map<EntryId, Held>();
    for (const { entry } of client.servers.get()) {
      const machines = find(entry.id);
      const known = held.get(entry.id);
      if (machines === undefined) continue;
      const isSame = known?.machines === machines;
      next.set(entry.id, isSame ? known : { machines, end: machines.view.subscribe(show) });
    }
    for (const [id, one] of held) if (next.get(id) !== one) one.end();
    held = next;
    show();
  };
  client.servers.subscribe(follow);
  follow();

  return {
    view,
    run: (entry, run) => of(entry).run(run),
    folders: async ({ entry, machine }, path, signal) => of(entry).folders(machine, path, signal),
    start: async ({ entry, machine }, what, signal) => of(entry).start(machine, what, signal),
    answer: async ({ entryId, id }, decision) => of(entryId).answer(id, decision),
    rename: async ({ entry, machine }, name) => of(entry).rename(machine, name),
    remove: async ({ entry, machine }) => of(entry).remove(machine),
    erase: async (entry, run) => of(entry).erase(run),
    olderRuns: async (entry, before, signal) => of(entry).olderRuns(before, signal),
    dismissNotice: ({ key }) => {
      dismissed.add(key);
      show();
    },
    entryOf: (link) => entryOf(client, link),
    pair: (link, entry) => of(entry).pair(link),
  };
}

/** Pure: keys hold the entry, so equal ids of two servers stay two things. S2.25, S2.26 */
function merged(parts: readonly ServerPart[]): FleetMachinesView {
  const byLabel = (a: { serverLabel: string }, b: { serverLabel: string }): number =>
    a.serverLabel.localeCompare(b.serverLabel);
  return {
    parts: parts.map(({ part }) => part),
    machines: parts.flatMap(({ machines }) => machines).sort((a, b) => a.name.localeCompare(b.name) || byLabel(a, b)),
    runs: parts.flatMap(({ runs }) => runs).sort((a, b) => b.updatedAt - a.updatedAt),
    asks: parts.flatMap(({ asks }) => asks).sort((a, b) => a.openedAt - b.openedAt),
    closed: parts
      .flatMap(({ closed }) => closed)
      .sort((a, b) => (b.closedAt ?? 0) - (a.closedAt ?? 0))
      .slice(0, MOST_CLOSED),
    notices: parts.flatMap(({ notices }) => notices).sort((a, b) => b.at - a.at),
  };
}

async function entryOf(client: Source, link: Link): Promise<EntryId | undefined> {
  if (link.kind !== 'terminal') return undefined;
  const { server, fp } = link;
  if (fp !== undefined) return client.entryOfLink(link);
  if (server === undefined) return client.primary.get() ?? client.servers.get()[0]?.entry.id;
  const parsed = parseAddress(server);
  return parsed.ok ? client.entryOfLink({ ...link, address: parsed.address }) : undefined;
}
