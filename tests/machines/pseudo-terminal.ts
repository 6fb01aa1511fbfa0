import { type ChildProcess, spawn } from 'node:child_process';
import { SKERRY } from './json-run.ts';

/** `skerry` in a terminal of its own, by util-linux `script`. */
export class PseudoTerminal implements AsyncDisposable {
  readonly ended: Promise<number | null>;
  out = '';
  readonly #child: ChildProcess;

  constructor(argv: readonly string[], environment: Record<string, string> = {}) {
    // The shell of `script` gives way to it: one that stayed would answer Ctrl-C with its own exit code.
    const command = ['exec', ...[process.execPath, SKERRY, ...argv].map((word) => `'${word}'`)].join(' ');
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#child.stdout?.on('data', (part: Buffer) => (this.out += part.toString()));
    this.ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** @throws Error with all it said when it ends before */
  async says(text: string): Promise<void> {
    while (!this.out.includes(text)) {
      const isOver = await Promise.race([
        this.ended.then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 10)),
      ]);
      if (isOver && !this.out.includes(text)) throw new Error(`it ended without saying "${text}": ${this.out}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
