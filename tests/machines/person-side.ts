import type { EntryId, FleetMachines, Pairing, PairingStage } from '@skerry/core';
import { until } from '../harness/watch.ts';
import { Computer } from './computer.ts';

type Stage<K extends PairingStage['kind']> = Extract<PairingStage, { kind: K }>;

export const stageOf = <K extends PairingStage['kind']>(pairing: Pairing, kind: K): Promise<Stage<K>> =>
  until(pairing.stage, (stage): stage is Stage<K> => stage.kind === kind);

/** The whole of it: asked, claimed, shown, compared, approved, listed, fetched and connected; its keys have come. */
export async function paired(
  machines: FleetMachines,
  entry: EntryId,
  origin: string,
  label?: string,
): Promise<Computer> {
  const computer = await Computer.at(origin, label);
  await computer.ask();
  await using pairing = machines.pair(computer.link, entry);
  await computer.taken();
  await computer.reveal();
  await stageOf(pairing, 'comparing');
  await pairing.approve();
  await stageOf(pairing, 'approved');
  await computer.redeem();
  await computer.connect();
  await computer.sendKeys();
  return computer;
}
