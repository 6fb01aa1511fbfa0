import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import type { Verb } from '../verb.ts';

const FLAGS = {
  data: { value: 'folder', help: "The stopped server's data", fallback: './data' },
  from: { value: 'file', help: 'A file that skerry backup wrote', fallback: null },
} as const satisfies FlagTable;

export const restore: Verb = {
  help: `skerry restore --from <file> [flags]\n\n${describeFlags(FLAGS)}\n\nThe database that is there now is set aside, not deleted.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const from = flags.required('from');
    const { restoreData } = await import('@skerry/server');
    const { setAside } = await restoreData({ data: flags.required('data'), from, now: Date.now() });
    stdout.write(`Restored ${from}.\n`);
    if (setAside !== null) stdout.write(`What was there before is now ${setAside}.\n`);
    stdout.write('Start the server again; clients then load everything anew.\n');
    return 0;
  },
};
