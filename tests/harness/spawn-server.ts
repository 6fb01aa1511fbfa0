import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const PROGRAM = require.resolve('skerry-cli/dist/main.js');
const START_MS = 30_000;

export type SpawnOptions = {
  name?: string;
  /** Kept when given, else a temporary folder that goes with the server. */
  data?: string;
  env?: Record<string, string>;
  /** Added to the command line. */
  args?: readonly string[];
  /** `warn` unless given. */
  logLevel?: 'debug' | 'info' | 'warn';
  /** Put before the program: a tracer, for instance. */
  wrapper?: readonly string[];
};

/** The real server as a process of its own, which may die and come back on the same port with the same data. */
export class SpawnedServer implements AsyncDisposable {
  readonly data: string;
  #port = 0;
  #setupCode: string | null = null;
  #words: readonly string[] = [];
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  /** What the processes wrote to stderr, all of it. */
  log = '';
  readonly #options: SpawnOptions;
  readonly #ownsData: boolean;

  private constructor(data: string, options: SpawnOptions) {
    this.data = data;
    this.#options = options;
    this.#ownsData = options.data === undefined;
  }

  static async start(options: SpawnOptions = {}): Promise<SpawnedServer> {
    const server = new SpawnedServer(options.data ?? (await mkdtemp(path.join(tmpdir(), 'skerry-test-'))), options);
    try {
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get words(): readonly string[] {
    return this.#words;
  }

  /** Of a new server; null once it had an owner. */
  get setupCode(): string | null {
    return this.#setupCode;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when the process that runs now is gone. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /**
   * Starts on the port it had.
   * @param env added for this life only, such as a kill point
   * @throws Error with what the process wrote when it ends instead of listening
   */
  async start(env: Record<string, string> = {}): Promise<void> {
    const { wrapper = [], args = [], name = 'Test server', logLevel = 'warn' } = this.#options;
    const command = [
      ...wrapper,
      process.execPath,
      PROGRAM,
      'serve',
      ...['--port', String(this.#port), '--data', this.data, '--name', name, '--registration', 'open'],
      ...['--rate-scale', '100000', '--log-level', logLevel, '--json'],
      ...args,
    ];
    const child = spawn(command[0] ?? '', command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: this.data, SKERRY_TESTING: '1', ...this.#options.env, ...env },
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => {
        this.#child = undefined;
        resolve();
      });
    });
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString('utf8')));
    await this.#listening(child);
  }

  /** Asks it to stop, and waits. */
  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    if (this.#ownsData) await rm(this.data, { recursive: true, force: true });
  }

  async #listening(child: ChildProcess): Promise<void> {
    const { stdout } = child;
    if (stdout === null) throw new Error('no stdout');
    const lines = createInterface({ input: stdout });
    const timeout = setTimeout(() => child.kill('SIGKILL'), START_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        lines.on('line', (line) => {
          const said = readLine(line);
          if (typeof said['setupCode'] === 'string') this.#setupCode = said['setupCode'];
          if (said['event'] !== 'listening') return;
          this.#port = Number(new URL(String(said['url'])).port);
          if (Array.isArray(said['words'])) this.#words = said['words'] as string[];
          resolve();
        });
        child.once('exit', (code, signal) => reject(new Error(`the server ended with ${signal ?? code}: ${this.log}`)));
      });
    } finally {
      clearTimeout(timeout);
    }
  }
}

function readLine(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
