import { MACHINE_ROUTES, SkerryError } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';

export type MachineRoute = keyof typeof MACHINE_ROUTES;

/** The answers of a server without machines: none of these addresses exists. */
export function withoutMachines(): Pick<Handlers, MachineRoute> {
  const absent = async (): Promise<never> => {
    throw new SkerryError('not_found');
  };
  const names = Object.keys(MACHINE_ROUTES) as MachineRoute[];
  return Object.fromEntries(names.map((name) => [name, absent])) as unknown as Pick<Handlers, MachineRoute>;
}
