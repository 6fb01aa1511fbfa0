import { ConfigError, DataInUseError, StartError } from '@skerry/server/command-line';
import type { Terminal, Verb } from './verb.ts';

type Command = {
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<Verb>;
};

/** Each is loaded when it is called: an agent's program that starts `skerry mcp` should not wait for a server. */
const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'Run one server',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  hub: {
    summary: 'Serve the client for many servers, and nothing else',
    load: async () => (await import('./commands/hub.ts')).hub,
  },
  pair: {
    summary: 'Make this computer a machine of your account on a server',
    load: async () => (await import('./commands/pair.ts')).pair,
  },
  agent: {
    summary: 'Let your devices run agents here, and answer what agents ask',
    load: async () => (await import('./commands/agent.ts')).agent,
  },
  run: {
    summary: 'Run an agent that speaks the Agent Client Protocol, here',
    load: async () => (await import('./commands/run.ts')).run,
  },
  mcp: {
    summary: 'Let agents ask you, over the Model Context Protocol on stdin and stdout',
    load: async () => (await import('./commands/mcp.ts')).mcp,
  },
  answer: {
    summary: 'See and answer what agents on this machine ask',
    load: async () => (await import('./commands/answer.ts')).answer,
  },
  status: {
    summary: 'What this computer is paired with, what has run on it, and what waits for you',
    load: async () => (await import('./commands/status.ts')).status,
  },
  logout: {
    summary: 'End what this computer is on a server, and forget its keys',
    load: async () => (await import('./commands/logout.ts')).logout,
  },
  doctor: {
    summary: 'Look for what could keep this computer from working, and ask the servers it belongs to',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  demo: {
    summary: 'Two local servers with some life in them, and the client, signed in to both',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  backup: {
    summary: "Copy a server's database to one file, also while it runs",
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  restore: {
    summary: "Put a backup in the place of a stopped server's database",
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  'reset-password': {
    summary: 'Make a code with which a person sets a new password',
    load: async () => (await import('./commands/reset-password.ts')).resetPassword,
  },
  'rotate-key': {
    summary: 'Give a server a new key, vouched for by the old one',
    load: async () => (await import('./commands/rotate-key.ts')).rotateKey,
  },
  'import-assistants': {
    summary: 'Bring assistants over from the time of one guild per person',
    load: async () => (await import('./commands/import-assistants.ts')).importAssistantsVerb,
  },
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
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    terminal.stderr.write(`There is no command "${name}".\n\n${overview()}`);
    return 2;
  }
  const verb = await command.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.stdout.write(`${command.summary}\n\n${verb.help}\n`);
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
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`);
  return `skerry <command> [flags]\n\n${rows.join('\n')}\n\nskerry <command> --help tells more.\n`;
}
