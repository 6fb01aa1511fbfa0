import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program of the benchmark in a process of its own, which answers each order with one message. */
export class Child<Order, Answer> implements AsyncDisposable {
  readonly #process: ChildProcess;

  /** @param program its built file */
  constructor(program: URL, args: readonly string[], execArgv: readonly string[] = []) {
    this.#process = fork(fileURLToPath(program), [...args], { execArgv: [...execArgv], serialization: 'advanced' });
  }

  get pid(): number {
    return this.#process.pid ?? Number.NaN;
  }

  /** The next message of the child. @throws Error when it ends instead */
  next(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`a measured process ended with ${String(code)}`));
      this.#process.once('exit', onExit);
      this.#process.once('message', (answer) => {
        this.#process.off('exit', onExit);
        resolve(answer as Answer);
      });
    });
  }

  ask(order: Order): Promise<Answer> {
    const answer = this.next();
    this.#process.send(order as never);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    const hard = setTimeout(() => this.#process.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(hard);
  }
}

/** Tells the parent something. */
export function tell(message: unknown): void {
  process.send?.(message);
}
