import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { EntryId, FleetMachines, MachineView } from '@skerry/core';
import { parseLink } from '@skerry/protocol';
import { until } from '../harness/watch.ts';
import { AGENT, SKERRY } from './json-run.ts';
import { stageOf } from './person-side.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';

/** Pairs a config folder with a server by `skerry pair` in a terminal; the codes on both screens are compared. */
export async function pairComputer(
  machines: FleetMachines,
  { entry, origin, config, label }: { entry: EntryId; origin: string; config: string; label: string },
): Promise<number> {
  await using terminal = new PseudoTerminal([
    'pair',
    ...['--server', origin, '--config', config, '--secrets', 'file', '--label', label],
  ]);
  await terminal.says('Ctrl-C takes it back.');
  const read = parseLink(/http\S+\/l\/terminal#\S+/.exec(terminal.out)?.[0] ?? '');
  if (!read.ok) throw new Error(`there is no code: ${terminal.out}`);
  await using pairing = machines.pair(read.link, entry);
  const { words, digits } = await stageOf(pairing, 'comparing');
  await terminal.says(`${words.join(' ')} ${digits}`);
  terminal.type('yes\n');
  await pairing.approve();
  const { machine } = await stageOf(pairing, 'approved');
  const code = await terminal.ended;
  if (code !== 0) throw new Error(`it was not paired: ${terminal.out}`);
  return machine;
}

/** `skerry agent` as a process, with the plain agent under the name "plain". */
export class AgentProgram implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly events: { readonly event: string; readonly [field: string]: unknown }[] = [];
  err = '';
  #rest = '';

  constructor({ config, root, flags = [] }: { config: string; root: string; flags?: readonly string[] }) {
    const plain = `plain=${process.execPath} ${AGENT}`;
    const own = ['agent', '--json', '--config', config, '--root', root, '--agent', plain, ...flags];
    this.child = spawn(process.execPath, [SKERRY, ...own], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PLAIN_AGENT_STATE: `${config}-agent` },
    });
    this.child.stdout?.on('data', (part: Buffer) => this.#hear(part.toString()));
    this.child.stderr?.on('data', (part: Buffer) => (this.err += part.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.events.push(JSON.parse(line) as { event: string });
  }
}

/** The machine of an entry once it is connected and what it says can be read. */
export async function online(machines: FleetMachines, entry: EntryId, device: number): Promise<MachineView> {
  const fits = (one: MachineView) =>
    one.entryId === entry && one.device === device && one.online === true && one.info !== null;
  const { machines: all } = await until(machines.view, (view) => view.machines.some(fits), 20_000);
  const found = all.find(fits);
  if (found === undefined) throw new Error('it went again');
  return found;
}

export function pidOf(config: string): number {
  const { pid } = JSON.parse(readFileSync(path.join(config, 'agent', 'state.json'), 'utf8')) as { pid: number };
  return pid;
}
