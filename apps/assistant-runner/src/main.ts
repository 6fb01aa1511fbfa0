#!/usr/bin/env node
import { ConfigError, HELP, parseConfig } from './config.ts';
import { createLog } from './log.ts';
import { runRunner } from './runner.ts';

const { argv, stdout, stderr } = process;

/** @returns the exit code: 0 stopped, 1 not possible, 2 wrong command line */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    stdout.write(HELP);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    const config = parseConfig(args);
    await runRunner(config, {
      stop: stop.signal,
      log: createLog(stderr),
      say: (event, sentence) => stdout.write(`${config.json ? JSON.stringify(event) : sentence}\n`),
    });
    return 0;
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof ConfigError ? 2 : 1;
  }
}

// A connection that Discord holds up keeps no process alive: all that matters is on disk.
process.exit(await main(argv.slice(2)));
