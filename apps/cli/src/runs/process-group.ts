import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { StartError } from '@skerry/server/command-line';

const GRACE_MS = 2_000;

/**
 * Starts a program without a shell, as the head of a group of its own: a Ctrl-C in the terminal reaches this program
 * alone, and what the other one starts can be ended with it.
 * @throws StartError when there is no such program
 */
export async function startGroup(argv: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { ...options, shell: false, detached: process.platform !== 'win32' });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'ENOENT' ? 'There is no such program' : `It cannot be started (${cause.code ?? cause.message})`;
      reject(new StartError(`${why}: ${command}`, cause));
    });
  });
  child.on('error', () => undefined);
  return child;
}

/** Asks a group to end, and after two seconds makes it. Resolves when its head is gone. */
export async function endGroup(child: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
  await gone;
  clearTimeout(timer);
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody of it is left.
  }
}
