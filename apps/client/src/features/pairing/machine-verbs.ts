import type { EntryId, FleetMachines, MachineView, PairingNoticeView } from '@skerry/core';
import { safeName } from '@skerry/protocol';
import { t } from '../../i18n/t-asks.ts';
import { sayFailure } from '../../state/failure.ts';
import type { Overlays } from '../../ui/overlays.svelte.ts';

/** Between the approval as a device was told of it and the machine it made, by the same server's clock. */
const SAME_MS = 5_000;

/** A machine's name; one without any is called by its number. */
export function machineName({ name, device }: Pick<MachineView, 'name' | 'device'>): string {
  const safe = safeName(name).trim();
  return safe === '' ? t.pairing.list.unnamed(device) : safe;
}

/** The machine that an approval made, as far as it is known and still there. */
export function machineOf(notice: PairingNoticeView, machines: readonly MachineView[]): MachineView | undefined {
  return machines
    .filter(({ entryId, pairedAt }) => entryId === notice.entryId && Math.abs(pairedAt - notice.at) <= SAME_MS)
    .sort((a, b) => Math.abs(a.pairedAt - notice.at) - Math.abs(b.pairedAt - notice.at))[0];
}

/** Takes a machine away after saying what that does. @returns whether it is gone */
export async function removeMachine(
  fleet: FleetMachines,
  machine: { readonly entryId: EntryId; readonly device: number; readonly name: string; readonly serverLabel: string },
  overlays: Overlays,
): Promise<boolean> {
  const says = t.pairing.list;
  const name = machineName(machine);
  const agreed = await overlays.confirm({
    title: says.removeAsk(name),
    text: says.removeText(name, machine.serverLabel),
    confirm: says.removeConfirm,
    danger: true,
  });
  if (!agreed) return false;
  try {
    await fleet.remove({ entry: machine.entryId, machine: machine.device });
    overlays.toast({ text: says.removed(name) });
    return true;
  } catch (error) {
    sayFailure(overlays, error);
    return false;
  }
}
