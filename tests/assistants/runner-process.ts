import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = createRequire(import.meta.url).resolve('@skerry/assistant-runner/dist/main.js');

type Said = { readonly event: string } & Readonly<Record<string, unknown>>;

/** The built runner as a process, which may die and come back with the same folder. */
export class RunnerProcess implements AsyncDisposable {
  readonly data: string;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #ended: Promise<number | null> = Promise.resolve(null);
  /** What its lives said on stdout. */
  said: Said[] = [];
  /** What they wrote to stderr. */
  log = '';

  private constructor(data: string, args: readonly string[]) {
    this.data = data;
    this.#args = args;
  }

  static async prepare(options: {
    origin: string;
    discordApi: string;
    args?: readonly string[];
  }): Promise<RunnerProcess> {
    const data = await mkdtemp(path.join(tmpdir(), 'skerry-runner-'));
    const { origin, discordApi, args = [] } = options;
    return new RunnerProcess(data, [
      '--server',
      origin,
      '--data',
      data,
      '--discord-api',
      discordApi,
      '--json',
      ...args,
    ]);
  }

  start(): void {
    const child = spawn(process.execPath, [PROGRAM, ...this.#args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '' },
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    child.stderr.on('data', (part: Buffer) => (this.log += part.toString()));
    createInterface({ input: child.stdout }).on('line', (line) => this.said.push(JSON.parse(line) as Said));
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** The first thing it said of a kind. @throws Error when it ends or ten seconds pass without it */
  async says(event: string): Promise<Said> {
    const until = Date.now() + 10_000;
    while (Date.now() < until) {
      const found = this.said.find((one) => one.event === event);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the runner did not say ${event}: ${JSON.stringify(this.said)} ${this.log}`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child?.kill(signal);
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.data, { recursive: true, force: true });
  }
}
