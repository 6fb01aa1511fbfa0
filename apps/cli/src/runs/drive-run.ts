import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import type { Terminal } from '../verb.ts';
import { describeAsk } from './describe-ask.ts';
import type { Run } from './run.ts';
import type { Ask, Line } from './run-entry.ts';
import { parseSaid, type Said } from './said.ts';

/** A way to show a run and to say something to it. */
export type Driver = {
  readonly show: (line: Line) => void;
  /** Resolves when there is nothing more to say. */
  readonly drive: (run: Run) => Promise<void>;
};

/** Lines of JSON both ways, for programs. Once stdin has ended nobody can be asked, and the answer is no. */
export function jsonDriver({ stdin, stdout }: Pick<Terminal, 'stdin' | 'stdout'>): Driver {
  const say = (value: object) => void stdout.write(`${JSON.stringify(value)}\n`);
  const asks = new Asks();
  return {
    show(line) {
      say(line);
      asks.hear(line);
    },
    async drive(run) {
      for await (const line of createInterface({ input: stdin, crlfDelay: Infinity })) {
        if (line.trim() === '') continue;
        const said = parseSaid(line);
        const problem = typeof said === 'string' ? said : await obey(run, said);
        if (problem !== undefined) say({ error: problem });
      }
      asks.nobody(run);
      await run.idle();
    },
  };
}

/** One prompt, from a flag or all of stdin; nobody can be asked. */
export function promptDriver(
  show: Driver['show'],
  { stdin, prompt }: { stdin: Terminal['stdin']; prompt: string | null },
): Driver {
  const asks = new Asks();
  return {
    show(line) {
      show(line);
      asks.hear(line);
    },
    async drive(run) {
      asks.nobody(run);
      const said = prompt === null ? (await textOf(stdin)).trim() : '';
      if (said !== '') await run.prompt(said);
      await run.idle();
    },
  };
}

/** A person at a terminal. */
export function personDriver(show: Driver['show'], { stdin, stdout }: Pick<Terminal, 'stdin' | 'stdout'>): Driver {
  const asks = new Asks();
  const say = (text: string) => void stdout.write(`${text}\n`);
  return {
    show(line) {
      show(line);
      asks.hear(line);
    },
    async drive(run) {
      const input = createInterface({ input: stdin, terminal: false });
      say(
        'Say something. /mode <name> switches, /whole shows a question in full, /quit or Ctrl-D ends, Ctrl-C stops a turn.',
      );
      for await (const line of input) {
        const [word = '', rest = ''] = split(line.trim());
        const [ask] = asks.open;
        if (word === '/quit') break;
        if (word === '') continue;
        if (word === '/whole') say(ask === undefined ? 'Nothing is asked.' : describeAsk(ask, true));
        else if (word === '/mode') await report(obey(run, { kind: 'mode', mode: rest }), say);
        else if (ask === undefined) void run.prompt(line.trim());
        else {
          const choice = /^\d+$/.test(word) ? ask.choices[Number(word) - 1] : undefined;
          if (choice === undefined) say(`Answer with a number from 1 to ${ask.choices.length}.`);
          else await report(obey(run, { kind: 'answer', ask: ask.id, choice: choice.optionId }), say);
        }
      }
      asks.nobody(run);
      input.close();
      await run.idle();
    },
  };
}

/** The questions that wait, the oldest first. */
class Asks {
  readonly #open = new Map<string, Ask>();
  #run: Run | undefined;

  get open(): readonly Ask[] {
    return [...this.#open.values()];
  }

  hear({ entry }: Line): void {
    if (entry.kind === 'answered') this.#open.delete(entry.ask);
    if (entry.kind !== 'asked') return;
    this.#open.set(entry.ask.id, entry.ask);
    void this.#run?.decline(entry.ask.id);
  }

  /** From now on there is nobody to ask. */
  nobody(run: Run): void {
    this.#run = run;
    for (const { id } of this.open) void run.decline(id);
  }
}

/** @returns a sentence when it could not be done */
async function obey(run: Run, said: Said): Promise<string | undefined> {
  switch (said.kind) {
    case 'prompt':
      void run.prompt(said.text);
      return undefined;
    case 'cancel':
      await run.cancel();
      return undefined;
    case 'mode':
      if (await run.setMode(said.mode)) return undefined;
      return `There is no such mode. The modes are: ${run.modes?.availableModes.map(({ id }) => id).join(', ') ?? 'none'}.`;
    case 'answer': {
      const outcome = await run.answer(said.ask, said.choice);
      return outcome === 'taken' ? undefined : OUTCOMES[outcome];
    }
    default:
      return said satisfies never;
  }
}

const OUTCOMES = {
  no_such_ask: 'There is no such question.',
  already_answered: 'This question is decided already.',
  no_such_choice: 'The question has no such choice.',
};

async function report(work: Promise<string | undefined>, say: (text: string) => void): Promise<void> {
  const problem = await work;
  if (problem !== undefined) say(problem);
}

function split(line: string): [string, string] {
  const at = line.search(/\s/);
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at).trim()];
}
