import path from 'node:path';
import { SkerryError } from '@skerry/protocol';
import { ConfigError, describeFlags, type FlagTable, readFlags, StartError } from '@skerry/server/command-line';
import { forgetServer, runningDaemon } from '../agent/daemon-state.ts';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { type Pairing, Pairings } from '../machine/pairings.ts';
import { readServer, ServerCalls } from '../machine/server-calls.ts';
import type { Verb } from '../verb.ts';

const FLAGS = {
  server: { value: 'address', help: 'Which server', fallback: null },
  all: { value: null, help: 'Every server', fallback: null },
  local: { value: null, help: 'Forget it here even when the server cannot be told', fallback: null },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

export const logout: Verb = {
  help: `skerry logout (--server <address> | --all) [flags]

${describeFlags(FLAGS)}

What runs here is no longer relayed there. The machine stays on your list of devices, without a way in, until you take it off there.
Exit codes: 0 done, 1 a server could not be told and nothing was forgotten there, 2 wrong command line.`,
  async run(argv, { environment, stdout, stderr }) {
    const flags = readFlags(FLAGS, argv, environment);
    const config = makePrivateFolder(path.resolve(flags.optional('config') ?? ownConfigFolder(environment)));
    const pairings = new Pairings(config);
    const given = flags.optional('server');
    if ((given === null) === !flags.on('all')) throw new ConfigError('One of --server <address> and --all is needed.');
    const origin = given === null ? null : readServer(given).origin;
    const chosen = pairings.list().filter((pairing) => origin === null || pairing.origin === origin);
    if (chosen.length === 0) throw new StartError('This computer is not paired with that.');
    let failed = false;
    for (const pairing of chosen) {
      try {
        await signOut(pairing, pairings);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (!flags.on('local')) {
          stderr.write(`${error.message} Nothing was forgotten; --local forgets it here all the same.\n`);
          failed = true;
          continue;
        }
        stderr.write(`${error.message} The server does not know of it.\n`);
      }
      await pairings.remove(pairing);
      // A daemon that runs sees that, and takes its own part away itself.
      if ((await runningDaemon(config)) === undefined) forgetServer(config, pairing.serverId);
      stdout.write(`This computer is no longer signed in at ${pairing.origin}.\n`);
    }
    return failed ? 1 : 0;
  },
};

/** @throws Error with a sentence when the server could not be told */
async function signOut(pairing: Pairing, pairings: Pairings): Promise<void> {
  const server = new ServerCalls(readServer(pairing.origin));
  const secrets = await pairings.secretsOf(pairing);
  await server.prove({ serverId: pairing.serverId, key: pairing.serverKey });
  try {
    const { accessToken, refreshToken } = await server.call('refresh', {
      body: { refreshToken: secrets.refreshToken },
    });
    await pairings.setSecrets(pairing, { ...secrets, refreshToken });
    await server.call('signOut', { token: accessToken, body: {} });
  } catch (error) {
    // Ended already, by the person on another device.
    if (error instanceof SkerryError && ['session_revoked', 'unauthorized'].includes(error.code)) return;
    throw error;
  }
}
