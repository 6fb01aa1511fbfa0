import path from 'node:path';
import { ConfigError, describeFlags, type Flags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { AskBook } from '../asks/ask-book.ts';
import { ASK_LIMITS, type Closing, type LocalAsk } from '../asks/local-ask.ts';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { plainText, quoted } from '../runs/plain-text.ts';
import type { Verb } from '../verb.ts';

const FLAGS = {
  ask: { value: 'id', help: 'Which one; its first characters are enough', fallback: null },
  choice: { value: 'number', help: 'The choice to take, from 1', fallback: null },
  text: { value: 'words', help: 'What to say', fallback: null },
  dismiss: { value: null, help: 'Do not answer; the agent is told so', fallback: null },
  json: { value: null, help: 'One line of JSON for each ask, or for what became of the answer', fallback: null },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

export const answer: Verb = {
  help: `skerry answer [--ask <id> (--choice <number> | --text <words> | --dismiss)] [flags]

${describeFlags(FLAGS)}

Without --ask it lists what waits for you. An ask is answered once: whoever comes later is told what counts.
Exit codes: 0 done, 1 there is no such ask or it is over, 2 wrong command line.`,
  async run(argv, { environment, stdout, stderr }) {
    const flags = readFlags(FLAGS, argv, environment);
    const config = makePrivateFolder(path.resolve(flags.optional('config') ?? ownConfigFolder(environment)));
    const book = new AskBook(path.join(config, 'asks'), Date.now);
    const asks = await book.open();
    const json = flags.on('json');
    const id = flags.optional('ask');
    if (id === null) {
      for (const name of ['choice', 'text', 'dismiss'])
        if (flags.optional(name) !== null) throw new ConfigError(`--${name} needs --ask <id>.`);
      for (const ask of asks) stdout.write(json ? `${JSON.stringify(ask)}\n` : describe(ask));
      if (asks.length === 0 && !json) stdout.write('Nobody asks anything.\n');
      return 0;
    }
    const closed = await book.find(id);
    const [ask, other] = closed === undefined ? asks.filter((one) => one.id.startsWith(id)) : [closed];
    if (ask === undefined || other !== undefined) {
      stderr.write(
        ask === undefined ? `Nothing of that name waits for an answer.\n` : `Several asks begin with ${id}.\n`,
      );
      return 1;
    }
    const { won, closing } = await book.close(ask, readAnswer(flags, ask));
    if (json) stdout.write(`${JSON.stringify({ ask: ask.id, won, ...closing })}\n`);
    else if (won) stdout.write('The agent is told.\n');
    else stderr.write(`${tooLate(closing)}\n`);
    return won ? 0 : 1;
  },
};

function readAnswer(flags: Flags, ask: LocalAsk): Omit<Closing, 'at'> {
  const text = flags.matching(
    'text',
    (value) => value.length <= ASK_LIMITS.answer,
    `at most ${ASK_LIMITS.answer} characters`,
  );
  const number = flags.optional('choice');
  if (flags.on('dismiss')) {
    if (text !== null || number !== null) throw new ConfigError('--dismiss goes with nothing else.');
    return { state: 'cancelled', choice: null, text: null };
  }
  if (number === null && text === null) throw new ConfigError('One of --choice, --text and --dismiss is needed.');
  if (number === null) return { state: 'answered', choice: null, text };
  if (ask.choices.length === 0)
    return flags.refuse('choice', number, 'nothing here: this question has no choices, use --text');
  const choice = ask.choices[flags.integer('choice', 1, ask.choices.length) - 1] ?? null;
  return { state: 'answered', choice, text };
}

function describe({ id, kind, text, choices, folder, agent, expiresAt }: LocalAsk): string {
  const lines = [
    `${id.slice(0, 8)}  ${kind} of ${quoted(agent)} in ${quoted(folder)}, until ${new Date(expiresAt).toISOString()}`,
    ...plainText(text)
      .split('\n')
      .map((line) => `    ${line}`),
    ...choices.map((choice, at) => `  ${at + 1}  ${quoted(choice)}`),
  ];
  return `${lines.join('\n')}\n\n`;
}

function tooLate({ state, choice, text }: Closing): string {
  const said = [choice, text].flatMap((part) => (part === null ? [] : [quoted(part)])).join(' ');
  return state === 'answered' ? `This is answered already: ${said}` : `This is over: it was ${state}.`;
}
