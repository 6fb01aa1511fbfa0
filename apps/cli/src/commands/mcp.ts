import path from 'node:path';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { AskBook } from '../asks/ask-book.ts';
import { mcpServer } from '../asks/mcp-server.ts';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { Pairings } from '../machine/pairings.ts';
import type { Verb } from '../verb.ts';

const FLAGS = {
  server: { value: 'address', help: 'Whose person is asked (the first server paired with)', fallback: null },
  progress: { value: 'seconds', help: 'How often an agent that waits is told so', fallback: '10' },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

export const mcp: Verb = {
  help: `skerry mcp [flags]

${describeFlags(FLAGS)}

An agent's program starts this by itself; give it the command line "skerry mcp". Its tools are ask_question, work_report and
wait_for_answer. What is asked stays open when the agent's program stops, and waits for: skerry answer. While skerry agent runs, it is asked on your devices as well.`,
  async run(argv, { environment, stdin }) {
    const flags = readFlags(FLAGS, argv, environment);
    const progressMs = flags.number('progress', 0.1, 600) * 1_000;
    const config = makePrivateFolder(path.resolve(flags.optional('config') ?? ownConfigFolder(environment)));
    const book = new AskBook(path.join(config, 'asks'), Date.now);
    const given = flags.optional('server');
    const asked = given === null ? {} : { asked: new Pairings(config).at(given).serverId };
    const server = mcpServer({ book, cwd: process.cwd(), progressMs, now: Date.now, ...asked });
    const over = new Promise<void>((resolve) => {
      stdin.once('end', resolve).once('close', resolve);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    });
    await server.connect(new StdioServerTransport());
    await over;
    await server.close();
    stdin.destroy();
    return 0;
  },
};
