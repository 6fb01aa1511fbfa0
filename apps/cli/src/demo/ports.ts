import { createServer } from 'node:net';
import { StartError } from '@skerry/server/command-line';

export type DemoPorts = { readonly client: number; readonly harbour: number; readonly lighthouse: number };

const USUAL = 4400;

/** Three ports in a row. @throws StartError when PORT is no port */
export function demoPorts(typed: string | undefined): DemoPorts {
  const first = typed === undefined || typed === '' ? USUAL : /^\d{1,5}$/.test(typed) ? Number(typed) : NaN;
  if (!(first >= 1 && first <= 65_533))
    throw new StartError(`PORT does not take "${typed}"; it takes a whole number from 1 to 65533.`);
  return { client: first, harbour: first + 1, lighthouse: first + 2 };
}

/** @throws StartError naming what is taken, and how to move */
export async function requireFree(ports: DemoPorts): Promise<void> {
  const taken: number[] = [];
  for (const port of Object.values(ports)) if (!(await isFree(port))) taken.push(port);
  if (taken.length === 0) return;
  const other = ports.client + 100 <= 65_533 ? ports.client + 100 : USUAL + 100;
  const which = taken.length === 1 ? `Port ${taken[0]} is` : `Ports ${taken.join(' and ')} are`;
  throw new StartError(
    `${which} already taken by another program.\nMove all three with PORT, for example: PORT=${other} npm start`,
  );
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
