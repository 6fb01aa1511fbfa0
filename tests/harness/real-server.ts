import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseConfig, startServer, type RunningServer } from '@skerry/server';

export type RealServer = RunningServer & { readonly origin: string; readonly data: string };

/**
 * The real server in this process, in a folder that goes with it.
 * @param fill puts something into the folder before the server has it
 */
export async function startReal(
  flags: readonly string[] = [],
  environment: Record<string, string> = {},
  fill: (data: string) => Promise<void> = async () => undefined,
): Promise<RealServer> {
  const data = await mkdtemp(path.join(tmpdir(), 'skerry-test-'));
  await fill(data);
  const usual = ['--port', '0', '--data', data, '--client', 'none', '--registration', 'open'];
  const quiet = ['--rate-scale', '100000', '--log-level', 'error'];
  const server = await startServer(parseConfig([...usual, ...quiet, ...flags], environment));
  return {
    ...server,
    origin: server.url,
    data,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(data, { recursive: true, force: true });
    },
  };
}
