import { ConfigError, parseConfig, type ServerConfig } from './config.ts';
import { whereOf } from './logging.ts';
import { DataInUseError } from './server/data-lock.ts';
import { type RunningServer, startServer } from './server.ts';
import { StartError } from './start-error.ts';

type Output = { write(text: string): unknown };
type Input = { once(event: 'end', listener: () => void): unknown; resume(): unknown; pause(): unknown };
export type Program = {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
};

/**
 * Runs a server until it is told to stop. One SIGINT or SIGTERM stops it with care, a second one at once.
 * @returns the exit code: 0 after a stop, 1 when it could not start or broke, 2 for a wrong command line
 */
export async function runServer({ argv, environment, stdin, stdout, stderr }: Program): Promise<number> {
  let server: RunningServer;
  let config: ServerConfig;
  try {
    config = parseConfig(argv, environment);
    server = await startServer(config);
  } catch (error) {
    stderr.write(`${explain(error)}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
  // Listened for before anyone is told that the server is there.
  const asked = signalled();
  stdout.write(config.json ? asJson(server) : asText(server));
  const end = await Promise.race([
    asked,
    ...(config.stopWithStdin ? [ended(stdin)] : []),
    server.broken.then(() => 'broken' as const),
  ]);
  if (end === 'broken') stderr.write('The database has stopped working; the server ends. Its log says where.\n');
  else if (!config.json) stdout.write('Stopping. Everything that was accepted is saved.\n');
  // Whoever asks twice does not want to wait; the operating system then closes what is open.
  const forced = signalled().then(() => process.exit(130));
  await Promise.race([server.stop(), forced]);
  // An open stdin that is read would keep the process.
  stdin.pause();
  return end === 'broken' ? 1 : 0;
}

/** A sentence for the person where there is one. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartError || error instanceof DataInUseError)
    return error.message;
  return `The server cannot start: ${error instanceof Error ? error.message : String(error)}\n${whereOf(error)}`;
}

function signalled(): Promise<'signal'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('signal'));
  });
}

function ended(stdin: Input): Promise<'ended'> {
  return new Promise((resolve) => {
    stdin.once('end', () => resolve('ended'));
    stdin.resume();
  });
}

function asJson({ url, words, port, serverId, key, setupCode }: RunningServer): string {
  const setup = setupCode === null ? '' : `${JSON.stringify({ event: 'setup', code: setupCode })}\n`;
  return `${setup}${JSON.stringify({ event: 'listening', url, words, port, serverId, key, setupCode })}\n`;
}

function asText({ url, words, setupCode }: RunningServer): string {
  const lines = [`Skerry listens on ${url}`, `Six words of this server: ${words.join(' ')}`];
  if (setupCode !== null)
    lines.push(
      '',
      `Nobody has an account here yet. The first one needs this set-up code and becomes the owner:`,
      '',
      `    ${setupCode}`,
      '',
    );
  return `${lines.join('\n')}\n`;
}
