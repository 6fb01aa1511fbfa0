import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { demoPorts } from '../demo/ports.ts';
import { CLIENT_FOLDER } from '../client-folder.ts';
import type { Verb } from '../verb.ts';

const FLAGS = {
  data: { value: 'folder', help: 'Where the two servers keep their data', fallback: './.demo' },
  client: { value: 'folder', help: 'The built client', fallback: CLIENT_FOLDER },
  fresh: { value: null, help: 'Begin again: throw away what earlier starts left', fallback: null },
  quiet: { value: null, help: 'Nobody says anything by themselves', fallback: null },
} as const satisfies FlagTable;

export const demo: Verb = {
  help: `skerry demo [flags]\n\n${describeFlags(FLAGS)}\n\nPORT=<number> moves the three ports (4400 client, 4401 Harbour, 4402 Lighthouse).\nKeys while it runs: 1 and 2 stop and start a server, q quits.`,
  async run(argv, terminal) {
    const flags = readFlags(FLAGS, argv, {});
    const ports = demoPorts(terminal.environment['PORT']);
    const [data, client] = [flags.required('data'), flags.required('client')];
    const { runDemo } = await import('../demo/demo.ts');
    await runDemo({ ports, data, client, fresh: flags.on('fresh'), quiet: flags.on('quiet') }, terminal);
    return 0;
  },
};
