import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import type { TerminalExitStatus, TerminalOutputResponse } from '@agentclientprotocol/sdk';
import { endGroup, startGroup } from './process-group.ts';
import type { Command, RunEntry } from './run-entry.ts';

/** Characters of output that a run's log keeps of one command, and that its agent gets at most. */
const MOST_KEPT = 1024 * 1024;

type Running = {
  readonly child: ChildProcess;
  readonly limit: number;
  readonly exited: Promise<TerminalExitStatus>;
  output: string;
  logged: number;
  truncated: boolean;
  status: TerminalExitStatus | undefined;
};

/** The commands that an agent of one run has started. */
export class RunCommands implements AsyncDisposable {
  readonly #running = new Map<string, Running>();
  readonly #tell: (entry: RunEntry) => void;

  constructor(tell: (entry: RunEntry) => void) {
    this.#tell = tell;
  }

  /**
   * Starts a command exactly as it was approved: no shell reads it again.
   * @param limit characters of output to hold for the agent; the oldest are dropped
   * @throws StartError when there is no such program
   */
  async start({ command, args, env, cwd }: Command, limit: number | null | undefined): Promise<string> {
    const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const child = await startGroup([command, ...args], {
      cwd,
      env: { ...process.env, ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const id = randomUUID();
    this.#tell({ kind: 'command', terminal: id, command, args, env, cwd });
    const running: Running = {
      child,
      limit: Math.min(limit ?? MOST_KEPT, MOST_KEPT),
      exited: new Promise((resolve) =>
        child.once('close', (exitCode, signal) => {
          const status = { exitCode, signal };
          running.status = status;
          this.#tell({ kind: 'exited', terminal: id, code: exitCode, signal });
          resolve(status);
        }),
      ),
      output: '',
      logged: 0,
      truncated: false,
      status: undefined,
    };
    this.#running.set(id, running);
    for (const stream of [child.stdout, child.stderr]) {
      const decoder = new StringDecoder('utf8');
      stream?.on('data', (part: Buffer) => this.#hear(id, decoder.write(part)));
      stream?.on('end', () => this.#hear(id, decoder.end()));
    }
    return id;
  }

  /** @returns undefined for a command that never was, or was let go */
  output(id: string): TerminalOutputResponse | undefined {
    const running = this.#running.get(id);
    if (running === undefined) return undefined;
    const { output, truncated, status } = running;
    return { output, truncated, ...(status === undefined ? {} : { exitStatus: status }) };
  }

  waitForExit(id: string): Promise<TerminalExitStatus> | undefined {
    return this.#running.get(id)?.exited;
  }

  /** Ends the command; what it said can still be asked for. @returns whether there is such a command */
  async kill(id: string): Promise<boolean> {
    const running = this.#running.get(id);
    if (running === undefined) return false;
    if (running.status === undefined) await endGroup(running.child);
    await running.exited;
    return true;
  }

  async release(id: string): Promise<boolean> {
    const isThere = await this.kill(id);
    this.#running.delete(id);
    return isThere;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ids = [...this.#running.keys()];
    await Promise.all(ids.map((id) => this.release(id)));
  }

  #hear(id: string, text: string): void {
    const running = this.#running.get(id);
    if (running === undefined || text === '') return;
    const kept = text.slice(0, Math.max(0, MOST_KEPT - running.logged));
    running.logged += text.length;
    if (kept !== '') this.#tell({ kind: 'output', terminal: id, text: kept });
    const whole = running.output + text;
    if (whole.length > running.limit) running.truncated = true;
    // Never half of a character at the start.
    running.output = (running.limit === 0 ? '' : whole.slice(-running.limit)).replace(/^[\udc00-\udfff]/, '');
  }
}
