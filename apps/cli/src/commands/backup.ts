import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import type { Verb } from '../verb.ts';

const FLAGS = {
  data: { value: 'folder', help: "The server's data", fallback: './data' },
  to: { value: 'file', help: 'The file to write', fallback: null },
  'with-key': {
    value: null,
    help: "Also write the server's key to <file>.key; keep that as safe as a password",
    fallback: null,
  },
} as const satisfies FlagTable;

export const backup: Verb = {
  help: `skerry backup --to <file> [flags]\n\n${describeFlags(FLAGS)}`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const to = flags.required('to');
    const { backupData } = await import('@skerry/server');
    const bytes = await backupData({ data: flags.required('data'), to, withKey: flags.on('with-key') });
    stdout.write(`Wrote ${to} (${Math.ceil(bytes / 1024)} KiB).\n`);
    if (!flags.on('with-key'))
      stdout.write(
        "The server's key (server.key) is not in it. Keep a copy of that file too: without it clients will not know the server again.\n",
      );
    return 0;
  },
};
