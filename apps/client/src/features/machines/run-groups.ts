import type { AskView, EntryId, FleetMachinesView, MachineView, RunView } from '@skerry/core';

export type RunGroup = {
  readonly key: string;
  /** Undefined for one that was removed. */
  readonly machine: MachineView | undefined;
  readonly entryId: EntryId;
  readonly name: string;
  readonly runs: readonly RunView[];
};

export type RunFilter = { readonly entry: EntryId | undefined; readonly text: string };

const keyOf = (entry: EntryId, machine: number): string => `${entry} ${machine}`;

/** Runs under their machines, those that are there first, else as the machines are ordered; machines without a run that fits are left out while one searches. */
export function groupRuns(view: FleetMachinesView, { entry, text }: RunFilter): readonly RunGroup[] {
  const wanted = text.trim().toLocaleLowerCase();
  const groups = new Map<string, { group: Omit<RunGroup, 'runs'>; runs: RunView[] }>();
  const isShown = (of: EntryId): boolean => entry === undefined || of === entry;
  for (const machine of view.machines) {
    if (!isShown(machine.entryId)) continue;
    const key = keyOf(machine.entryId, machine.device);
    groups.set(key, { group: { key, machine, entryId: machine.entryId, name: machine.name }, runs: [] });
  }
  for (const run of view.runs) {
    if (!isShown(run.entryId) || !fits(run, wanted)) continue;
    const key = keyOf(run.entryId, run.machine);
    const found = groups.get(key) ?? {
      group: { key, machine: undefined, entryId: run.entryId, name: run.machineName },
      runs: [],
    };
    found.runs.push(run);
    groups.set(key, found);
  }
  const isThere = ({ machine }: RunGroup): boolean => machine?.standing === 'ready' && machine.online === true;
  return [...groups.values()]
    .map(({ group, runs }): RunGroup => ({ ...group, runs }))
    .sort((a, b) => Number(isThere(b)) - Number(isThere(a)))
    .filter(({ runs, name }) => wanted === '' || runs.length > 0 || name.toLocaleLowerCase().includes(wanted));
}

function fits({ meta, machineName, serverLabel }: RunView, wanted: string): boolean {
  if (wanted === '') return true;
  return [meta?.title, meta?.folder, meta?.agent, machineName, serverLabel].some((word) =>
    word?.toLocaleLowerCase().includes(wanted),
  );
}

/** The open asks of one run, the oldest first. Ids are each server's own. */
export const asksOf = (
  asks: readonly AskView[],
  { entryId, id }: Pick<RunView, 'entryId' | 'id'>,
): readonly AskView[] => asks.filter((ask) => ask.entryId === entryId && ask.run === id);

/** How many runs wait for the person. */
export const waitingRuns = (asks: readonly AskView[]): number =>
  new Set(asks.map(({ entryId, run }) => `${entryId} ${run}`)).size;

export const isOver = ({ state }: RunView): boolean => state === 'ended' || state === 'failed';
