import { ConfigError, DataInUseError, StartError } from '@skerry/server';
import { answer } from './commands/answer.ts';
import { backup } from './commands/backup.ts';
import { demo } from './commands/demo.ts';
import { doctor } from './commands/doctor.ts';
import { hub } from './commands/hub.ts';
import { importAssistantsVerb } from './commands/import-assistants.ts';
import { logout } from './commands/logout.ts';
import { mcp } from './commands/mcp.ts';
import { pair } from './commands/pair.ts';
import { resetPassword } from './commands/reset-password.ts';
import { restore } from './commands/restore.ts';
import { rotateKey } from './commands/rotate-key.ts';
import { run } from './commands/run.ts';
import { serve } from './commands/serve.ts';
import { status } from './commands/status.ts';
import type { Terminal, Verb } from './verb.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  serve,
  hub,
  pair,
  run,
  mcp,
  answer,
  status,
  logout,
  doctor,
  demo,
  backup,
  restore,
  'reset-password': resetPassword,
  'rotate-key': rotateKey,
  'import-assistants': importAssistantsVerb,
};

/**
 * The `skerry` program: finds the command and runs it.
 * @returns the exit code: 0 done, 1 not possible, 2 wrong command line
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.stdout.write(overview());
    return name === undefined ? 2 : 0;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) {
    terminal.stderr.write(`There is no command "${name}".\n\n${overview()}`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.stdout.write(`${verb.summary}\n\n${verb.help}\n`);
    return 0;
  }
  try {
    return await verb.run(rest, terminal);
  } catch (error) {
    if (error instanceof ConfigError) {
      terminal.stderr.write(`${error.message}\nSee: skerry ${name} --help\n`);
      return 2;
    }
    if (error instanceof StartError || error instanceof DataInUseError) {
      terminal.stderr.write(`${error.message}\n`);
      return 1;
    }
    terminal.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length)) + 2;
  const rows = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`);
  return `skerry <command> [flags]\n\n${rows.join('\n')}\n\nskerry <command> --help tells more.\n`;
}
