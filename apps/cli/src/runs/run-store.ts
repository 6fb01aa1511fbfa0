import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DataInUseError, DataLock, StartError } from '@skerry/server/command-line';
import { makePrivateFolder } from '../machine/config-folder.ts';
import type { Line } from './run-entry.ts';
import { readRunLog, RunLog } from './run-log.ts';

export const RUN_LOG = 'log.jsonl';
const ID = /^[\w-]{8}$/;

export type OpenRun = AsyncDisposable & {
  readonly id: string;
  readonly folder: string;
  readonly log: RunLog;
  /** What the log held when it was opened. */
  readonly lines: readonly Line[];
};

export const newRunId = (): string => randomBytes(6).toString('base64url');

/**
 * Opens the log of a run for writing; one process at a time does. What an earlier process left undecided when it was cut
 * off is written down as such.
 * @throws StartError when there is no such run, or another process has it
 */
export async function openRun({
  runs,
  resume,
  id: made = newRunId(),
  now,
  waitMs,
}: {
  runs: string;
  resume: string | null;
  id?: string;
  now: () => number;
  /** For another process to let go of it. */
  waitMs?: number;
}): Promise<OpenRun> {
  if (resume !== null && !runIds(runs).includes(resume))
    throw new StartError(`There is no run ${resume} on this machine.`);
  const id = resume ?? made;
  const folder = makePrivateFolder(path.join(makePrivateFolder(runs), id));
  const lock = await takeLock(folder, { id, waitMs });
  try {
    const { log, lines } = await RunLog.open(path.join(folder, RUN_LOG), now);
    for (const ask of undecided(lines)) await log.append({ kind: 'answered', ask, choice: null });
    if (lines.length > 0 && lines.at(-1)?.entry.kind !== 'ended') await log.append({ kind: 'ended', why: 'cut' });
    let closed = false;
    return {
      id,
      folder,
      log,
      lines,
      async [Symbol.asyncDispose]() {
        if (closed) return;
        closed = true;
        await log[Symbol.asyncDispose]();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

export type KnownRun = { readonly id: string; readonly lines: readonly Line[] };

/** The runs of this machine, the newest last. One whose log cannot be read is left out. */
export async function listRuns(runs: string): Promise<readonly KnownRun[]> {
  const found = await Promise.all(
    runIds(runs).map(async (id) => {
      const lines = await readRunLog(path.join(runs, id, RUN_LOG)).catch(() => []);
      return { id, lines };
    }),
  );
  const at = ({ lines }: KnownRun) => lines.at(-1)?.at ?? 0;
  return found.filter(({ lines }) => lines.length > 0).sort((a, b) => at(a) - at(b));
}

function undecided(lines: readonly Line[]): readonly string[] {
  const open = new Set<string>();
  for (const { entry } of lines) {
    if (entry.kind === 'asked') open.add(entry.ask.id);
    if (entry.kind === 'answered') open.delete(entry.ask);
  }
  return [...open];
}

/** Those that have a folder. */
export function runIds(runs: string): readonly string[] {
  try {
    return readdirSync(runs).filter((name) => ID.test(name));
  } catch {
    return [];
  }
}

async function takeLock(folder: string, { id, waitMs }: { id: string; waitMs: number | undefined }): Promise<DataLock> {
  try {
    return await DataLock.acquire(folder, waitMs);
  } catch (error) {
    if (error instanceof DataInUseError) throw new StartError(`The run ${id} is open in another process.`, error);
    throw error;
  }
}
