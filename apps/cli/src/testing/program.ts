import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** The built program as a process, without a terminal. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = '';
  err = '';

  constructor(argv: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [PROGRAM, ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...environment },
    });
    this.child.stdout?.on('data', (part: Buffer) => (this.out += part.toString()));
    this.child.stderr?.on('data', (part: Buffer) => (this.err += part.toString()));
    this.ended = new Promise((resolve) =>
      this.child.once('close', (code) => resolve({ code, out: this.out, err: this.err })),
    );
  }

  /** Runs it to its end. */
  static run(...argv: string[]): Promise<Ended> {
    return new Program(argv).ended;
  }

  /** Waits until it has said something that fits. @throws Error with what it said when it ends before */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.out);
      if (found) return found;
      const isOver = await Promise.race([
        this.ended.then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 20)),
      ]);
      if (isOver && !pattern.test(this.out))
        throw new Error(`it ended without saying ${pattern}: ${this.out}${this.err}`);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}
