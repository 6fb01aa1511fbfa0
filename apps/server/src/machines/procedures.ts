import { expireAsks, tidyAsks } from './ask-writes.ts';
import {
  approvePairing,
  claimPairing,
  denyPairing,
  pollPairing,
  redeemPairing,
  requestPairing,
  revealPairing,
  tidyPairings,
  withdrawPairing,
} from './pairing-writes.ts';
import { readAsk, readEntries, readMachines, readPairing, readRedeemable, readRun, readRuns } from './reads.ts';

export const MACHINE_WRITES = {
  'machines.requestPairing': requestPairing,
  'machines.pollPairing': pollPairing,
  'machines.revealPairing': revealPairing,
  'machines.claimPairing': claimPairing,
  'machines.approvePairing': approvePairing,
  'machines.denyPairing': denyPairing,
  'machines.withdrawPairing': withdrawPairing,
  'machines.redeemPairing': redeemPairing,
  'machines.tidyPairings': tidyPairings,
  'machines.expireAsks': expireAsks,
  'machines.tidyAsks': tidyAsks,
};

export const MACHINE_READS = {
  'machines.pairing': readPairing,
  'machines.redeemable': readRedeemable,
  'machines.snapshot': readMachines,
  'machines.runs': readRuns,
  'machines.run': readRun,
  'machines.entries': readEntries,
  'machines.ask': readAsk,
};
