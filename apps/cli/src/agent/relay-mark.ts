import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunState } from '@skerry/protocol';
import { StartError } from '@skerry/server/command-line';
import { replaceFile } from '../machine/secret-store.ts';

/** Says which server a run is relayed to; it never changes, and lies beside the run's log. */
export type RelayMark = {
  readonly v: 1;
  readonly serverId: string;
  /** What the run is called there. */
  readonly run: string;
  /** What the salts of its asks are made of. Secret. */
  readonly seed: string;
  /** What its agent is called. */
  readonly agent: string;
};

/** How far a run is relayed. */
export type RelayCursor = {
  readonly v: 1;
  /** Number of the last line of the log that its server has. */
  readonly sent: number;
  readonly state: RunState | null;
  /** As it was last said, as JSON. */
  readonly meta: string | null;
  /** Asks that were opened there and are not known to be over. */
  readonly open: readonly string[];
  /** Bytes of the log when nothing more was to be said; null while there is. */
  readonly done: number | null;
};

const NOTHING_SENT: RelayCursor = { v: 1, sent: 0, state: null, meta: null, open: [], done: null };

const MARK = 'relay.json';
const CURSOR = 'relayed.json';

/** Marks a run to be relayed. One that is marked already stays as it is. @throws StartError when that is for another server */
export function markRun(folder: string, given: { serverId: string; agent: string; run?: string }): RelayMark {
  const known = readMark(folder);
  if (known !== undefined) {
    if (known.serverId !== given.serverId) throw new StartError('This run belongs to another server.');
    return known;
  }
  const mark: RelayMark = {
    v: 1,
    serverId: given.serverId,
    run: given.run ?? randomUUID(),
    seed: newSeed(),
    agent: given.agent,
  };
  replaceFile(path.join(folder, MARK), `${JSON.stringify(mark)}\n`);
  return mark;
}

export const newSeed = (): string => randomBytes(32).toString('base64url');

/** @returns undefined for a run that nobody relays */
export function readMark(folder: string): RelayMark | undefined {
  return readJson<RelayMark>(path.join(folder, MARK));
}

export function readCursor(folder: string): RelayCursor {
  return readJson<RelayCursor>(path.join(folder, CURSOR)) ?? NOTHING_SENT;
}

/** On the disk when it returns. */
export function writeCursor(folder: string, cursor: RelayCursor): void {
  replaceFile(path.join(folder, CURSOR), `${JSON.stringify(cursor)}\n`);
}

/** @returns undefined when there is no such file */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
