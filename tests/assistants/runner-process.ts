import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { argumentsOf, type Places, type RunnerUnderTest, type Said, saysOf } from './runner-under-test.ts';

const PROGRAM = createRequire(import.meta.url).resolve('@skerry/assistant-runner/dist/main.js');

/** Starting is most of the work that a runner makes for the machine, so however many are wanted, one starts at a time. */
const AT_ONCE = 1;
let starting = 0;
const waiting: (() => void)[] = [];

/** The built runner as a process, which may die and come back with the same folder. */
export class RunnerProcess implements RunnerUnderTest {
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

  static async prepare(options: Places): Promise<RunnerProcess> {
    const data = await mkdtemp(path.join(tmpdir(), 'skerry-runner-'));
    return new RunnerProcess(data, argumentsOf({ ...options, data }));
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

  /** Starts it for the first time, when it is its turn. @returns the keys it made */
  async begin(): Promise<{ publicKey: string; boxKey: string }> {
    while (starting >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    starting += 1;
    try {
      this.start();
      const { publicKey, boxKey } = await this.says('keys');
      return { publicKey: String(publicKey), boxKey: String(boxKey) };
    } finally {
      starting -= 1;
      waiting.shift()?.();
    }
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  says(event: string): Promise<Said> {
    return saysOf(this, event);
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
