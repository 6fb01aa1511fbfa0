import path from 'node:path';
import { ConfigError, describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { named } from '../agent/cutter.ts';
import { runningDaemon } from '../agent/daemon-state.ts';
import { markRun, readMark } from '../agent/relay-mark.ts';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { type Pairing, Pairings } from '../machine/pairings.ts';
import { type Driver, jsonDriver, personDriver, promptDriver } from '../runs/drive-run.ts';
import { RunRenderer } from '../runs/render-run.ts';
import { Run } from '../runs/run.ts';
import { takeAnswers } from '../runs/run-mailbox.ts';
import type { Terminal, Verb } from '../verb.ts';

const FLAGS = {
  folder: { value: 'folder', help: 'What the agent may read and change (the current folder)', fallback: null },
  prompt: { value: 'text', help: 'Say this first', fallback: null },
  mode: { value: 'name', help: 'Switch the agent to this mode first', fallback: null },
  resume: { value: 'run', help: 'Go on with a run of before', fallback: null },
  server: { value: 'address', help: 'Show it on your devices too, over this server', fallback: null },
  json: { value: null, help: 'Lines of JSON both ways: the log on stdout, what you say on stdin', fallback: null },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

export const run: Verb = {
  help: `skerry run [flags] -- <agent command>

${describeFlags(FLAGS)}

The agent reads files inside the folder. It changes a file or runs a command only after you allowed exactly that. Every
entry of the log is on the disk before it is shown; skerry run --resume <run> goes on after a stop of any kind.

Without a terminal all of stdin, or --prompt, is said to the agent, and whatever it asks is refused. With --json a line on
stdin is one of {"prompt":text}, {"answer":{"ask":id,"choice":id}}, {"mode":id} and {"cancel":true}.

Exit codes: 0 the run was closed, 1 the agent could not be started, ended by itself or failed, 2 wrong command line.`,
  async run(argv, terminal) {
    const end = argv.indexOf('--');
    const agent = end < 0 ? [] : argv.slice(end + 1);
    const flags = readFlags(FLAGS, end < 0 ? argv : argv.slice(0, end), terminal.environment);
    const resume = flags.optional('resume');
    if (agent.length === 0 && resume === null)
      throw new ConfigError('The agent is missing: skerry run [flags] -- <agent command>');
    const config = makePrivateFolder(path.resolve(flags.optional('config') ?? ownConfigFolder(terminal.environment)));
    const asked = { json: flags.on('json'), prompt: flags.optional('prompt') };
    const driver = driverFor(terminal, asked);
    const folder = flags.optional('folder');
    const server = flags.optional('server');
    const pairing = server === null ? undefined : new Pairings(config).at(server);
    await using running = await Run.start({
      runs: path.join(config, 'runs'),
      resume,
      agent: agent.length === 0 ? null : agent,
      folder: folder === null && resume !== null ? null : path.resolve(folder ?? '.'),
      now: Date.now,
      show: driver.show,
    });
    terminal.stderr.write(`Run ${running.id}, kept in ${running.folder}\n`);
    const stopped = new AbortController();
    const relayed = await relay(running, { config, pairing, agent: agent[0] ?? 'agent', signal: stopped.signal });
    if (relayed !== null) terminal.stderr.write(`${relayed}\n`);
    const mode = flags.optional('mode');
    if (mode !== null && !(await running.setMode(mode))) {
      const known = running.modes?.availableModes.map(({ id }) => id).join(', ') ?? 'none';
      return flags.refuse('mode', mode, `a mode of this agent: ${known}`);
    }
    try {
      // Awaited here: what is returned unawaited would outlive the run.
      return await drive(running, driver, asked.prompt);
    } finally {
      stopped.abort();
    }
  },
};

/** Leaves a run to the daemon, which follows its log. @returns a sentence about that, null when nobody wanted it */
async function relay(
  run: Run,
  {
    config,
    pairing,
    agent,
    signal,
  }: { config: string; pairing: Pairing | undefined; agent: string; signal: AbortSignal },
): Promise<string | null> {
  // A run that goes on is relayed as before.
  const mark =
    pairing === undefined
      ? readMark(run.folder)
      : markRun(run.folder, { serverId: pairing.serverId, agent: named(path.basename(agent)) });
  if (mark === undefined) return null;
  takeAnswers(run, signal);
  return (await runningDaemon(config)) === undefined
    ? 'It is not relayed, because skerry agent is not running. Once that runs, all of it will be.'
    : 'It is relayed by skerry agent: your devices see it, and can answer what it asks.';
}

function driverFor(terminal: Terminal, { json, prompt }: { json: boolean; prompt: string | null }): Driver {
  if (json) return jsonDriver(terminal);
  const renderer = new RunRenderer();
  const show: Driver['show'] = ({ entry }) => void terminal.stdout.write(renderer.render(entry));
  return terminal.stdin.isTTY === true
    ? personDriver(show, terminal)
    : promptDriver(show, { stdin: terminal.stdin, prompt });
}

async function drive(running: Run, driver: Driver, prompt: string | null): Promise<number> {
  const closed = new AbortController();
  const close = () => closed.abort();
  // Ctrl-C stops what the agent does; when it does nothing, the run.
  const interrupt = () => (running.isBusy ? void running.cancel() : close());
  process.on('SIGINT', interrupt).on('SIGTERM', close).on('SIGHUP', close);
  try {
    let failed = false;
    if (prompt !== null) void running.prompt(prompt).then((stop) => (failed = stop === 'failed'));
    const stopped = new Promise<'closed'>((resolve) =>
      closed.signal.addEventListener('abort', () => resolve('closed')),
    );
    const over = await Promise.race([
      stopped,
      driver.drive(running).then(() => 'closed' as const),
      running.ended.then(() => 'agent_ended' as const),
    ]);
    return over === 'agent_ended' || failed ? 1 : 0;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', close).off('SIGHUP', close);
    // What is read from no longer keeps the program.
    process.stdin.destroy();
  }
}
