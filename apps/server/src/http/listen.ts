import { StartError } from '../start-error.ts';

type Listener = { listen(where: { host: string; port: number }): Promise<unknown> };

/** Opens the port. @throws StartError with a sentence about what is in the way */
export async function listen(app: Listener, where: { host: string; port: number }): Promise<void> {
  try {
    await app.listen(where);
  } catch (error) {
    throw new StartError(sentenceFor(error as NodeJS.ErrnoException, where), error);
  }
}

function sentenceFor(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is already taken by another program. Choose another with --port.`;
    case 'EACCES':
      return `Port ${port} may not be used by this user. Choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine. Choose another with --host.`;
    default:
      return `Port ${port} on ${host} cannot be opened (${error.code ?? 'unknown reason'}).`;
  }
}

/** How this machine itself calls what listens there. */
export function localName(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
