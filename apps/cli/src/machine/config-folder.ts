import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { StartError } from '@skerry/server/command-line';

export type Surroundings = {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Where this system keeps what programs remember of a person. */
export function configFolder({ platform, home, environment }: Surroundings): string {
  const { join, isAbsolute } = platform === 'win32' ? path.win32 : path.posix;
  /** A relative path in such a variable is to be ignored, as the XDG specification says. */
  const named = (name: string): string | undefined => {
    const value = environment[name];
    return value !== undefined && isAbsolute(value) ? value : undefined;
  };
  switch (platform) {
    case 'win32':
      return join(named('APPDATA') ?? join(home, 'AppData', 'Roaming'), 'Skerry');
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'Skerry');
    default:
      return join(named('XDG_CONFIG_HOME') ?? join(home, '.config'), 'skerry');
  }
}

/** The folder of the person who runs this process. */
export function ownConfigFolder(environment: Surroundings['environment']): string {
  return configFolder({ platform: process.platform, home: environment['HOME'] ?? homedir(), environment });
}

/** Makes a folder that nobody else may look into. @throws StartError when others could */
export function makePrivateFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StartError(`The folder ${folder} cannot be made (${codeOf(cause)}).`, cause);
  }
  const open = openToOthers(folder);
  if (open) throw new StartError(`Others may look into ${folder}. Close it with: chmod 700 "${folder}"`);
  return folder;
}

/** Whether others than the owner have any right to a file or folder; never said where there are no such rights. */
export function openToOthers(where: string): boolean {
  return process.platform !== 'win32' && (statSync(where).mode & 0o077) !== 0;
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? 'for an unknown reason';
}
