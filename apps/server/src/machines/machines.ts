import type { Handlers } from '../http/router.ts';
import type { MachineDeps } from './machine-deps.ts';
import type { MachineRoute } from './off.ts';
import { pairingHandlers } from './pairing-handlers.ts';
import { runHandlers } from './run-handlers.ts';

/** Computers that run people's agents. Everything said on them is ciphertext here. */
export function machineHandlers(deps: MachineDeps): Pick<Handlers, MachineRoute> {
  return { ...pairingHandlers(deps), ...runHandlers(deps) };
}
