import { homedir } from 'node:os';
import path from 'node:path';
import { ConfigError, describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { keepAgents, knownAgents } from '../agent/agent-list.ts';
import { Daemon, type DaemonEvent } from '../agent/daemon.ts';
import { openLink } from '../agent/open-link.ts';
import { serviceUnit, writeUnit } from '../agent/service-unit.ts';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { Pairings } from '../machine/pairings.ts';
import { finishPairings } from '../pairing/pending-pairing.ts';
import { plainText } from '../runs/plain-text.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal, Verb } from '../verb.ts';

const FLAGS = {
  root: { value: 'folder', help: 'Runs can be started from afar in this folder and below (your home)', fallback: null },
  agent: {
    value: 'name=command',
    help: 'An agent that can be started from afar; kept, and may be given several times',
    fallback: null,
  },
  patience: { value: 'seconds', help: 'How long a permission waits for you before it is refused', fallback: '86400' },
  unit: { value: 'how', help: 'print or write the unit that keeps this running, and do nothing else', fallback: null },
  json: { value: null, help: 'Lines of JSON on stdout', fallback: null },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

export const agent: Verb = {
  help: `skerry agent [flags]

${describeFlags(FLAGS)}

Keeps this computer connected to every server it is paired with, until Ctrl-C. Your devices can start agents here, speak to them
and answer what they ask; what agents ask by skerry mcp goes out too. All of it is encrypted for your devices alone. Agents are
those of --agent, and known ones that are installed. Each server's part is apart from the others.

Exit codes: 0 stopped, 1 not possible, 2 wrong command line.`,
  async run(argv, terminal) {
    const { rest, agents: given } = takeAgents(argv);
    const flags = readFlags(FLAGS, rest, terminal.environment);
    const config = path.resolve(flags.optional('config') ?? ownConfigFolder(terminal.environment));
    const root = path.resolve(flags.optional('root') ?? terminal.environment['HOME'] ?? homedir());
    const patience = flags.number('patience', 5, 30 * 24 * 3_600 - 60);
    const unit = flags.matching('unit', (how) => how === 'print' || how === 'write', 'print or write');
    makePrivateFolder(config);
    keepAgents(config, given);
    if (unit !== null) return showUnit(unit, { config, root, patience, terminal });
    const say = speaker(terminal, flags.on('json'));
    const agents = knownAgents(config, terminal.environment);
    for (const says of await finishPairings(config)) say({ event: 'note', says });
    const stopped = stopSignal();
    await using daemon = await Daemon.start({
      config,
      root,
      agents,
      patienceMs: patience * 1_000,
      now: Date.now,
      say,
      openLink: (pairing, folder) => openLink(pairing, folder, new Pairings(config)),
    });
    say({ event: 'ready', root, agents: agents.map(({ name }) => name), servers: daemon.count });
    await stopped;
    say({ event: 'stopping' });
    return 0;
  },
};

type Event =
  | DaemonEvent
  | { readonly event: 'note'; readonly says: string }
  | { readonly event: 'ready'; readonly root: string; readonly agents: readonly string[]; readonly servers: number }
  | { readonly event: 'stopping' };

function speaker({ stdout }: Pick<Terminal, 'stdout'>, json: boolean): (event: Event) => void {
  if (json) return (event) => void stdout.write(`${JSON.stringify(event)}\n`);
  return (event) => void stdout.write(`${plainText(sentence(event))}\n`);
}

function sentence(event: Event): string {
  switch (event.event) {
    case 'server':
      return `${event.origin} (${event.username}): ${event.state}`;
    case 'gone':
      return `${event.origin} (${event.username}): logged out here`;
    case 'trouble':
      return `${event.origin}: ${event.says}`;
    case 'note':
      return event.says;
    case 'ready':
      return [
        event.agents.length === 0
          ? 'No agent can be started from afar yet. See --agent in: skerry agent --help'
          : `Agents: ${event.agents.join(', ')}. They can be started in ${event.root} and below.`,
        ...(event.servers === 0 ? ['Not paired with a server yet. In another terminal: skerry pair --help'] : []),
        'Ctrl-C stops.',
      ].join('\n');
    case 'stopping':
      return 'Stopping.';
    default:
      return event satisfies never;
  }
}

/** `--agent` may be given several times, which no other flag may. @throws ConfigError */
function takeAgents(argv: readonly string[]): { readonly rest: readonly string[]; readonly agents: readonly string[] } {
  const rest: string[] = [];
  const agents: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word.startsWith('--agent=')) agents.push(word.slice('--agent='.length));
    else if (word !== '--agent') rest.push(word);
    else {
      const value = argv[++at];
      if (value === undefined || value.startsWith('--')) throw new ConfigError('--agent needs a value (name=command).');
      agents.push(value);
    }
  }
  return { rest, agents };
}

function showUnit(
  how: string,
  { config, root, patience, terminal }: { config: string; root: string; patience: number; terminal: Terminal },
): number {
  const program = process.argv[1] ?? '';
  const flags = ['--config', config, '--root', root, '--patience', String(patience)];
  const home = terminal.environment['HOME'] ?? homedir();
  const unit = serviceUnit([process.execPath, program, 'agent', ...flags], { platform: process.platform, home });
  if (how === 'print') terminal.stdout.write(unit.text);
  else {
    writeUnit(unit);
    terminal.stdout.write(`Written: ${unit.file}\nStart it with: ${unit.command}\n`);
  }
  return 0;
}
