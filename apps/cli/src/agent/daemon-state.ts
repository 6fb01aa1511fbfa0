import { rmSync } from 'node:fs';
import path from 'node:path';
import { DataInUseError, DataLock, StartError } from '@skerry/server/command-line';
import { makePrivateFolder } from '../machine/config-folder.ts';
import { replaceFile } from '../machine/secret-store.ts';
import { readJson } from './relay-mark.ts';

/** What a running `skerry agent` says of itself to the other commands. */
export type DaemonState = {
  readonly v: 1;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly servers: readonly { readonly serverId: string; readonly origin: string; readonly state: string }[];
  /** Agents that run. */
  readonly running: number;
};

/** Where the daemon of a config folder keeps what is its own. */
export const daemonFolder = (config: string): string => path.join(config, 'agent');
const stateFile = (config: string): string => path.join(daemonFolder(config), 'state.json');

/** One daemon for each config folder. @throws StartError */
export async function daemonLock(config: string): Promise<DataLock> {
  try {
    return await DataLock.acquire(makePrivateFolder(daemonFolder(config)));
  } catch (error) {
    if (error instanceof DataInUseError) throw new StartError(`Another skerry agent is running with ${config}.`, error);
    throw error;
  }
}

/** Takes away everything that was kept for one server. */
export function forgetServer(config: string, serverId: string): void {
  rmSync(path.join(daemonFolder(config), serverId), { recursive: true, force: true });
}

export function sayState(config: string, state: DaemonState): void {
  replaceFile(stateFile(config), `${JSON.stringify(state)}\n`);
}

export function forgetState(config: string): void {
  rmSync(stateFile(config), { force: true });
}

/** @returns undefined when no daemon runs, whatever one that died has left */
export async function runningDaemon(config: string): Promise<DaemonState | undefined> {
  const state = readJson<DaemonState>(stateFile(config));
  if (state === undefined) return undefined;
  try {
    (await DataLock.acquire(daemonFolder(config), 0))[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (error instanceof DataInUseError) return state;
    throw error;
  }
}
