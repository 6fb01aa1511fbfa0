import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { StartError } from '@skerry/server';

const PROGRAM = fileURLToPath(new URL('../main.js', import.meta.url));

export type ChildOptions = {
  readonly name: string;
  readonly port: number;
  readonly data: string;
  /** The child's log. */
  readonly logFile: string;
  /** Shared with the child for one-time sign-ins. */
  readonly exchangeKey: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export type ChildState = 'stopped' | 'starting' | 'running' | 'stopping';

/** A server as a process of its own, so that stopping one is what it will be in real life. */
export class ChildServer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  #state: ChildState = 'stopped';
  #serverId = '';
  #key = '';
  #words: readonly string[] = [];
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  readonly #options: ChildOptions;
  readonly #changed: () => void;

  /** @param changed called after the state changed, also when the process died by itself */
  constructor(options: ChildOptions, changed: () => void) {
    this.name = options.name;
    this.port = options.port;
    this.#options = options;
    this.#changed = changed;
  }

  get state(): ChildState {
    return this.#state;
  }
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  /** Known once it has run. */
  get serverId(): string {
    return this.#serverId;
  }
  /** Its public key, as the client compares it. */
  get key(): string {
    return this.#key;
  }
  get words(): readonly string[] {
    return this.#words;
  }

  /** Resolves when it listens. @throws StartError with what the server said */
  async start(): Promise<void> {
    if (this.#state !== 'stopped') return;
    this.#become('starting');
    const { port, data, logFile, exchangeKey, environment } = this.#options;
    const own = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('SKERRY_')));
    const child = spawn(
      process.execPath,
      [PROGRAM, 'serve', '--port', String(port), '--data', data, '--log-level', 'warn', '--json'],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...own, SKERRY_EXCHANGE_KEY: exchangeKey, SKERRY_STOP_WITH_STDIN: '1' },
      },
    );
    this.#child = child;
    let complaint = '';
    child.stderr.on('data', (part: Buffer) => (complaint = (complaint + part.toString()).slice(-4_000)));
    child.stderr.pipe(createWriteStream(logFile, { flags: 'a', mode: 0o600 }));
    // Its other end closes when this program is gone, however it went; the server then stops.
    child.stdin.on('error', () => undefined);
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => {
        this.#child = undefined;
        this.#become('stopped');
        resolve();
      });
    });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = JSON.parse(line) as { event: string; serverId?: string; key?: string; words?: string[] };
        if (said.event !== 'listening') return;
        this.#serverId = said.serverId ?? '';
        this.#key = said.key ?? '';
        this.#words = said.words ?? [];
        this.#become('running');
        resolve();
      });
      void this.#exited.then(() => reject(new StartError(`${this.name} did not start: ${complaint.trim()}`)));
    });
  }

  async stop(): Promise<void> {
    if (this.#child === undefined) return;
    this.#become('stopping');
    this.#child.kill('SIGTERM');
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #become(state: ChildState): void {
    this.#state = state;
    this.#changed();
  }
}
