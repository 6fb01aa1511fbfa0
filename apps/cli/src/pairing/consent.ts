import { createInterface } from 'node:readline';
import { StartError } from '@skerry/server/command-line';
import type { Terminal } from '../verb.ts';

/**
 * Waits until the person at this computer says that both screens show the same. Whoever saw the code can take it and say yes
 * on their own device; only the one who sees both screens can tell. T5, T6
 * @throws StartError for a no, and where nobody can answer; the signal's reason
 */
export async function consent(
  { stdin, stderr }: Pick<Terminal, 'stdin' | 'stderr'>,
  signal: AbortSignal,
): Promise<void> {
  const lines = createInterface({ input: stdin, terminal: false });
  const stop = () => lines.close();
  signal.addEventListener('abort', stop);
  try {
    for await (const line of lines) {
      const said = line.trim().toLowerCase();
      if (said === 'yes' || said === 'y') return;
      if (said === 'no' || said === 'n') throw new StartError('The code was taken back.');
      if (said !== '') stderr.write('Type yes or no.\n');
    }
    signal.throwIfAborted();
    throw new StartError(
      'Nobody at this computer said that both screens show the same, so the code was taken back. Where there is nobody to ask: --yes.',
    );
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
    // What is read from no longer keeps the program.
    stdin.pause();
  }
}
