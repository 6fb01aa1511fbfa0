import { accessSync, constants, statfsSync } from 'node:fs';
import path from 'node:path';
import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { runningDaemon } from '../agent/daemon-state.ts';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { type Pairing, Pairings } from '../machine/pairings.ts';
import { keychain } from '../machine/secret-store.ts';
import { readServer, ServerCalls } from '../machine/server-calls.ts';
import { plainText } from '../runs/plain-text.ts';
import type { Terminal, Verb } from '../verb.ts';

const FLAGS = {
  json: { value: null, help: 'One line of JSON for each finding', fallback: null },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

const ENOUGH_BYTES = 256 * 1024 * 1024;

type Finding = { readonly check: string; readonly state: 'fine' | 'note' | 'wrong'; readonly says: string };

export const doctor: Verb = {
  help: `skerry doctor [flags]\n\n${describeFlags(FLAGS)}\n\nExit codes: 0 nothing is wrong, 1 something is, 2 wrong command line.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const config = path.resolve(flags.optional('config') ?? ownConfigFolder(environment));
    const findings = [
      await folder(config),
      await secrets(),
      programs(environment),
      await daemon(config),
      ...(await servers(config)),
    ];
    for (const finding of findings)
      stdout.write(
        flags.on('json')
          ? `${JSON.stringify(finding)}\n`
          : `${finding.state.padEnd(5)}  ${finding.check}: ${plainText(finding.says)}\n`,
      );
    return findings.some(({ state }) => state === 'wrong') ? 1 : 0;
  },
};

async function folder(config: string): Promise<Finding> {
  const check = 'Folder';
  return tried(check, async () => {
    makePrivateFolder(config);
    accessSync(config, constants.R_OK | constants.W_OK);
    const { bavail, bsize } = statfsSync(config);
    if (bavail * bsize < ENOUGH_BYTES)
      return { check, state: 'wrong', says: `${config} has less than 256 MiB of room.` };
    return { check, state: 'fine', says: `${config} is yours alone and can be written.` };
  });
}

async function secrets(): Promise<Finding> {
  return (await keychain()) === null
    ? {
        check: 'Keychain',
        state: 'note',
        says: 'There is none that lasts; keys are kept in files that only you may read.',
      }
    : { check: 'Keychain', state: 'fine', says: 'Keys are kept in it.' };
}

/** Without it nothing leaves this computer, which may be just what is wanted. */
async function daemon(config: string): Promise<Finding> {
  const check = 'Daemon';
  const state = await runningDaemon(config);
  if (state === undefined)
    return { check, state: 'note', says: 'skerry agent is not running; your devices do not reach this computer.' };
  const ill = state.servers.filter((one) => /^(?:refused|revoked|unlisted)/.test(one.state));
  return ill.length === 0
    ? { check, state: 'fine', says: `skerry agent is running as process ${state.pid}.` }
    : { check, state: 'wrong', says: ill.map((one) => `${one.origin} is ${one.state}`).join('; ') };
}

/** What skerry mcp is started by must find the program. */
function programs(environment: Terminal['environment']): Finding {
  const names = process.platform === 'win32' ? ['skerry.cmd', 'skerry.exe'] : ['skerry'];
  const folders = (environment['PATH'] ?? '').split(path.delimiter);
  const found = folders.flatMap((one) => names.map((name) => path.join(one, name))).find(isProgram);
  return found === undefined
    ? {
        check: 'Program',
        state: 'note',
        says: 'skerry is not on the PATH; agents must be given its whole path to start skerry mcp.',
      }
    : { check: 'Program', state: 'fine', says: found };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function servers(config: string): Promise<Finding[]> {
  const pairings = new Pairings(config);
  const known = pairings.list();
  if (known.length === 0)
    return [{ check: 'Servers', state: 'note', says: 'Not paired with any. See: skerry pair --help' }];
  return Promise.all(known.map((pairing) => tried(pairing.origin, () => server(pairing, pairings))));
}

async function server(pairing: Pairing, pairings: Pairings): Promise<Finding> {
  const { origin: check, username, device } = pairing;
  await pairings.secretsOf(pairing);
  const calls = new ServerCalls(readServer(pairing.origin));
  await calls.prove({ serverId: pairing.serverId, key: pairing.serverKey });
  return { check, state: 'fine', says: `It is the server of the pairing; this is machine ${device} of ${username}.` };
}

async function tried(check: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return { check, state: 'wrong', says: error instanceof Error ? error.message : String(error) };
  }
}
