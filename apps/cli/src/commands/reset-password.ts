import { formatLink, parseAddress } from '@skerry/protocol';
import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import type { Verb } from '../verb.ts';

const FLAGS = {
  data: { value: 'folder', help: "The server's data", fallback: './data' },
  user: { value: 'name', help: 'Whose password', fallback: null },
  origin: { value: 'address', help: "The server's address, to print a whole link", fallback: null },
} as const satisfies FlagTable;

export const resetPassword: Verb = {
  help: `skerry reset-password --user <name> [flags]\n\n${describeFlags(FLAGS)}\n\nWorks while the server runs, and gives nobody but its holder a way in. Setting the new password ends every session of that account.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const username = flags.required('user');
    const origin = flags.optional('origin');
    const read = origin === null ? undefined : parseAddress(origin);
    if (origin !== null && read?.ok !== true)
      return flags.refuse('origin', origin, 'an address such as https://chat.example.org');
    const { makeResetCodeByHand } = await import('@skerry/server');
    const { code, expiresAt } = await makeResetCodeByHand({ data: flags.required('data'), username, now: Date.now() });
    const shown = read?.ok === true ? formatLink({ kind: 'reset', address: read.address, code }) : code;
    stdout.write(`For ${username}, good once and until ${new Date(expiresAt).toISOString()}:\n\n    ${shown}\n`);
    return 0;
  },
};
