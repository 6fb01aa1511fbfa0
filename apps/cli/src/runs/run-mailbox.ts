import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { makePrivateFolder } from '../machine/config-folder.ts';
import { replaceFile } from '../machine/secret-store.ts';
import type { Run } from './run.ts';

const LOOK_MS = 200;
const ID = /^[0-9a-f-]{36}$/;

/** What was decided far away about a run that another process has. */
type Letter = { readonly choice: string | null; readonly by: number; readonly why: string | null };

const mailbox = (folder: string): string => path.join(folder, 'answers');

/** On the disk when it returns; whoever has the run takes it from there. The first answer to an ask stays. */
export function postAnswer(folder: string, ask: string, letter: Letter): void {
  const box = makePrivateFolder(mailbox(folder));
  if (!readdirSync(box).includes(ask)) replaceFile(path.join(box, ask), JSON.stringify(letter));
}

/** Takes what comes for a run of this process, each once: the run's own log decides. Ends with the signal. */
export function takeAnswers(run: Run, signal: AbortSignal): void {
  const box = makePrivateFolder(mailbox(run.folder));
  const known = new Set<string>();
  const timer = setInterval(() => {
    for (const ask of readdirSync(box)) {
      if (!ID.test(ask) || known.has(ask)) continue;
      known.add(ask);
      const { choice, by, why } = JSON.parse(readFileSync(path.join(box, ask), 'utf8')) as Letter;
      void (choice === null ? run.decline(ask, by) : run.answer(ask, choice, by))
        .then(() => (why === null ? undefined : run.refuse('take an answer', why)))
        .catch(() => undefined);
    }
  }, LOOK_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
