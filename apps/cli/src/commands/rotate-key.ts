import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import type { Verb } from '../verb.ts';

const FLAGS = { data: { value: 'folder', help: "The server's data", fallback: './data' } } as const satisfies FlagTable;

export const rotateKey: Verb = {
  help: `skerry rotate-key [flags]\n\n${describeFlags(FLAGS)}\n\nThe server takes the new key up when it is started again. Clients that know the old key follow by themselves; the six words change.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const data = flags.required('data');
    const server = await import('@skerry/server');
    const { before, after } = await server.rotateKey(data);
    stdout.write(
      `Before: ${before.join(' ')}\nNow:    ${after.join(' ')}\nStart the server again, and tell people the new words.\n`,
    );
    return 0;
  },
};
