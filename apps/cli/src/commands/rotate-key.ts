import { describeFlags, type FlagTable, readFlags, rotateKey as rotate } from '@skerry/server';
import type { Verb } from '../verb.ts';

const FLAGS = { data: { value: 'folder', help: "The server's data", fallback: './data' } } as const satisfies FlagTable;

export const rotateKey: Verb = {
  summary: 'Give a server a new key, vouched for by the old one',
  help: `skerry rotate-key [flags]\n\n${describeFlags(FLAGS)}\n\nThe server takes the new key up when it is started again. Clients that know the old key follow by themselves; the six words change.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const { before, after } = await rotate(flags.required('data'));
    stdout.write(
      `Before: ${before.join(' ')}\nNow:    ${after.join(' ')}\nStart the server again, and tell people the new words.\n`,
    );
    return 0;
  },
};
