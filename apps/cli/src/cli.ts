import { ConfigError, DataInUseError, StartError } from '@skerry/server/command-line';
import type { Terminal, Verb } from './verb.ts';

/** Each is loaded when it is called: an agent's program that starts `skerry mcp` should not wait for a server. */
const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  hub: async () => (await import('./commands/hub.ts')).hub,
  pair: async () => (await import('./commands/pair.ts')).pair,
  run: async () => (await import('./commands/run.ts')).run,
  mcp: async () => (await import('./commands/mcp.ts')).mcp,
  answer: async () => (await import('./commands/answer.ts')).answer,
  status: async () => (await import('./commands/status.ts')).status,
  logout: async () => (await import('./commands/logout.ts')).logout,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  demo: async () => (await import('./commands/demo.ts')).demo,
  backup: async () => (await import('./commands/backup.ts')).backup,
  restore: async () => (await import('./commands/restore.ts')).restore,
  'reset-password': async () => (await import('./commands/reset-password.ts')).resetPassword,
  'rotate-key': async () => (await import('./commands/rotate-key.ts')).rotateKey,
  'import-assistants': async () => (await import('./commands/import-assistants.ts')).importAssistantsVerb,
};

/**
 * The `skerry` program: finds the command and runs it.
 * @returns the exit code: 0 done, 1 not possible, 2 wrong command line
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.stdout.write(await overview());
    return name === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (load === undefined) {
    terminal.stderr.write(`There is no command "${name}".\n\n${await overview()}`);
    return 2;
  }
  const verb = await load();
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

async function overview(): Promise<string> {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length)) + 2;
  const verbs = await Promise.all(Object.entries(VERBS).map(async ([name, load]) => [name, await load()] as const));
  const rows = verbs.map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`);
  return `skerry <command> [flags]\n\n${rows.join('\n')}\n\nskerry <command> --help tells more.\n`;
}
