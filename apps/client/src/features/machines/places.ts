import type { EntryId } from '@skerry/core';
import { hrefOf } from '../../shell/route.ts';

/** A machine over all servers: its device number on one of them. */
export type MachineRef = { readonly entry: EntryId; readonly machine: number };
export type RunRef = { readonly entry: EntryId; readonly run: string };

/** Where among machines and runs the person is. */
export type Place =
  | { readonly at: 'overview' }
  | { readonly at: 'new'; readonly machine: MachineRef | undefined }
  | { readonly at: 'run'; readonly run: RunRef }
  | { readonly at: 'machine'; readonly machine: MachineRef };

/** Reads the rest of the address. Total: what is not known is undefined. */
export function placeOf([head, entry, id, ...more]: readonly string[]): Place | undefined {
  if (more.length > 0) return undefined;
  if (head === undefined) return { at: 'overview' };
  if (head === 'new' && entry === undefined) return { at: 'new', machine: undefined };
  if (entry === undefined || id === undefined) return undefined;
  if (head === 'run') return { at: 'run', run: { entry: entry as EntryId, run: id } };
  const machine = /^\d{1,9}$/.test(id) ? { entry: entry as EntryId, machine: Number(id) } : undefined;
  if (machine === undefined || (head !== 'machine' && head !== 'new')) return undefined;
  return { at: head, machine };
}

export function pathOf(place: Place): readonly string[] {
  switch (place.at) {
    case 'overview':
      return [];
    case 'run':
      return ['run', place.run.entry, place.run.run];
    case 'new':
    case 'machine':
      return place.machine === undefined ? [place.at] : [place.at, place.machine.entry, String(place.machine.machine)];
  }
}

export const hrefOfPlace = (place: Place): string => hrefOf({ kind: 'agents', path: pathOf(place) });
