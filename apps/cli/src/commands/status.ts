import path from 'node:path';
import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { type DaemonState, runningDaemon } from '../agent/daemon-state.ts';
import { AskBook } from '../asks/ask-book.ts';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { Pairings } from '../machine/pairings.ts';
import { plainText, quoted } from '../runs/plain-text.ts';
import { type KnownRun, listRuns } from '../runs/run-store.ts';
import type { Verb } from '../verb.ts';

const FLAGS = {
  runs: { value: 'number', help: 'How many runs to list, the newest', fallback: '10' },
  json: { value: null, help: 'All of it as one line of JSON', fallback: null },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

export const status: Verb = {
  help: `skerry status [flags]\n\n${describeFlags(FLAGS)}\n\nLooks at this computer alone; skerry doctor asks the servers too.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const most = flags.integer('runs', 0, 10_000);
    const config = makePrivateFolder(path.resolve(flags.optional('config') ?? ownConfigFolder(environment)));
    const known = await listRuns(path.join(config, 'runs'));
    const runs = most === 0 ? [] : known.slice(-most).map(summaryOf);
    const servers = new Pairings(config).list().map(({ origin, username, device, pairedAt }) => ({
      origin,
      username,
      device,
      pairedAt,
    }));
    const daemon = (await runningDaemon(config)) ?? null;
    const asks = (await new AskBook(path.join(config, 'asks'), Date.now).open()).length;
    if (flags.on('json')) {
      stdout.write(`${JSON.stringify({ config, servers, runs, asks, daemon })}\n`);
      return 0;
    }
    const lines = [
      `Everything is kept in ${config}`,
      ...servers.map(({ origin, username, device }) => `Machine ${device} of ${plainText(username)} on ${origin}`),
      ...describeDaemon(daemon),
      ...(servers.length === 0 ? ['Not paired with a server. See: skerry pair --help'] : []),
      ...runs.map(
        ({ id, state, at, folder, agent }) =>
          `${id}  ${state.padEnd(7)}  ${new Date(at).toISOString()}  ${quoted(agent)} in ${quoted(folder)}`,
      ),
      `${asks === 0 ? 'Nothing waits' : `${asks} ${asks === 1 ? 'question waits' : 'questions wait'}`} for you${asks === 0 ? '' : ': skerry answer'}`,
    ];
    stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};

function describeDaemon(daemon: DaemonState | null): readonly string[] {
  if (daemon === null) return ['skerry agent is not running: your devices do not reach this computer'];
  const { pid, running, servers } = daemon;
  return [
    `skerry agent is running (process ${pid}), with ${running} ${running === 1 ? 'agent' : 'agents'}`,
    ...servers.map(({ origin, state }) => `  ${origin}: ${state}`),
  ];
}

function summaryOf({ id, lines }: KnownRun) {
  const begun = lines.findLast(({ entry }) => entry.kind === 'begun')?.entry;
  const isBegun = begun?.kind === 'begun';
  const last = lines.at(-1);
  return {
    id,
    /** One that has not ended is going on, or was cut off. */
    state: last?.entry.kind === 'ended' ? 'ended' : 'open',
    at: last?.at ?? 0,
    entries: lines.length,
    folder: isBegun ? begun.folder : '',
    agent: isBegun ? begun.agent.join(' ') : '',
  };
}
