import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AGENT_LIMITS } from '@skerry/protocol/agents';
import { named } from './cutter.ts';

/** A file that says more is none of git's. */
const MOST = 4_096;

/** The branch that is checked out where a folder lies, as git's own files say; null where there is none. */
export async function gitBranch(folder: string): Promise<string | null> {
  for (let at = folder; ; at = path.dirname(at)) {
    const git = path.join(at, '.git');
    const found = await stat(git).catch(() => undefined);
    if (found !== undefined) return headOf(found.isDirectory() ? git : await linked(git, at));
    if (path.dirname(at) === at) return null;
  }
}

/** A further working tree has a file that leads to its folder. */
async function linked(file: string, at: string): Promise<string | null> {
  const text = await smallText(file);
  const found = /^gitdir: (.+)$/m.exec(text ?? '')?.[1];
  return found === undefined ? null : path.resolve(at, found.trim());
}

async function headOf(git: string | null): Promise<string | null> {
  const text = git === null ? null : await smallText(path.join(git, 'HEAD'));
  const found = /^ref: refs\/heads\/(.+)$/m.exec(text ?? '')?.[1];
  return found === undefined ? null : named(found, AGENT_LIMITS.title);
}

async function smallText(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null || text.length > MOST ? null : text;
}
