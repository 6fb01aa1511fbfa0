import type { MachineView } from '@skerry/core';
import { t } from '../../i18n/t-agents.ts';
import { since } from '../../ui/format.ts';
import type { Status } from '../../ui/status.ts';

/** Its mark: by shape, as those of servers. */
export function statusOfMachine({ standing, online }: Pick<MachineView, 'standing' | 'online'>): Status {
  if (standing === 'unlisted') return 'attention';
  if (standing === 'joining' || standing === 'locked') return 'waiting';
  return online === true ? 'live' : 'down';
}

export function machineStateWords({ standing, online }: Pick<MachineView, 'standing' | 'online'>): string {
  const says = t.agents.machine;
  if (standing !== 'ready') return says.standing[standing];
  if (online === null) return says.unknown;
  return online ? says.online : says.offline;
}

/** What is the matter with it and what helps; undefined when all is well. */
export function machineTrouble(machine: MachineView): string | undefined {
  const { explain } = t.agents.machine;
  if (machine.standing !== 'ready') return explain[machine.standing](machine.name);
  return machine.online === false ? explain.offline(machine.name) : undefined;
}

export const lastSeen = (at: number, now: number): string => t.agents.machine.lastSeen(since(at, now));

/** Whether a run can be started there now. */
export const canStart = ({ standing, online, info }: MachineView): boolean =>
  standing === 'ready' && online === true && info !== null && info.agents.length > 0;
